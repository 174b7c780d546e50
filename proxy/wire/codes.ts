/**
 * The stable codes of the proxy and their pages: in its log, on its standard error, on the admin port and in the answers
 * that it makes itself. A code is never renamed or reused; the cloud serves each at `/docs/errors/<code>`.
 */
import type { FaultCodeName } from './mesh.ts';

/** Whose doing it is; `nobody`: this is how things go, and they mend themselves. */
export type Blame = 'operator' | 'caller' | 'app' | 'peer' | 'machine' | 'sidelight' | 'nobody';

/** What a person needs to know of a code. */
export interface CodePage {
  readonly title: string;
  readonly blame: Blame;
  /** What happened, and what goes on all the same. */
  readonly happened: string;
  readonly remedy: string;
}

/** Codes of the log, the start and the admin port. */
export const PROXY_CODES = {
  port_learned_opaque: { title: 'A port turned out to be one whose server speaks first', blame: 'operator', happened: 'Clients of this port wait for the server’s greeting, so that reading their first bytes to tell the protocol took its whole limit of 10 seconds. That connection went on unread, and so do the port’s connections from now on until the proxy restarts.', remedy: 'Declare the port’s protocol as opaque, then no connection waits. If it speaks HTTP, declare http1 or http2.' },
  setting_missing: { title: 'A setting of the proxy is missing', blame: 'operator', happened: 'The proxy is configured by its environment, and something that it needs is not there. It has not started.', remedy: 'Set the variables that the message names. All faults are listed at once.' },
  setting_invalid: { title: 'A setting of the proxy is not valid', blame: 'operator', happened: 'The value of an environment variable can’t be read. The proxy has not started.', remedy: 'Correct the variables that the message names; it says what each must be.' },
  admin_port_in_use: { title: 'The proxy’s admin port is taken', blame: 'operator', happened: 'Another process listens where this proxy wants to serve /metrics and /ready, often another proxy of the same host. It has not started.', remedy: 'Give each proxy of a host its own SIDELIGHT_PROXY_ADMIN, or stop the other process.' },
  admin_unavailable: { title: 'The proxy’s admin address can’t be listened on', blame: 'operator', happened: 'The system refused the address, for example because it is not one of this machine. The proxy has not started.', remedy: 'Set SIDELIGHT_PROXY_ADMIN to an address of this machine and a port that the user may open.' },
  state_unwritable: { title: 'A state folder can’t be written', blame: 'machine', happened: 'The folder that keeps keys, certificates or lists over a restart can’t be made or written: wrong rights, a read-only file system, or a full disk. What needs the folder to start has not started; what runs goes on serving.', remedy: 'Make the folder writable for the user of the process and give it some space, or name another folder.' },
  state_unusable: { title: 'Kept state was left out', blame: 'machine', happened: 'A file that an earlier start left is damaged or has expired. The proxy starts without it and asks the control plane.', remedy: 'Nothing, unless it comes back at each start: then check the disk of the state folder.' },
  start_failed: { title: 'The program could not start', blame: 'sidelight', happened: 'Something that the program doesn’t know as a fault of its surroundings stopped its start. Nothing of it runs.', remedy: 'The message has the cause. If it doesn’t help, report it with the version.' },
  link_down: { title: 'The control link is down', blame: 'nobody', happened: 'The connection to the control plane ended or could not be made. The last orders stay in force, traffic flows, and windows wait in the ring for 15 minutes.', remedy: 'Nothing if it comes back by itself. Otherwise see whether the agent runs, and whether SIDELIGHT_PROXY_CONTROL is its address.' },
  bad_message: { title: 'A message of the control plane was not as agreed', blame: 'sidelight', happened: 'The proxy left a message out, because it is not of the agreed shape. Everything in force stays so.', remedy: 'Upgrade the older of agent and proxy. If both are the same version, report it.' },
  spans_lost: { title: 'Spans did not reach their collector', blame: 'operator', happened: 'The collector of traces is away, slow or refuses them. Spans are dropped and counted; no request waits for them.', remedy: 'See whether SIDELIGHT_PROXY_TRACE_COLLECTOR, or the collector of the orders, is the OTLP/HTTP address for traces and answers 200.' },
  bundle_unusable: { title: 'The trust bundle can’t be used', blame: 'operator', happened: 'The trust bundle file is missing, unreadable or holds no certificate.', remedy: 'Point SIDELIGHT_PROXY_TRUST_BUNDLE_FILE to the agent’s trust-bundle.pem, readable for the proxy.' },
  certify_failed: { title: 'No certificate was issued', blame: 'operator', happened: 'The control plane did not answer the request for a certificate, or refused it. A proxy that has a valid certificate goes on with it; one without refuses meshed traffic and never falls back to plain text.', remedy: 'The reason beside it says which: an agent that isn’t reached, a wrong join token, or another trust domain.' },
  listener_failed: { title: 'A listener of the orders can’t be opened', blame: 'operator', happened: 'An address that the mesh file gives to this proxy is taken by another process, or not one of this machine. The rest of the orders is in force, the proxy is not ready, and the listener is tried again every second.', remedy: 'Stop the other process, or change the address in the mesh file.' },
  orders_for_another_proxy: { title: 'Orders were for another proxy', blame: 'operator', happened: 'The control plane sent orders for another workload or trust domain; they are not taken.', remedy: 'Check SIDELIGHT_PROXY_WORKLOAD and SIDELIGHT_PROXY_TRUST_DOMAIN against the mesh file.' },
  no_orders: { title: 'The proxy has no orders yet', blame: 'nobody', happened: 'The proxy is not ready, because the control plane has not told it what to listen on.', remedy: 'Wait a moment. If it stays, the log says why the control link is down.' },
  no_certificate: { title: 'The proxy has no valid certificate', blame: 'nobody', happened: 'The proxy is not ready: traffic to the mesh would fail, since it never falls back to plain text.', remedy: 'Wait a moment. If it stays, the log says why no certificate was issued.' },
  draining: { title: 'The proxy is shutting down', blame: 'nobody', happened: 'It finishes what is under way and takes nothing new.', remedy: 'Nothing: it was asked to end.' },
  not_found: { title: 'There is no such path or thing', blame: 'caller', happened: 'What was asked for is not there.', remedy: 'The answer of the admin port lists its paths; see also the API’s document at /openapi.json.' },
  loopback_only: { title: 'Only this machine may ask that', blame: 'caller', happened: 'Orders, log level and shutdown are served on loopback only.', remedy: 'Ask from the proxy’s own machine or pod.' },
  method_not_allowed: { title: 'The path has other methods', blame: 'caller', happened: 'The admin port knows the path, but not with this method.', remedy: 'Use the methods of the allow header.' },
  log_level_unknown: { title: 'There is no such log level', blame: 'caller', happened: 'The log level stays as it was.', remedy: 'Send one of the levels that the answer lists.' },
  static_arguments: { title: 'The proxy’s command line is wrong', blame: 'operator', happened: 'The proxy takes --config with a file, or nothing at all. It has not started.', remedy: 'Give one file to --config, or configure the proxy by its environment.' },
  static_file_unreadable: { title: 'The static configuration can’t be read', blame: 'operator', happened: 'The file of --config can’t be opened.', remedy: 'Check the path, and that the proxy may read the file.' },
  static_not_json: { title: 'The static configuration is no JSON', blame: 'operator', happened: 'The file of --config doesn’t parse.', remedy: 'Correct it at the place that the message names.' },
  static_missing: { title: 'The static configuration lacks something', blame: 'operator', happened: 'A field that must be there is not.', remedy: 'Add it; the schema is proxy/static/schema.json.' },
  static_unknown: { title: 'The static configuration has an unknown field', blame: 'operator', happened: 'A field that nobody reads is refused, since it is most often a misspelt one.', remedy: 'Remove it or correct its spelling.' },
  static_invalid: { title: 'A value of the static configuration is not valid', blame: 'operator', happened: 'A value has another type or range than its field takes.', remedy: 'Correct the value at the pointer that the message names.' },
  static_conflict: { title: 'Two parts of the static configuration contradict each other', blame: 'operator', happened: 'Two listeners want one address, or a name is used twice.', remedy: 'Give each its own.' },
  static_certificate_unreadable: { title: 'A certificate file can’t be read', blame: 'operator', happened: 'A file that the static configuration names can’t be opened.', remedy: 'Check the path and the rights of the file.' },
  static_certificate_invalid: { title: 'A certificate can’t be used', blame: 'operator', happened: 'Certificate, key and trust anchors don’t belong together, have expired, or don’t carry exactly one identity.', remedy: 'Replace the files; while a proxy runs, the last good ones stay in force.' },
  static_listen_failed: { title: 'A listener of the static configuration can’t be opened', blame: 'operator', happened: 'The address is taken, or not one of this machine.', remedy: 'Stop the other process, or change the address.' },
  static_restart_needed: { title: 'The change needs a restart', blame: 'operator', happened: 'A part of the static configuration is only read at the start; the old one stays in force.', remedy: 'Restart the proxy when it suits you.' },
} as const satisfies Record<string, CodePage>;

