/**
 * The stable codes of the agent and their pages: of its start, its log, the mesh file, the control link and the uplink.
 * A code is never renamed or reused; the cloud serves each at `/docs/errors/<code>`.
 */
import type { CodePage } from '../../proxy/wire/codes.ts';
import type { AgentRefused } from './down.ts';

/** Start, command line and state. */
const START_CODES = {
  option_unknown: { title: 'There is no such option', blame: 'operator', happened: 'The command line has something that the program doesn’t know. It has not started.', remedy: 'See --help for what there is.' },
  option_missing: { title: 'An option is missing', blame: 'operator', happened: 'Something that the program needs was not given, neither as an option nor in the environment. It has not started.', remedy: 'Give the option that the message names. All faults are listed at once.' },
  option_invalid: { title: 'The value of an option is not valid', blame: 'operator', happened: 'An option’s value can’t be read or is out of its range. The program has not started.', remedy: 'Correct it as the message says.' },
  command_unknown: { title: 'There is no such command', blame: 'operator', happened: 'The agent has other commands. Nothing was started.', remedy: 'See --help.' },
  agent_failed: { title: 'The agent failed', blame: 'sidelight', happened: 'The agent met something that it doesn’t know as a fault of its surroundings, and ended.', remedy: 'The message has the cause. If it doesn’t help, report it with the version.' },
  state_in_use: { title: 'Another agent uses the state folder', blame: 'operator', happened: 'A state folder belongs to one agent at a time. The second one has not started.', remedy: 'Stop the other agent, or give this one a folder of its own.' },
  state_unwritable: { title: 'The state folder can’t be written', blame: 'machine', happened: 'The folder that keeps authority, tokens, spool and lists can’t be made or written. A start ends here; a running agent goes on and says what it can’t keep.', remedy: 'Make the folder writable for the agent and give it some space, or choose another --state.' },
  spool_unusable: { title: 'The spool can’t be used', blame: 'machine', happened: 'The spool’s folder can’t be read or written at the start. The agent has not started, since it could not keep a promise to any proxy.', remedy: 'Make the folder writable for the agent, with some free space.' },
  spool_write_failed: { title: 'A frame could not be written to the spool', blame: 'machine', happened: 'The disk refused a write, most often because it is full. Windows are not acknowledged: proxies keep them for 15 minutes and nothing is lost meanwhile. The write is tried again all the time.', remedy: 'Free some space on the disk of the state folder; the agent goes on by itself.' },
  kubernetes_unreachable: { title: 'The Kubernetes API can’t be reached', blame: 'machine', happened: 'The API server did not answer. Proxies keep their last orders and go on; what changes meanwhile reaches them later.', remedy: 'See whether the API server is up and a NetworkPolicy lets our namespace reach it. It is tried again all the time.' },
  trust_bundle_unwritten: { title: 'A namespace can’t be given the trust bundle', blame: 'operator', happened: 'The ConfigMap with the trust anchors could not be written. New meshed pods of the namespace don’t start without it; running ones are told of anchors by their link.', remedy: 'The message has the reason: most often the ClusterRole is not as installed, or the namespace is being deleted.' },
  kubernetes_watch_failed: { title: 'The cluster’s objects can’t be followed', blame: 'machine', happened: 'A list or a watch of the Kubernetes API failed and is tried again. Proxies keep their last orders meanwhile.', remedy: 'The message has the reason: with status 403 the ClusterRole is not as installed, else see whether the API server is up.' },
  kubernetes_watch_missed: { title: 'A watch has missed changes', blame: 'sidelight', happened: 'A comparison with a list of all objects found some that the watch had not told of. They are in force now.', remedy: 'Nothing now. If it comes again, report it with the API server’s version.' },
  admin_listen_failed: { title: 'The agent’s admin address can’t be listened on', blame: 'operator', happened: 'The address is taken or not one of this machine. The agent has not started.', remedy: 'Stop the other process, or choose another --admin address.' },
  control_listen_failed: { title: 'The control address can’t be listened on', blame: 'operator', happened: 'The address of control.listen is taken or not one of this machine. The agent has not started.', remedy: 'Stop the other process, or change control.listen in the mesh file.' },
  ca_unreadable: { title: 'The certificate authority can’t be read', blame: 'machine', happened: 'Key or certificate in the state folder are missing or unreadable. A broken authority is never replaced by itself, because every proxy trusts the old one.', remedy: 'Restore the folder from a backup, or give the agent the right to read it.' },
  ca_mismatch: { title: 'Key and certificate of the authority don’t belong together', blame: 'machine', happened: 'The agent would issue certificates that nobody trusts; it has not started.', remedy: 'Restore the folder from a backup, or remove it to begin a new authority and give its trust-bundle.pem to every proxy.' },
  ca_expired: { title: 'The certificate authority has expired', blame: 'operator', happened: 'No certificate that it issues would be valid.', remedy: 'Restore a newer one, or remove the folder to begin a new authority and give its trust-bundle.pem to every proxy.' },
  ca_other_trust_domain: { title: 'The authority is of another trust domain', blame: 'operator', happened: 'The mesh file names another trust domain than the state folder’s authority has.', remedy: 'Correct trustDomain, or give this mesh a state folder of its own.' },
  agent_not_running: { title: 'No agent runs with that state folder', blame: 'operator', happened: 'The command speaks to a running agent through its state folder, and none holds it.', remedy: 'Start the agent, or name the folder that it was started with.' },
  agent_not_answering: { title: 'The agent did not take the request up', blame: 'sidelight', happened: 'The agent runs, but the request was not taken within the limit.', remedy: 'Look into the agent’s log.' },
  rotation_under_way: { title: 'A rotation of the trust anchor is under way', blame: 'nobody', happened: 'Only one rotation runs at a time; the other request was left out.', remedy: 'Wait for its end. The agent’s log and metrics name the proxies that it waits for.' },
  anchor_rotation_failed: { title: 'The rotation of the trust anchor can’t go on', blame: 'machine', happened: 'A step could not be written. The phase before stays in force, every proxy goes on serving, and the step is tried again.', remedy: 'Let the agent write to its state folder.' },
  clock_stepped: { title: 'The mesh’s clock was set back', blame: 'machine', happened: 'The agent’s machine is ahead of the cloud by more than a window. Windows are named by the cloud’s clock from now on; those of the time between come a second time, each counted once.', remedy: 'Let the machine keep its time by NTP.' },
  clock_moved: { title: 'The mesh’s clock was corrected', blame: 'nobody', happened: 'The agent’s machine differs from the cloud a little, or is behind it. Windows are named by the cloud’s clock.', remedy: 'Nothing for milliseconds; for more, let the machine keep its time by NTP.' },
} as const satisfies Record<string, CodePage>;

