import { expect, test } from 'vitest';
import { DEFAULT_REDIRECTION, hasRules, otherMesh, removeText, restoreText, rulesOf } from './rules.ts';
import type { Redirection } from './rules.ts';

const rules = (over: Partial<Redirection> = {}, family: 'ipv4' | 'ipv6' = 'ipv4'): string[] =>
  rulesOf({ ...DEFAULT_REDIRECTION, ...over }, family).map((line) => line.replace(/ -m comment --comment "[^"]+"/, ''));

test('inbound: the proxy’s own ports and the skipped ones are returned, the rest goes to 4142', () => {
  expect(rules().slice(0, 4)).toEqual([
    '-A PROXY_INIT_REDIRECT -p tcp -m multiport --dports 4143,4190,4191 -j RETURN',
    '-A PROXY_INIT_REDIRECT -p tcp -m multiport --dports 4567:4568 -j RETURN',
    '-A PROXY_INIT_REDIRECT -p tcp -j REDIRECT --to-ports 4142',
    '-A PREROUTING -p tcp -j PROXY_INIT_REDIRECT',
  ]);
});

test('outbound: the proxy’s user, loopback and skipped ports are returned, the rest goes to 4140', () => {
  expect(rules().slice(4)).toEqual([
    '-A PROXY_INIT_OUTPUT -p tcp -m owner --uid-owner 2102 -j RETURN',
    '-A PROXY_INIT_OUTPUT -o lo -p tcp -j RETURN',
    '-A PROXY_INIT_OUTPUT -p tcp -m multiport --dports 4567:4568 -j RETURN',
    '-A PROXY_INIT_OUTPUT -p tcp -j REDIRECT --to-ports 4140',
    '-A OUTPUT -p tcp -j PROXY_INIT_OUTPUT',
  ]);
});

test.each([
  ['ipv4', ['-A PROXY_INIT_REDIRECT -s 10.1.0.0/16 -p tcp -j RETURN']],
  ['ipv6', ['-A PROXY_INIT_REDIRECT -s fd00::/8 -p tcp -j RETURN']],
] as const)('a subnet is skipped in its own family: %s', (family, expected) => {
  expect(rules({ skipSubnets: ['10.1.0.0/16', 'fd00::/8'] }, family).filter((line) => line.includes(' -s '))).toEqual(expected);
});

test.each([
  [16, 0, ['1,2,3,4,5,6,7,8,9,10,11,12,13,14,15', '16']],
  [0, 8, ['100:101,110:111,120:121,130:131,140:141,150:151,160:161', '170:171']],
  [14, 1, ['1,2,3,4,5,6,7,8,9,10,11,12,13,14', '100:101']],
  [0, 0, []],
])('%i ports and %i ranges fit the kernel’s 15 ports a rule', (singles, ranges, expected) => {
  const skipOutboundPorts = [
    ...Array.from({ length: singles }, (_, at) => ({ from: at + 1, to: at + 1 })),
    ...Array.from({ length: ranges }, (_, at) => ({ from: 100 + 10 * at, to: 101 + 10 * at })),
  ];
  const lists = rules({ skipOutboundPorts }).flatMap((line) => /PROXY_INIT_OUTPUT.*--dports (\S+)/.exec(line)?.[1] ?? []);
  expect(lists).toEqual(expected);
});

const FOREIGN = '-A PREROUTING -p tcp -j KUBE-SERVICES';
const SAVED = `*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:PROXY_INIT_OUTPUT - [0:0]\n:PROXY_INIT_REDIRECT - [0:0]\n${FOREIGN}
-A PREROUTING -p tcp -m comment --comment "sidelight-init/inbound" -j PROXY_INIT_REDIRECT\n-A OUTPUT -p tcp -m comment --comment "sidelight-init/outbound" -j PROXY_INIT_OUTPUT\nCOMMIT\n`;

test('what is there already is replaced in the same step, and other rules are left alone', () => {
  const text = restoreText(DEFAULT_REDIRECTION, 'ipv4', SAVED);
  expect(text.split('\n').slice(0, 5)).toEqual([
    '*nat', ':PROXY_INIT_REDIRECT - [0:0]', ':PROXY_INIT_OUTPUT - [0:0]',
    '-D PREROUTING -p tcp -m comment --comment "sidelight-init/inbound" -j PROXY_INIT_REDIRECT',
    '-D OUTPUT -p tcp -m comment --comment "sidelight-init/outbound" -j PROXY_INIT_OUTPUT',
  ]);
  expect(text).not.toContain('KUBE-SERVICES');
  expect(text.endsWith('\nCOMMIT\n')).toBe(true);
});

test('removal takes jumps, rules and chains away, and has nothing to do where there are none', () => {
  expect(removeText(SAVED)?.split('\n').slice(-4)).toEqual(['-X PROXY_INIT_REDIRECT', '-X PROXY_INIT_OUTPUT', 'COMMIT', '']);
  expect(removeText(`*nat\n:PREROUTING ACCEPT [0:0]\n${FOREIGN}\nCOMMIT\n`)).toBeNull();
  expect([hasRules(SAVED), hasRules('')]).toEqual([true, false]);
});

test.each([
  ['-A PROXY_INIT_OUTPUT -m comment --comment "proxy-init/redirect-all-outgoing-to-proxy-port/1690" -p tcp -j REDIRECT --to-ports 4140', 'Linkerd'],
  ['-A OUTPUT -p tcp -j ISTIO_OUTPUT', 'Istio'],
  [SAVED, null],
  [FOREIGN, null],
])('another mesh’s redirection is told by its own words', (saved, mesh) => {
  expect(otherMesh(saved)).toBe(mesh);
});