/** Codes of `l5d-proxy-error`: why a proxy answered in place of the application. */
export const ANSWER_CODES = {
  'app-unreachable': { title: 'The application takes no connections', blame: 'app', happened: 'The callee’s proxy could not connect to the application’s port.', remedy: 'See whether the application runs and listens where the mesh says.' },
  'app-closed': { title: 'The application closed the connection', blame: 'app', happened: 'The connection ended before the application had answered. A request that may be repeated is, others are not.', remedy: 'Look for restarts, crashes and keep-alive limits of the application.' },
  'app-protocol': { title: 'The application sent no HTTP', blame: 'app', happened: 'What the application answered can’t be read as the HTTP version of its port, or its length is not certain.', remedy: 'Correct the application, or declare the port as opaque.' },
  'connect-unsupported': { title: 'The application takes no extended CONNECT', blame: 'app', happened: 'The caller wanted a WebSocket or the like over HTTP/2 (RFC 8441), and the application’s settings don’t offer that.', remedy: 'Turn it on in the application (often ENABLE_CONNECT_PROTOCOL), or let the caller use HTTP/1.1.' },
  'no-endpoints': { title: 'The service has no endpoints', blame: 'operator', happened: 'No instance serves this service.', remedy: 'Start one, or correct the service’s name in the mesh.' },
  failfast: { title: 'No endpoint of the service is ready', blame: 'peer', happened: 'For three seconds every endpoint could not be reached or was left out by the circuit breaker. Requests fail at once now, and one now and then is let through to see.', remedy: 'See whether the service’s instances and their proxies run, and what they answer. Nothing has to be done in the proxy: it serves again with the first endpoint that answers.' },
  'connect-failed': { title: 'No endpoint could be reached', blame: 'peer', happened: 'Each endpoint refused the connection or its proxy did.', remedy: 'See whether the callee’s proxies are ready, and whether a firewall stands between.' },
  'connect-timeout': { title: 'Connecting took too long', blame: 'peer', happened: 'An endpoint did not answer within the limit.', remedy: 'See whether its machine is up and reachable.' },
  'hop-closed': { title: 'The connection between the proxies broke', blame: 'peer', happened: 'The other proxy’s connection ended before the answer.', remedy: 'Nothing if it was a restart. Otherwise look at the network between the two.' },
  'identity-unverified': { title: 'The endpoint did not prove its identity', blame: 'peer', happened: 'The certificate is not for the identity that the mesh expects there. Nothing was sent.', remedy: 'Often another process on the address, or a proxy of another trust domain. Check the mesh file’s addresses.' },
  'no-certificate': { title: 'The proxy has no valid certificate', blame: 'nobody', happened: 'The caller’s proxy has no certificate yet or any more, and never falls back to plain text.', remedy: 'See its log for why no certificate was issued.' },
  'queue-full': { title: 'Too many requests wait', blame: 'peer', happened: 'The service answers more slowly than requests come, and the queue has reached its limit.', remedy: 'Find what holds the service up, or give it more instances.' },
  'request-timeout': { title: 'The request took too long', blame: 'app', happened: 'The service’s policy limits the time of a request with its response (timeout.request), and that time was over.', remedy: 'Find what holds the service up, or allow more time.' },
  'response-timeout': { title: 'The response took too long', blame: 'app', happened: 'The service’s policy limits the time from the request’s end to the response’s end (timeout.response, or the time of an attempt), and that time was over.', remedy: 'Find what holds the service up, or allow more time.' },
  'idle-timeout': { title: 'Nothing moved for too long', blame: 'app', happened: 'The service’s policy limits how long a request may be quiet in both directions (timeout.idle), and that time was over.', remedy: 'Find what holds the service up, allow more time, or let long streams send something now and then.' },
  denied: { title: 'Policy does not allow this caller', blame: 'caller', happened: 'The callee admits authenticated callers of the mesh only, or none with this identity.', remedy: 'Give the caller a sidecar, or change the workload’s inbound policy.' },
  'unknown-target': { title: 'The target is no port of this workload', blame: 'operator', happened: 'The caller’s proxy asked for a port that the callee’s proxy doesn’t serve, often for a moment after a change.', remedy: 'If it stays, compare the mesh file’s target with the orders of both proxies (/config).' },
  'wire-version': { title: 'The proxies speak different versions', blame: 'operator', happened: 'One proxy is newer than the other understands.', remedy: 'Upgrade the older proxy.' },
  draining: { title: 'The proxy is shutting down', blame: 'nobody', happened: 'The request came while the proxy was ending; it was not passed on.', remedy: 'Repeat it: another endpoint, or the restarted one, takes it.' },
  'bad-request': { title: 'The request is not well-formed', blame: 'caller', happened: 'The request’s meaning or length is not certain, so it was refused rather than passed on.', remedy: 'Correct the client; RFC 9112 says how requests are framed.' },
  'head-too-large': { title: 'The request’s head is too large', blame: 'caller', happened: 'Head fields took more than 64 KiB.', remedy: 'Send smaller or fewer fields; cookies are the usual reason.' },
  'version-unsupported': { title: 'That HTTP version is not spoken here', blame: 'caller', happened: 'The request is of another version than HTTP/1.0 or HTTP/1.1.', remedy: 'Use HTTP/1.1.' },
  'framing-unsupported': { title: 'That transfer coding is not supported', blame: 'caller', happened: 'The request has a transfer coding other than chunked.', remedy: 'Send it chunked or with a length.' },
  'head-timeout': { title: 'The request’s head came too slowly', blame: 'caller', happened: 'The head was not there within the limit.', remedy: 'Look for a slow or stalled client.' },
  'client-closed': { title: 'The caller went away', blame: 'caller', happened: 'The connection of the caller ended before the answer; it counts as a client fault, not as a failure of the service.', remedy: 'Nothing, or a longer timeout at the caller.' },
} as const satisfies Record<FaultCodeName, CodePage>;
