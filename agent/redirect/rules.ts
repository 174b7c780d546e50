/** The iptables rules that send a workload's connections through its proxy, as input of iptables-restore. Pure. */

export type Family = 'ipv4' | 'ipv6';

/** Ports from–to, ends included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export interface Redirection {
  /** Where the proxy takes what the app dials. */
  readonly outboundPort: number;
  /** Where it takes what is dialled to the app in plain text. */
  readonly plainPort: number;
  /** Mesh, tap and admin: the proxy's own ports, which are reached as they are. */
  readonly ownPorts: readonly number[];
  /** Whose connections are not redirected, or the proxy would talk to itself. */
  readonly proxyUid: number;
  readonly skipInboundPorts: readonly PortRange[];
  readonly skipOutboundPorts: readonly PortRange[];
  /** Callers of these subnets reach the app past the proxy. */
  readonly skipSubnets: readonly string[];
}

/** The field's numbers. */
export const DEFAULT_REDIRECTION: Redirection = {
  outboundPort: 4140,
  plainPort: 4142,
  ownPorts: [4143, 4190, 4191],
  proxyUid: 2102,
  skipInboundPorts: [{ from: 4567, to: 4568 }],
  skipOutboundPorts: [{ from: 4567, to: 4568 }],
  skipSubnets: [],
};

/** The field's names of the chains. */
export const INBOUND_CHAIN = 'PROXY_INIT_REDIRECT';
export const OUTBOUND_CHAIN = 'PROXY_INIT_OUTPUT';
/** Begins the comment of each rule, and says whose it is. */
const COMMENT = 'sidelight-init/';
/** The kernel's limit of the match multiport; a range counts twice. */
const MULTIPORT_MAX = 15;

/** One line of iptables-restore. */
function rule(chain: string, match: string, name: string, target: string): string {
  return `-A ${chain} ${match === '' ? '' : `${match} `}-m comment --comment "${COMMENT}${name}" -j ${target}`;
}

/** The rules in their order: the first that matches decides. */
export function rulesOf(redirection: Redirection, family: Family): readonly string[] {
  return [...inboundRules(redirection, family), ...outboundRules(redirection)];
}

function inboundRules(redirection: Redirection, family: Family): string[] {
  const { ownPorts, skipInboundPorts, skipSubnets, plainPort } = redirection;
  const subnets = skipSubnets.filter((subnet) => familyOf(subnet) === family);
  return [
    ...portRules(INBOUND_CHAIN, ownPorts.map(only), 'own-ports'),
    ...portRules(INBOUND_CHAIN, skipInboundPorts, 'skip-inbound-ports'),
    ...subnets.map((subnet) => rule(INBOUND_CHAIN, `-s ${subnet} -p tcp`, 'skip-subnet', 'RETURN')),
    rule(INBOUND_CHAIN, '-p tcp', 'redirect-inbound', `REDIRECT --to-ports ${plainPort}`),
    rule('PREROUTING', '-p tcp', 'inbound', INBOUND_CHAIN),
  ];
}

function outboundRules({ proxyUid, skipOutboundPorts, outboundPort }: Redirection): string[] {
  return [
    rule(OUTBOUND_CHAIN, `-p tcp -m owner --uid-owner ${proxyUid}`, 'proxy', 'RETURN'),
    // What an app says to itself is its own business, and the proxy's streams are delivered this way.
    rule(OUTBOUND_CHAIN, '-o lo -p tcp', 'loopback', 'RETURN'),
    ...portRules(OUTBOUND_CHAIN, skipOutboundPorts, 'skip-outbound-ports'),
    rule(OUTBOUND_CHAIN, '-p tcp', 'redirect-outbound', `REDIRECT --to-ports ${outboundPort}`),
    rule('OUTPUT', '-p tcp', 'outbound', OUTBOUND_CHAIN),
  ];
}

const only = (port: number): PortRange => ({ from: port, to: port });

function portRules(chain: string, ports: readonly PortRange[], name: string): string[] {
  return multiports(ports).map((list) => rule(chain, `-p tcp -m multiport --dports ${list}`, name, 'RETURN'));
}

function multiports(ports: readonly PortRange[]): string[] {
  const lists: string[][] = [];
  let left = 0;
  for (const { from, to } of ports) {
    const takes = from === to ? 1 : 2;
    if (left < takes) {
      lists.push([]);
      left = MULTIPORT_MAX;
    }
    lists.at(-1)?.push(from === to ? String(from) : `${from}:${to}`);
    left -= takes;
  }
  return lists.map((list) => list.join(','));
}

function familyOf(subnet: string): Family {
  return subnet.includes(':') ? 'ipv6' : 'ipv4';
}

/**
 * Input for `iptables-restore --noflush` that makes these rules the whole of ours, whatever was there before; all at
 * once or not at all. `saved`: what `iptables-save -t nat` says now.
 */
export function restoreText(redirection: Redirection, family: Family, saved: string): string {
  return table([...declarations(), ...jumpsTo(saved), ...rulesOf(redirection, family)]);
}

/** Input that takes our rules away, or null when there are none. */
export function removeText(saved: string): string | null {
  const chains = [INBOUND_CHAIN, OUTBOUND_CHAIN].filter((chain) => saved.includes(`\n:${chain} `));
  const jumps = jumpsTo(saved);
  if (chains.length === 0 && jumps.length === 0) return null;
  return table([...chains.map((chain) => `:${chain} - [0:0]`), ...jumps, ...chains.map((chain) => `-X ${chain}`)]);
}

/** Who else redirects here already: running two would send each connection through both, or round for ever. */
export function otherMesh(saved: string): string | null {
  if (/ -j ISTIO_(?:OUTPUT|INBOUND)\b/.test(saved)) return 'Istio';
  return /--comment "?proxy-init\//.test(saved) ? 'Linkerd' : null;
}

/** Whether our rules are among these. */
export function hasRules(saved: string): boolean {
  return removeText(saved) !== null;
}

/** Declaring a chain of one's own makes it, or empties it. */
function declarations(): string[] {
  return [INBOUND_CHAIN, OUTBOUND_CHAIN].map((chain) => `:${chain} - [0:0]`);
}

/** Deletions of the jumps from the kernel's chains into ours. */
function jumpsTo(saved: string): string[] {
  return saved
    .split('\n')
    .filter((line) => /^-A (?:PREROUTING|OUTPUT) /.test(line) && [INBOUND_CHAIN, OUTBOUND_CHAIN].some((chain) => line.trimEnd().endsWith(`-j ${chain}`)))
    .map((line) => line.replace(/^-A/, '-D'));
}

function table(lines: readonly string[]): string {
  return `*nat\n${lines.join('\n')}\nCOMMIT\n`;
}
