/** The proxy's environment: one table of names, defaults and meanings, read at once with all faults together. Pure. */
import { LOG_LEVELS, type LogLevel } from './log.ts';
import { identityOf, type Identity, type WorkloadKey } from './wire/labels.ts';
import type { SocketAddress } from './wire/orders.ts';
import { ACCESS_LOG_FORMATS, type AccessLogFormat } from './wire/telemetry.ts';

export interface ProxyConfig {
  readonly control: SocketAddress;
  readonly trustBundleFile: string;
  readonly tokenFile: string;
  readonly workload: WorkloadKey;
  readonly instance: string;
  readonly trustDomain: string;
  readonly admin: SocketAddress;
  /** Null: nothing is kept over a restart. */
  readonly stateDir: string | null;
  /** Null: exchanges are counted, and written nowhere one by one. */
  readonly exchangeFile: string | null;
  readonly logLevel: LogLevel;
  readonly accessLog: AccessLogFormat;
  /** Null: no spans. */
  readonly traceCollector: string | null;
  readonly traceShare: number;
}

/** One variable; `read` gives its value or what is wrong with it. */
interface Setting<Value> {
  readonly name: string;
  /** Text used when the variable is unset or empty; undefined: it must be set. */
  readonly fallback?: string;
  readonly doc: string;
  readonly read: (text: string) => Value | Fault;
}

/** What is wrong with one variable. */
export interface ConfigFault {
  readonly code: 'setting_missing' | 'setting_invalid';
  readonly name: string;
  /** A sentence with what to do. */
  readonly message: string;
}

export type ParsedConfig =
  /** `warnings` are sentences about names that look misspelt. */
  | { readonly kind: 'config'; readonly config: ProxyConfig; readonly warnings: readonly string[] }
  | { readonly kind: 'faults'; readonly faults: readonly ConfigFault[] };

class Fault {
  readonly expected: string;

  constructor(expected: string) {
    this.expected = expected;
  }
}

const PREFIX = 'SIDELIGHT_PROXY_';
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';

function readAddress(text: string): SocketAddress | Fault {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|(\d{1,3}(?:\.\d{1,3}){3})):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  const octets = match?.[2]?.split('.').every((octet) => Number(octet) <= 255) ?? true;
  return host !== undefined && octets && port <= 65_535 ? { host, port } : new Fault('an IP address and a port, such as 127.0.0.1:8086');
}

function readListed<Word extends string>(words: readonly Word[]): (text: string) => Word | Fault {
  return (text) => words.find((word) => word === text) ?? new Fault(`one of ${words.join(', ')}`);
}

function readPattern(pattern: RegExp, expected: string): (text: string) => string | Fault {
  return (text) => (pattern.test(text) ? text : new Fault(expected));
}

function readDialled(text: string): SocketAddress | Fault {
  const address = readAddress(text);
  return address instanceof Fault || address.port > 0 ? address : new Fault('an address with a port above 0');
}

function readCollector(text: string): string | null | Fault {
  if (text === '') return null;
  const url = URL.parse(text);
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? text : new Fault('an http or https URL, such as http://127.0.0.1:4318/v1/traces');
}

function readShare(text: string): number | Fault {
  const share = Number(text);
  return share >= 0 && share <= 1 ? share : new Fault('a number from 0 to 1');
}

const readPath = (text: string): string => text;

