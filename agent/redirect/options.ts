/** The options of `agent init`: one table for command line, environment, README and `--help`. Pure. */
import { isIP } from 'node:net';
import type { ConfigFault } from '../config.ts';
import { parseAddress } from '../platform/host/address.ts';
import type { SocketAddress } from '../../proxy/wire/orders.ts';
import { DEFAULT_REDIRECTION } from './rules.ts';
import type { PortRange, Redirection } from './rules.ts';

/** `nft` and `legacy` are the two interfaces that the kernel has for iptables; `auto` takes the first that works. */
export type TableMode = 'auto' | 'nft' | 'legacy';

export interface InitOptions {
  readonly redirection: Redirection;
  readonly mode: TableMode;
  readonly ipv6: 'auto' | 'on' | 'off';
  readonly action: 'apply' | 'remove' | 'print' | 'validate';
  /** What the validation dials: addresses at which nobody has to be. */
  readonly connect: readonly SocketAddress[];
  readonly timeoutMs: number;
}

export type InitResult = { readonly kind: 'options'; readonly options: InitOptions } | { readonly kind: 'faults'; readonly faults: readonly ConfigFault[] };

export const INIT_OPTIONS = {
  'outbound-port': { value: 'PORT', help: 'where the proxy takes what the app dials', fallback: '4140' },
  'plain-port': { value: 'PORT', help: 'where the proxy takes what is dialled to the app in plain text', fallback: '4142' },
  'own-ports': { value: 'PORTS', help: 'the proxy’s own ports (mesh, tap, admin), reached as they are', fallback: '4143,4190,4191' },
  'proxy-uid': { value: 'UID', help: 'user of the proxy, whose connections are not redirected', fallback: '2102' },
  'skip-inbound-ports': { value: 'PORTS', help: 'ports of the app that are reached past the proxy, such as 22,8000-8010', fallback: '4567-4568' },
  'skip-outbound-ports': { value: 'PORTS', help: 'ports that the app dials past the proxy', fallback: '4567-4568' },
  'skip-subnets': { value: 'CIDRS', help: 'callers of these subnets reach the app past the proxy', fallback: '' },
  mode: { value: 'MODE', help: 'nft, legacy, or auto: the first that works', fallback: 'auto' },
  ipv6: { value: 'WHEN', help: 'on, off, or auto: where there is IPv6', fallback: 'auto' },
  connect: { value: 'ADDRESSES', help: 'what --validate dials; nobody has to be there, but there must be a route', fallback: '192.0.2.1:20001,[2001:db8::1]:20001' },
  'timeout-ms': { value: 'MS', help: 'how long --validate waits, 100 to 600000', fallback: '10000' },
} as const satisfies Record<string, { value: string; help: string; fallback: string }>;

/** Switches: what to do instead of writing the rules. */
export const INIT_SWITCHES = {
  remove: 'takes the rules away',
  'dry-run': 'prints the rules and changes nothing',
  validate: 'proves that connections are redirected; run it as the app’s user before the proxy starts',
} as const;

type OptionName = keyof typeof INIT_OPTIONS;
type SwitchName = keyof typeof INIT_SWITCHES;

const ACTIONS = { remove: 'remove', 'dry-run': 'print', validate: 'validate' } as const satisfies Record<SwitchName, InitOptions['action']>;
const ENV_PREFIX = 'SIDELIGHT_INIT_';
const PORTS_MAX = 1_000;
const SUBNETS_MAX = 1_000;

