import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleFingerprint, fingerprintOf } from './issuer/fingerprint.ts';
import { certify, FakeProxy } from './proxies/testing.ts';
import type { ClientIdentity } from './proxies/testing.ts';
import { AgentProcess, eventually, freePorts } from './testing.ts';

let folder: string;
let control: number;
const agents: AgentProcess[] = [];
const proxies: FakeProxy[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sidelight-rotate-'));
  [control = 0] = await freePorts(1);
  const workload = (name: string, mesh: number): string => `{ name: ${name}, namespace: shop, instances: [{ name: ${name}-1, mesh: "127.0.0.1:${mesh}", ports: [{ service: ${name}, port: 80, target: "127.0.0.1:${mesh + 4000}" }] }] }`;
  const services = '[{ name: web, namespace: shop, ports: [{ port: 80 }] }, { name: cart, namespace: shop, ports: [{ port: 80 }] }]';
  writeFileSync(join(folder, 'mesh.yaml'), `apiVersion: sidelight.dev/v1\nkind: Mesh\ncontrol: { listen: "127.0.0.1:${control}" }\nservices: ${services}\nworkloads:\n  - ${workload('web', 4143)}\n  - ${workload('cart', 4144)}\n`);
});
afterEach(async () => {
  for (const proxy of proxies.splice(0)) proxy.end();
  for (const agent of agents.splice(0)) await agent.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const state = (): string => join(folder, 'state');
const bundle = (): string => readFileSync(join(state(), 'trust-bundle.pem'), 'utf8');
const dialFacts = () => ({ port: control, trustBundle: bundle() });
const certificatesIn = (pem: string): string[] => pem.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];

function launch(args: readonly string[]): AgentProcess {
  const agent = new AgentProcess(args);
  agents.push(agent);
  return agent;
}

async function startAgent(...more: readonly string[]): Promise<AgentProcess> {
  const agent = launch(['host', '--mesh', join(folder, 'mesh.yaml'), '--state', state(), ...more]);
  await agent.logged('agent ready');
  return agent;
}

async function metric(agent: AgentProcess, name: string): Promise<number> {
  const { admin } = await agent.logged('agent ready');
  const text = await (await fetch(`http://${String(admin)}/metrics`)).text();
  return Number(new RegExp(`^sidelight_agent_${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

/** A proxy with a leaf, that trusts what it is told to and says so when it is asked to. */
class TrustingProxy {
  readonly name: string;
  leaf: ClientIdentity = { certificatePem: '', keyPem: '' };
  trusts = '';
  #link: FakeProxy | null = null;

  constructor(name: string) {
    this.name = name;
  }

  get link(): FakeProxy {
    return this.#link ?? expect.fail(`${this.name} has not joined`);
  }

  async join(): Promise<this> {
    this.trusts = bundle();
    await this.renew();
    const link = await FakeProxy.dial({ ...dialFacts(), client: this.leaf });
    proxies.push(link);
    this.#link = link;
    link.hello(`shop/host/${this.name}`, `${this.name}-1`, createHash('sha256').update(this.name).digest('hex').slice(0, 16));
    await link.next('welcome');
    return this;
  }

  async renew(): Promise<void> {
    this.leaf = await certify(dialFacts(), `shop/host/${this.name}`, readFileSync(join(state(), `tokens/shop.${this.name}`), 'utf8').trim());
  }

  async takeBundle(): Promise<string[]> {
    this.trusts = (await this.link.next('bundle')).trustBundle;
    return certificatesIn(this.trusts);
  }

  /** Of those that it trusts. */
  issuer(): string {
    const leaf = new X509Certificate(this.leaf.certificatePem);
    return certificatesIn(this.trusts).find((pem) => leaf.verify(new X509Certificate(pem).publicKey)) ?? 'nobody that it trusts';
  }

  tell(): void {
    this.link.send({ kind: 'status', ready: true, revision: 1, certificateNotAfter: null, bundleSha256: bundleFingerprint(this.trusts), anchorSha256: fingerprintOf(this.issuer()) });
  }
}

test('the old anchor is dropped only when each proxy has told that it trusts both, and that its leaf is the new one’s', async () => {
  const agent = await startAgent();
  const [web, cart] = [await new TrustingProxy('web').join(), await new TrustingProxy('cart').join()];
  const [old = ''] = certificatesIn(bundle());
  web.tell();
  cart.tell();

  const command = launch(['rotate-anchor', '--state', state(), '--wait']);
  const [first, fresh = ''] = await web.takeBundle();
  expect(first).toBe(old);
  expect(await cart.takeBundle()).toEqual([old, fresh]);
  expect(certificatesIn(bundle())).toEqual([old, fresh]);
  await eventually(() => metric(agent, 'trust_anchor_rotation_awaited_proxies')).toBe(2);
  await web.renew();
  expect(web.issuer()).toBe(old);
  web.tell();
  await eventually(() => metric(agent, 'trust_anchor_rotation_awaited_proxies')).toBe(1);
  expect(await metric(agent, 'trust_anchor_rotation_phase')).toBe(1);

  cart.tell();
  expect((await web.link.next('renew')).withinMs).toBeLessThanOrEqual(30_000);
  await cart.link.next('renew');
  expect(await metric(agent, 'trust_anchor_rotation_phase')).toBe(2);
  await web.renew();
  expect(web.issuer()).toBe(fresh);
  web.tell();
  await eventually(() => metric(agent, 'trust_anchor_rotation_awaited_proxies')).toBe(1);
  expect(certificatesIn(bundle())).toEqual([old, fresh]);

  await cart.renew();
  cart.tell();
  expect(await web.takeBundle()).toEqual([fresh]);
  expect(await cart.takeBundle()).toEqual([fresh]);
  expect(await command.exited).toBe(0);
  expect(command.stdout.split('\n')).toHaveLength(4);
  expect([certificatesIn(bundle()), existsSync(join(state(), 'ca-previous')), existsSync(join(state(), 'rotate-anchor'))]).toEqual([[fresh], false, false]);
  expect([await metric(agent, 'trust_anchor_rotation_phase'), await metric(agent, 'trust_anchor_rotation_steps_total')]).toEqual([0, 3]);
});

test('an agent that is killed within a rotation goes on with it', async () => {
  const first = await startAgent();
  expect(await launch(['rotate-anchor', '--state', state()]).exited).toBe(0);
  const [old = '', fresh = ''] = certificatesIn(bundle());
  await first.kill('SIGKILL');

  const second = await startAgent();
  expect(await metric(second, 'trust_anchor_rotation_phase')).toBe(1);
  const [web, cart] = [await new TrustingProxy('web').join(), await new TrustingProxy('cart').join()];
  expect(certificatesIn(web.trusts)).toEqual([old, fresh]);
  for (const proxy of [web, cart]) proxy.tell();
  await web.link.next('renew');
  await second.kill('SIGKILL');

  const third = await startAgent();
  expect(await metric(third, 'trust_anchor_rotation_phase')).toBe(2);
  for (const proxy of [web, cart]) await proxy.join();
  expect([web.issuer(), cart.issuer()]).toEqual([fresh, fresh]);
  for (const proxy of [web, cart]) proxy.tell();
  await eventually(() => certificatesIn(bundle())).toEqual([fresh]);
});

test('a proxy that missed the change of anchors is told when it says what it trusts', async () => {
  await startAgent();
  const [web] = [await new TrustingProxy('web').join(), await new TrustingProxy('cart').join()];
  expect(await launch(['rotate-anchor', '--state', state()]).exited).toBe(0);
  expect(await web.takeBundle()).toHaveLength(2);
  web.trusts = certificatesIn(web.trusts)[0] ?? '';
  web.tell();
  expect(await web.takeBundle()).toHaveLength(2);
});

test('proxies that never come hold a rotation up for the life of a leaf, no longer', async () => {
  const agent = await startAgent('--leaf-ttl-ms', '2000');
  const beganMs = performance.now();
  expect(await launch(['rotate-anchor', '--state', state(), '--wait']).exited).toBe(0);
  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(4_000);
  expect(await metric(agent, 'trust_anchor_rotation_steps_total')).toBe(3);
});

test.each([
  ['without a state folder', () => [], 2, 'option_missing'],
  ['with an unknown option', () => ['--now'], 2, 'option_unknown'],
  ['on a folder that no agent uses', () => ['--state', folder], 1, 'agent_not_running'],
] as const)('the command %s says what is wrong', async (_what, args, code, word) => {
  const command = launch(['rotate-anchor', ...args()]);
  expect(await command.exited).toBe(code);
  expect(command.stderr).toContain(`(${word})`);
});

test('a second request while a rotation is under way is refused, and does not begin another', async () => {
  const agent = await startAgent();
  expect(await launch(['rotate-anchor', '--state', state()]).exited).toBe(0);
  const second = launch(['rotate-anchor', '--state', state()]);
  expect(await second.exited).toBe(1);
  expect(second.stderr).toContain('(rotation_under_way)');
  writeFileSync(join(state(), 'rotate-anchor'), '');
  await agent.logged('a trust anchor rotation is under way already; the request for another is left out');
  expect(existsSync(join(state(), 'rotate-anchor'))).toBe(false);
});