/** `agent init`. */
const INIT_CODES = {
  init_tables_missing: { title: 'There are no iptables', blame: 'operator', happened: 'The programs that write the kernel’s tables are not on this machine or in this image, so connections can’t be redirected. A workload that would start all the same would speak plain text past its proxy.', remedy: 'Install iptables, with ip6tables where there is IPv6.' },
  init_not_permitted: { title: 'Connections may not be redirected', blame: 'operator', happened: 'The kernel’s tables may only be written by root with the capability NET_ADMIN.', remedy: 'Give the init container NET_ADMIN and let it run as root, or redirect by the CNI plugin, which needs no right in the pod.' },
  init_tables_failed: { title: 'The rules could not be written', blame: 'machine', happened: 'The kernel refused the rules, most often because it lacks a module. Nothing was changed: rules are put in force all at once.', remedy: 'The message has what the program said. Try the other --mode; the kernel needs nat, owner, multiport, comment and REDIRECT.' },
  init_other_mesh: { title: 'Another mesh redirects here already', blame: 'operator', happened: 'Rules of another mesh are in this network namespace. Both together would send each connection through two proxies.', remedy: 'Inject one mesh only into a workload.' },
  init_port_in_use: { title: 'The check needs the proxy’s port', blame: 'operator', happened: 'The validation listens where the proxy will, and somebody does already.', remedy: 'Run it before the proxy starts.' },
  init_not_redirected: { title: 'Connections are not redirected', blame: 'operator', happened: 'What the app dials does not come to the proxy’s port: it would go out in plain text. Whatever waits for this check does not start.', remedy: 'See whether “agent init” has run in the same network namespace with the same ports, and which program changed the nat table since (iptables-save -t nat).' },
} as const satisfies Record<string, CodePage>;

const MESH_FILE = 'A mesh file with faults is refused as a whole, with all its faults and their lines; the mesh before stays in force.';

