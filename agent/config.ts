/** The agent's options: one table for command line, environment and `--help`. Parses all, then complains once. */
import { WINDOW_MS } from '../proxy/wire/report.ts';
import type { SocketAddress } from '../proxy/wire/orders.ts';
import { LEAF_TTL_MS } from './issuer/authority.ts';
import { LOG_LEVELS } from './log.ts';
import type { LogLevel } from './log.ts';
import { parseAddress } from './platform/host/address.ts';

export interface HostConfig {
  readonly meshFile: string;
  readonly stateFolder: string;
  /** Null: the mesh runs locally. */
  readonly uplink: { readonly cloud: string; readonly tokenFile: string } | null;
  readonly windowMs: number;
  readonly leafTtlMs: number;
  /** Added to the machine's wall clock, for tests of a clock that is wrong. */
  readonly clockOffsetMs: number;
  readonly admin: SocketAddress;
  readonly logLevel: LogLevel;
}

const ENV_PREFIX = 'SIDELIGHT_AGENT_';

export const OPTIONS = {
  mesh: { value: 'FILE', help: 'the mesh file (YAML); a change is applied while the agent runs', fallback: null },
  state: { value: 'DIR', help: 'keeps certificate authority, join tokens and spool', fallback: null },
  cloud: { value: 'URL', help: 'where to send metrics and topology; without it the mesh runs locally', fallback: '' },
  'token-file': { value: 'FILE', help: 'the cluster’s token for --cloud', fallback: '' },
  'window-ms': { value: 'MS', help: 'length of a metrics window, 100 to 60000', fallback: String(WINDOW_MS) },
  'leaf-ttl-ms': { value: 'MS', help: 'life of the proxies’ certificates, 2000 to 2592000000', fallback: String(LEAF_TTL_MS) },
  'clock-offset-ms': { value: 'MS', help: 'for tests: the machine’s clock is taken to be wrong by this, -86400000 to 86400000', fallback: '0' },
  admin: { value: 'ADDRESS', help: '/ready, /live and /metrics; port 0 takes a free one', fallback: '127.0.0.1:0' },
  'log-level': { value: 'LEVEL', help: LOG_LEVELS.join(', '), fallback: 'info' },
} as const satisfies Record<string, { value: string; help: string; fallback: string | null }>;

type OptionName = keyof typeof OPTIONS;

/** A wrong option. */
export interface ConfigFault {
  readonly code: 'option_unknown' | 'option_missing' | 'option_invalid';
  readonly message: string;
}

export type ConfigResult = { readonly kind: 'config'; readonly config: HostConfig } | { readonly kind: 'faults'; readonly faults: readonly ConfigFault[] };

/** Reads options from arguments, else from the environment, else takes the default. */
export function parseHostConfig(args: readonly string[], env: Readonly<Record<string, string | undefined>>): ConfigResult {
  const faults: ConfigFault[] = [];
  const given = readArguments(args, faults);
  const text = (name: OptionName): string => given.get(name) ?? env[envName(name)] ?? OPTIONS[name].fallback ?? '';
  for (const name of ['mesh', 'state'] as const) {
    if (text(name) === '') faults.push({ code: 'option_missing', message: `--${name} ${OPTIONS[name].value} (or ${envName(name)}) is needed: ${OPTIONS[name].help}` });
  }
  const config: HostConfig = {
    meshFile: text('mesh'),
    stateFolder: text('state'),
    uplink: readUplink(text('cloud'), text('token-file'), faults),
    windowMs: readWhole('window-ms', text('window-ms'), 100, 60_000, faults),
    leafTtlMs: readWhole('leaf-ttl-ms', text('leaf-ttl-ms'), 2_000, 2_592_000_000, faults),
    clockOffsetMs: readWhole('clock-offset-ms', text('clock-offset-ms'), -86_400_000, 86_400_000, faults),
    admin: readAdmin(text('admin'), faults),
    logLevel: readLevel(text('log-level'), faults),
  };
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'config', config };
}

export function helpText(): string {
  const lines = Object.entries(OPTIONS).map(([name, { value, help, fallback }]) => {
    const note = fallback === null ? ' (needed)' : fallback === '' ? '' : ` (default ${fallback})`;
    return `  ${`--${name} ${value}`.padEnd(24)}${help}${note}\n`;
  });
  return `Usage: agent host --mesh FILE --state DIR [options]

Runs the mesh's control plane and agent on machines without Kubernetes. "agent rotate-anchor --help" tells how to give a
running mesh a new trust anchor, "agent init --help" how the kernel sends a workload's connections through its proxy.

${lines.join('')}
Each option is also read from the environment, for example ${envName('token-file')}.
Exit codes: 0 stopped by a signal, 1 could not start, 2 wrong options or mesh file.
`;
}

function envName(name: OptionName): string {
  return ENV_PREFIX + name.replaceAll('-', '_').toUpperCase();
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

/** `--name value` or `--name=value`. */
function readArguments(args: readonly string[], faults: ConfigFault[]): Map<OptionName, string> {
  const given = new Map<OptionName, string>();
  for (let at = 0; at < args.length; at++) {
    const [, name = '', inline] = /^--([a-z-]+)(?:=(.*))?$/s.exec(args[at] ?? '') ?? [];
    if (!isOption(name)) {
      faults.push({ code: 'option_unknown', message: `"${args[at]}" is no option; --help lists them` });
      continue;
    }
    const value = inline ?? args[++at];
    if (value === undefined) faults.push({ code: 'option_missing', message: `--${name} needs a value` });
    else given.set(name, value);
  }
  return given;
}

function readUplink(cloud: string, tokenFile: string, faults: ConfigFault[]): HostConfig['uplink'] {
  if (cloud === '' && tokenFile === '') return null;
  if (cloud === '') faults.push({ code: 'option_missing', message: '--token-file is given without --cloud URL' });
  else if (!/^https?:\/\/[^/]+/.test(cloud) || !URL.canParse(cloud)) faults.push({ code: 'option_invalid', message: `--cloud "${cloud}" is no http:// or https:// address` });
  if (tokenFile === '') faults.push({ code: 'option_missing', message: '--cloud is given without --token-file FILE' });
  return { cloud, tokenFile };
}

function readWhole(name: OptionName, text: string, min: number, max: number, faults: ConfigFault[]): number {
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) faults.push({ code: 'option_invalid', message: `--${name} "${text}" is no whole number from ${min} to ${max}` });
  return value;
}

function readAdmin(text: string, faults: ConfigFault[]): SocketAddress {
  const [, host] = /^(.*):0$/.exec(text) ?? [];
  const parsed = parseAddress(host === undefined ? text : `${host}:1`);
  if (parsed.kind === 'address') return host === undefined ? parsed.address : { ...parsed.address, port: 0 };
  faults.push({ code: 'option_invalid', message: `--admin: ${parsed.reason}` });
  return { host: '127.0.0.1', port: 0 };
}

function readLevel(text: string, faults: ConfigFault[]): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text);
  if (!level) faults.push({ code: 'option_invalid', message: `--log-level "${text}" is none of ${LOG_LEVELS.join(', ')}` });
  return level ?? 'info';
}