/** Reads all, then complains once. */
export function parseInit(args: readonly string[], env: Readonly<Record<string, string | undefined>>): InitResult {
  const faults: ConfigFault[] = [];
  const { values, switches } = readArguments(args, faults);
  const text = (name: OptionName): string => values.get(name) ?? env[envName(name)] ?? INIT_OPTIONS[name].fallback;
  const invalid = (name: OptionName, expected: string): void => void faults.push({ code: 'option_invalid', message: `--${name} "${text(name)}" must be ${expected}` });
  const port = (name: OptionName): number => readPort(text(name)) ?? (invalid(name, 'a port from 1 to 65535'), 0);
  const ports = (name: OptionName): readonly PortRange[] => readPorts(text(name)) ?? (invalid(name, `at most ${PORTS_MAX} ports or ranges such as 22,8000-8010`), []);
  const word = <Word extends string>(name: OptionName, words: readonly Word[]): Word => words.find((known) => known === text(name)) ?? (invalid(name, `one of ${words.join(', ')}`), words[0] as Word);
  const redirection: Redirection = {
    ...DEFAULT_REDIRECTION,
    outboundPort: port('outbound-port'),
    plainPort: port('plain-port'),
    ownPorts: ports('own-ports').flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, at) => from + at)),
    proxyUid: readWhole(text('proxy-uid'), 1, 4_294_967_294) ?? (invalid('proxy-uid', 'a user’s number above 0'), 0),
    skipInboundPorts: ports('skip-inbound-ports'),
    skipOutboundPorts: ports('skip-outbound-ports'),
    skipSubnets: readList(text('skip-subnets'), SUBNETS_MAX, readSubnet) ?? (invalid('skip-subnets', 'subnets such as 10.0.0.0/8,fd00::/8'), []),
  };
  const options: InitOptions = {
    redirection,
    mode: word('mode', ['auto', 'nft', 'legacy']),
    ipv6: word('ipv6', ['auto', 'on', 'off']),
    action: readAction(switches, faults),
    connect: readList(text('connect'), 16, readAddress) ?? (invalid('connect', 'addresses with ports such as 192.0.2.1:20001'), []),
    timeoutMs: readWhole(text('timeout-ms'), 100, 600_000) ?? (invalid('timeout-ms', 'a whole number from 100 to 600000'), 0),
  };
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'options', options };
}

/** What `agent init --help` says. */
export function initUsage(): string {
  const options = Object.entries(INIT_OPTIONS).map(([name, { value, help, fallback }]) => `  ${`--${name} ${value}`.padEnd(30)}${help}${fallback === '' ? '' : ` (default ${fallback})`}\n`);
  const switches = Object.entries(INIT_SWITCHES).map(([name, help]) => `  ${`--${name}`.padEnd(30)}${help}\n`);
  return `Usage: agent init [options]

Writes the iptables rules that send a workload's TCP connections through its proxy, in the network namespace that it runs
in. It needs the right NET_ADMIN; run again it replaces its own rules, and it touches no others.

${switches.join('')}${options.join('')}
Each option is also read from the environment, for example ${envName('skip-subnets')}.
Exit codes: 0 done, 1 could not be done, 2 wrong options.
`;
}

function envName(name: OptionName): string {
  return ENV_PREFIX + name.replaceAll('-', '_').toUpperCase();
}

function readArguments(args: readonly string[], faults: ConfigFault[]): { values: Map<OptionName, string>; switches: Set<SwitchName> } {
  const values = new Map<OptionName, string>();
  const switches = new Set<SwitchName>();
  for (let at = 0; at < args.length; at++) {
    const [, name = '', inline] = /^--([a-z0-9-]+)(?:=(.*))?$/s.exec(args[at] ?? '') ?? [];
    if (Object.hasOwn(INIT_SWITCHES, name) && inline === undefined) switches.add(name as SwitchName);
    else if (Object.hasOwn(INIT_OPTIONS, name)) {
      const value = inline ?? args[++at];
      if (value === undefined) faults.push({ code: 'option_missing', message: `--${name} needs a value` });
      else values.set(name as OptionName, value);
    } else faults.push({ code: 'option_unknown', message: `"${args[at]}" is no option; --help lists them` });
  }
  return { values, switches };
}

function readAction(switches: ReadonlySet<SwitchName>, faults: ConfigFault[]): InitOptions['action'] {
  const [first, second] = switches;
  if (second !== undefined) faults.push({ code: 'option_invalid', message: `--${first} and --${second} exclude each other` });
  return first === undefined ? 'apply' : ACTIONS[first];
}

function readWhole(text: string, min: number, max: number): number | null {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : null;
}

const readPort = (text: string): number | null => readWhole(text, 1, 65_535);

function readPorts(text: string): readonly PortRange[] | null {
  return readList(text, PORTS_MAX, (part) => {
    const [from = '', to = from, ...rest] = part.split('-');
    const range = { from: readPort(from) ?? 0, to: readPort(to) ?? 0 };
    return rest.length === 0 && range.from > 0 && range.to >= range.from ? range : null;
  });
}

function readList<Item>(text: string, lengthMax: number, read: (part: string) => Item | null): readonly Item[] | null {
  const parts = text.split(',').map((part) => part.trim()).filter((part) => part !== '');
  const items = parts.flatMap((part) => read(part) ?? []);
  return items.length === parts.length && parts.length <= lengthMax ? items : null;
}

function readSubnet(text: string): string | null {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return null;
  const most = family === 4 ? 32 : 128;
  return readWhole(bits ?? String(most), 0, most) === null ? null : `${address}/${bits ?? most}`;
}

function readAddress(text: string): SocketAddress | null {
  const parsed = parseAddress(text);
  return parsed.kind === 'address' ? parsed.address : null;
}