/** The mesh file. */
const MESH_CODES = {
  mesh_refused: { title: 'The changed mesh file has faults', blame: 'operator', happened: MESH_FILE, remedy: 'Correct the faults that the log lists; the file is read again when it changes.' },
  mesh_unreadable: { title: 'The mesh file can’t be read', blame: 'operator', happened: 'The file is not there, or the agent may not read it.', remedy: 'Check the path of --mesh and the rights of the file.' },
  mesh_too_large: { title: 'The mesh file is too large', blame: 'operator', happened: MESH_FILE, remedy: 'Split the mesh into several agents.' },
  mesh_syntax: { title: 'The mesh file is no YAML', blame: 'operator', happened: MESH_FILE, remedy: 'Correct the YAML at the place that the message names.' },
  mesh_key_duplicate: { title: 'A key is there twice', blame: 'operator', happened: MESH_FILE, remedy: 'Keep one of them.' },
  mesh_key_unknown: { title: 'A key is not known', blame: 'operator', happened: MESH_FILE, remedy: 'Remove the key or correct its spelling.' },
  mesh_key_missing: { title: 'A key is missing', blame: 'operator', happened: MESH_FILE, remedy: 'Add the key.' },
  mesh_value_invalid: { title: 'A value is not valid', blame: 'operator', happened: MESH_FILE, remedy: 'Correct the value as the message says.' },
  mesh_address_invalid: { title: 'An address is not valid', blame: 'operator', happened: MESH_FILE, remedy: 'Write an IP address with a port, such as 127.0.0.1:8080 or [::1]:8080.' },
  mesh_name_duplicate: { title: 'A name is used twice', blame: 'operator', happened: MESH_FILE, remedy: 'Give each its own name.' },
  mesh_service_unknown: { title: 'A service is not declared', blame: 'operator', happened: MESH_FILE, remedy: 'Declare it under services, or correct its name.' },
  mesh_port_unknown: { title: 'The service has no such port', blame: 'operator', happened: MESH_FILE, remedy: 'Add the port to the service, or correct it where it is used.' },
  mesh_listen_not_loopback: { title: 'An upstream listens beyond loopback', blame: 'operator', happened: 'Whoever reaches that listener would speak with the identity of the workload, so the file is refused.', remedy: 'Listen on a loopback address such as 127.0.0.1.' },
  mesh_sidecar_missing: { title: 'The instance has no sidecar', blame: 'operator', happened: MESH_FILE, remedy: 'Give the instance a mesh address, or remove what only a sidecar can do.' },
  mesh_address_clash: { title: 'Two listeners want one address', blame: 'operator', happened: MESH_FILE, remedy: 'Give each listener of a host its own port.' },
  mesh_address_not_own: { title: 'An address is not the instance’s own', blame: 'operator', happened: 'Mesh address and targets of a transparent instance must be its own addresses: connections are told apart by what was dialled, and the proxy never delivers to loopback, where a redirection would not be seen.', remedy: 'Write one of the addresses under transparent, and let the app listen there or on all addresses.' },
  mesh_port_conflict: { title: 'Services that share a target disagree', blame: 'operator', happened: MESH_FILE, remedy: 'Let all services of a target agree on protocol and plain listener.' },
  mesh_restart_required: { title: 'The change needs a restart', blame: 'operator', happened: 'Control address and trust domain are read at the start only.', remedy: 'Restart the agent to apply it; the proxies keep serving meanwhile.' },
} as const satisfies Record<string, CodePage>;

/** The control link: what a proxy is told, and what the agent logs of it. */
const CONTROL_CODES = {
  token_invalid: { title: 'The token is not valid', blame: 'operator', happened: 'A proxy’s join token is not that of its workload, or the cloud does not take the cluster’s token. Nothing is issued or taken; what counts meanwhile waits.', remedy: 'For a proxy: point SIDELIGHT_PROXY_TOKEN_FILE to tokens/<namespace>.<workload> of the agent’s state folder. For an agent: make a new token on the console and put it into the token file; it is read again by itself.' },
  csr_invalid: { title: 'The certificate request is not valid', blame: 'sidelight', happened: 'The request is no PKCS#10 with an ECDSA P-256 key, or its signature is wrong.', remedy: 'Upgrade the proxy; if it is the same version as the agent, report it.' },
  certificate_required: { title: 'The link needs a valid client certificate', blame: 'peer', happened: 'The proxy came without a certificate of this mesh, or with one that has expired. It asks for a new one by itself.', remedy: 'If it stays: compare the proxy’s trust bundle with the agent’s, and both clocks.' },
  certificate_expired: { title: 'The link’s certificate has ended', blame: 'nobody', happened: 'A link lives no longer than its certificate; the proxy connects again with the new one.', remedy: 'Nothing, unless the proxy can’t get a new certificate: its log says why.' },
  identity_mismatch: { title: 'The certificate is for another workload', blame: 'operator', happened: 'The proxy says that it is a workload whose identity its certificate doesn’t carry.', remedy: 'Give each proxy its own state folder and token, and check SIDELIGHT_PROXY_WORKLOAD.' },
  instance_unknown: { title: 'The mesh has no such instance', blame: 'operator', happened: 'The mesh file has no instance of that name with a sidecar. The proxy tries again; its last orders stay in force.', remedy: 'Add the instance with a mesh address, or correct SIDELIGHT_PROXY_INSTANCE.' },
  message_invalid: { title: 'A message is not as agreed', blame: 'sidelight', happened: 'The agent could not read what a proxy sent, and ended the link. Its windows stay in its ring.', remedy: 'Upgrade the older of agent and proxy. If both are the same version, report it.' },
  message_unexpected: { title: 'A message came out of turn', blame: 'sidelight', happened: 'A proxy sent something that its link does not allow at this moment, and the link was ended.', remedy: 'Upgrade the older of agent and proxy. If both are the same version, report it.' },
  frame_too_long: { title: 'A frame is too long', blame: 'peer', happened: 'What came on the control port is larger than any message. Often it is no proxy at all that connected.', remedy: 'See who connects to the control port.' },
  proxy_silent: { title: 'A proxy has vanished', blame: 'machine', happened: 'Nothing was heard of the proxy for 45 seconds, though its connection was never closed: its machine or the network is gone. It is shown as disconnected.', remedy: 'See whether its machine is up. When the proxy can connect again it sends what it has kept.' },
  endpoint_identity_mismatch: { title: 'An endpoint proved another identity', blame: 'operator', happened: 'A proxy met another identity at the address of an endpoint than the mesh expects there. Nothing was sent to it, the proxy left it out, and was told its orders again.', remedy: 'Often another process has the address by now, or two instances stand in each other’s place in the mesh file. Compare the address in the message with the file.' },
  rows_foreign: { title: 'Rows of other workloads were left out', blame: 'peer', happened: 'A proxy reported numbers in the name of another workload. They are not taken.', remedy: 'See which proxy it is; a proxy of ours never does this.' },
} as const satisfies Record<string, CodePage>;

