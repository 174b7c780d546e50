import { afterEach, beforeEach, expect } from 'vitest';
import { ROOT } from '../root.ts';
import { sweepLeftovers } from './bed.ts';
import { Lan, type Pod, privatePlan } from './lan.ts';
import { inside, run } from './netns.ts';
import { testInNetns } from './netns-testing.ts';

const TOOLS = ['ip', 'iptables', 'ip6tables', 'setpriv'] as const;
const needsNetns = testInNetns(TOOLS);
const needsBoth = testInNetns(TOOLS, 'legacy');

let lan: Lan | null = null;
let pod: Pod;

beforeEach(() => {
  sweepLeftovers();
  lan = null;
});
afterEach(() => lan?.remove());

function makePod(): void {
  lan = new Lan(`sli${process.pid}`, privatePlan(118));
  pod = lan.addPod('a');
}

function init(...options: string[]): string {
  return pod.netns.run([process.execPath, `${ROOT}/agent/main.ts`, 'init', ...options]);
}

/** The words of an `agent init` that fails. */
function refused(...options: string[]): string {
  try {
    return `it did not fail: ${init(...options)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const saved = (command: string): string[] => pod.netns.run([`${command}-save`, '-t', 'nat']).split('\n').filter((line) => line.startsWith('-A'));

for (const mode of ['nft', 'legacy'] as const) {
  testInNetns(TOOLS, mode)(`${mode}: the rules are there once however often they are written, the validation hears itself over both families, and removal leaves nothing`, () => {
    makePod();
    expect(refused('--validate', '--timeout-ms', '300')).toContain('init_not_redirected');
    expect(init('--mode', mode)).toBe(`ipv4: connections are redirected to ports 4140 and 4142 (${mode}).\nipv6: connections are redirected to ports 4140 and 4142 (${mode}).\n`);
    const once = [saved(`iptables-${mode}`), saved(`ip6tables-${mode}`)];
    expect(once.map((lines) => lines.length)).toEqual([9, 9]);
    init('--mode', mode);
    expect([saved(`iptables-${mode}`), saved(`ip6tables-${mode}`)]).toEqual(once);
    expect(init('--validate')).toContain('What is dialled is redirected to port 4140 (ipv4 and ipv6).');
    expect(init('--remove')).toBe(`Removed: ipv4 (${mode}), ipv6 (${mode}).\n`);
    expect([saved(`iptables-${mode}`), saved(`ip6tables-${mode}`)]).toEqual([[], []]);
    expect(init('--remove')).toBe('There were no rules to remove.\n');
  });
}

needsBoth('rules of one interface replace those of the other, other options those of before, and rules of others stay', () => {
  makePod();
  pod.netns.run(['iptables-nft', '-t', 'nat', '-A', 'OUTPUT', '-p', 'tcp', '--dport', '9', '-j', 'RETURN']);
  init('--mode', 'nft', '--skip-inbound-ports', '22');
  expect(saved('iptables-nft').join('\n')).toContain('--dports 22 ');
  init('--mode', 'legacy', '--skip-inbound-ports', '23');
  expect(saved('iptables-legacy').join('\n')).toContain('--dports 23 ');
  expect(saved('iptables-nft')).toEqual(['-A OUTPUT -p tcp -m tcp --dport 9 -j RETURN']);
  expect(saved('ip6tables-nft')).toEqual([]);
});

needsNetns('the validation tells a redirection to another port, a port in use and the proxy’s user from a good one', async () => {
  makePod();
  init('--outbound-port', '5140');
  expect(refused('--validate', '--timeout-ms', '300')).toContain('init_not_redirected');
  expect(init('--validate', '--outbound-port', '5140')).toContain('port 5140');
  const asProxy = inside(pod.netns.name, [process.execPath, `${ROOT}/agent/main.ts`, 'init', '--validate', '--outbound-port', '5140', '--timeout-ms', '300'], 2102);
  expect(() => run(...asProxy)).toThrow('init_not_redirected');
  const server = `require('node:net').createServer().listen(5140, '::', () => console.log('open'))`;
  const { spawn } = await import('node:child_process');
  const child = spawn(...inside(pod.netns.name, [process.execPath, '-e', server]), { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((open) => child.stdout?.once('data', open));
  expect(refused('--validate', '--outbound-port', '5140')).toContain('init_port_in_use');
  child.kill('SIGKILL');
  await new Promise((ended) => child.once('exit', ended));
});

needsNetns('another mesh’s rules are not doubled', () => {
  makePod();
  pod.netns.run(['iptables-nft-restore', '--noflush'], '*nat\n:PROXY_INIT_OUTPUT - [0:0]\n-A PROXY_INIT_OUTPUT -p tcp -m comment --comment "proxy-init/redirect-all-outgoing-to-proxy-port/1690000000" -j REDIRECT --to-ports 4140\nCOMMIT\n');
  expect(refused()).toMatch(/Linkerd redirects .*\(init_other_mesh\)/);
});

needsNetns('an ordinary user is told which right is missing', () => {
  makePod();
  const asUser = inside(pod.netns.name, [process.execPath, `${ROOT}/agent/main.ts`, 'init'], 1000);
  expect(() => run(...asUser)).toThrow('init_not_permitted');
});

needsNetns('a dry run prints both families and changes nothing', () => {
  makePod();
  const printed = init('--dry-run', '--skip-subnets', '10.9.0.0/16,fd09::/16');
  expect(printed).toContain('# ipv4\n*nat\n');
  expect(printed).toContain('-s fd09::/16');
  expect(saved('iptables-nft')).toEqual([]);
});

needsNetns('where only loopback has IPv6 its rules are written as well, and the validation asks nothing of it', () => {
  makePod();
  pod.netns.ip('-6', 'address', 'flush', 'dev', 'eth0');
  expect(init()).toContain('ipv6: connections are redirected');
  expect(init('--validate')).toBe('What is dialled is redirected to port 4140 (ipv4).\n');
});