/** The table. The README's is printed from it. */
export const SETTINGS: { readonly [Name in keyof ProxyConfig]: Setting<ProxyConfig[Name]> } = {
  control: { name: `${PREFIX}CONTROL`, doc: 'Address of the control link, IP:port.', read: readDialled },
  trustBundleFile: { name: `${PREFIX}TRUST_BUNDLE_FILE`, doc: 'Trust anchors (PEM) that the control plane is verified by; read again at each dial.', read: readPath },
  tokenFile: { name: `${PREFIX}TOKEN_FILE`, doc: 'Token that entitles to a certificate; read again at each request for one.', read: readPath },
  workload: {
    name: `${PREFIX}WORKLOAD`,
    doc: 'The workload, namespace/kind/name.',
    read: readPattern(new RegExp(`^${LABEL}/[a-z0-9]+/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$`), 'namespace/kind/name in lower case, such as shop/host/web'),
  },
  instance: { name: `${PREFIX}INSTANCE`, doc: 'Name of this instance (pod, host).', read: readPattern(/^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/, 'a name of letters, digits, dots and hyphens') },
  trustDomain: {
    name: `${PREFIX}TRUST_DOMAIN`,
    fallback: 'cluster.local',
    doc: 'Trust domain of all identities.',
    read: readPattern(new RegExp(`^${LABEL}(?:\\.${LABEL})*$`), 'a DNS name in lower case, such as cluster.local'),
  },
  admin: { name: `${PREFIX}ADMIN`, fallback: '127.0.0.1:4191', doc: 'Listener of /metrics, /ready, /live and the rest; port 0 takes a free one.', read: readAddress },
  stateDir: { name: `${PREFIX}STATE_DIR`, fallback: '', doc: 'Folder (made with 0700) for key, certificate, trust bundle and last orders, so that a restart serves without a control plane; none: nothing is kept.', read: (text) => (text === '' ? null : text) },
  exchangeFile: { name: `${PREFIX}EXCHANGE_FILE`, fallback: '', doc: 'File that gets a line of JSON for each exchange with its exact times, for tests and measurements; none: no such file.', read: (text) => (text === '' ? null : text) },
  logLevel: { name: `${PREFIX}LOG_LEVEL`, fallback: 'info', doc: `Least level that is logged: ${LOG_LEVELS.join(', ')}.`, read: readListed(LOG_LEVELS) },
  accessLog: { name: `${PREFIX}ACCESS_LOG`, fallback: 'off', doc: `A line on standard output for each request of the app: ${ACCESS_LOG_FORMATS.join(', ')}.`, read: readListed(ACCESS_LOG_FORMATS) },
  traceCollector: { name: `${PREFIX}TRACE_COLLECTOR`, fallback: '', doc: 'URL that spans are posted to by OTLP/HTTP, such as http://127.0.0.1:4318/v1/traces; none: no spans, and trace headers pass as they are.', read: readCollector },
  traceShare: { name: `${PREFIX}TRACE_SHARE`, fallback: '0', doc: 'Share of the requests without a sampling decision that get a trace, 0 to 1.', read: readShare },
};

/** Reads all settings; gives the configuration or every fault. Unset and empty are the same. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): ParsedConfig {
  const faults: ConfigFault[] = [];
  const values: Partial<Record<keyof ProxyConfig, unknown>> = {};
  for (const [key, setting] of Object.entries(SETTINGS) as [keyof ProxyConfig, Setting<unknown>][]) {
    const text = env[setting.name] || setting.fallback;
    if (text === undefined) {
      faults.push({ code: 'setting_missing', name: setting.name, message: `${setting.name} is not set. ${setting.doc}` });
      continue;
    }
    const value = setting.read(text);
    if (value instanceof Fault) {
      faults.push({ code: 'setting_invalid', name: setting.name, message: `${setting.name} is ${JSON.stringify(text)}, but must be ${value.expected}.` });
    } else {
      values[key] = value;
    }
  }
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'config', config: values as unknown as ProxyConfig, warnings: unknownSettings(env) };
}

/** No fault, since Kubernetes sets names like these for a Service called `sidelight-proxy`, and a newer control plane may. */
function unknownSettings(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(Object.values(SETTINGS).map(({ name }) => name));
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.has(name))
    .map((name) => `${name} is no setting of this version and has no effect; is it misspelt?`);
}

/** The identity that the control plane's certificate must have. */
export function controlIdentity(trustDomain: string): Identity {
  return identityOf('control', 'sidelight', trustDomain);
}

/** The table in Markdown. */
export function settingsTable(): string {
  const rows = Object.values(SETTINGS).map(({ name, fallback, doc }) => `| \`${name}\` | ${fallback === undefined ? 'must be set' : fallback === '' ? 'none' : `\`${fallback}\``} | ${doc} |`);
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');
}