/** The uplink: how it ends, and what the cloud refuses. */
const UPLINK_CODES = {
  uplink_lost: { title: 'There is no connection to the cloud', blame: 'nobody', happened: 'The connection ended or could not be made. The mesh serves, frames wait in the spool for up to 24 hours, and the agent tries again by itself.', remedy: 'Nothing if it comes back. Otherwise see whether the machine reaches the address of --cloud.' },
  token_unreadable: { title: 'The token file can’t be read', blame: 'operator', happened: 'The agent has no token to show to the cloud. The mesh serves; the file is tried again every half minute.', remedy: 'Check the path of --token-file, and that the agent may read it.' },
} as const satisfies Record<string, CodePage>;

/** What the cloud tells an agent that it refuses. */
const REFUSED_CODES = {
  token_revoked: { title: 'The agent’s token was revoked', blame: 'operator', happened: 'Someone revoked the cluster’s token on the console. The mesh serves; frames wait in the spool.', remedy: 'Make a new token for the cluster on the console and put it into the agent’s token file. What it kept meanwhile is sent then.' },
  fenced: { title: 'A newer agent has taken over', blame: 'operator', happened: 'Two agents of one cluster run at once, or an old copy of a spool was started.', remedy: 'Stop the older one; the newer one goes on.' },
  wire_version: { title: 'The two sides speak different versions', blame: 'operator', happened: 'One side is newer than the other understands. The connection is refused, never guessed at; each side goes on with what it has and tries again seldom.', remedy: 'Upgrade the older of the two: agent and cloud on the uplink, proxy and agent on the control link.' },
  frame_invalid: { title: 'The agent sent something that does not fit the contract', blame: 'sidelight', happened: 'A fault of the agent, or of something between that changes messages. The frame stays in the spool.', remedy: 'Update the agent. The message names the field; report it with the version if it comes back.' },
  replaced: { title: 'A newer connection has taken over', blame: 'nobody', happened: 'An instance or a cluster has one connection; a newer one ends the older. Normal after a restart.', remedy: 'If it goes on, two processes use one name or one token: give each its own.' },
  cluster_deleted: { title: 'The cluster was deleted on the console', blame: 'operator', happened: 'The cloud takes nothing more of it. The data plane is not touched.', remedy: 'Stop the agent, or connect it to a new cluster.' },
  overloaded: { title: 'Too much waits to be stored', blame: 'nobody', happened: 'The other side could not store the message now. What was sent is kept and sent again by itself.', remedy: 'Nothing if it passes. If it lasts, the database is away or the disk is full or too slow.' },
} as const satisfies Record<AgentRefused['code'], CodePage>;

export const AGENT_CODES = { ...START_CODES, ...INIT_CODES, ...MESH_CODES, ...CONTROL_CODES, ...UPLINK_CODES, ...REFUSED_CODES } as const satisfies Record<string, CodePage>;
