/** Bad days of running systems: each says with a code what is wrong and what to do, keeps serving, and recovers by itself. */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openUplinkRelay } from '../chaos/uplink-relay.ts';
import { metric } from '../chaos/settle.ts';
import type { Child } from '../children.ts';
import { keep } from '../kept.ts';
import { type PlacedWorkload, addressesNeeded, layOut } from '../mesh/layout.ts';
import { type CloudLink, type MeshPlace, agentReady, agentState, proxyReady, spawnAgent, spawnProxy, writeMeshFile } from '../mesh/processes.ts';
import { freePorts } from '../ports.ts';
import { readPostmasterFile } from '../postgres/postmaster.ts';
import { proxyProgram } from '../proxy-program.ts';
import { type App, openClient, serveApp } from './apps.ts';
import { type Member, type System, openSystem, until } from './harness.ts';

const WINDOW_MS = 1_000;
/** The agent reads a refused token anew every half minute. */
const RECOVER_MS_MAX = 90_000;
const PLANS = [{ name: 'web', namespace: 'shop', protocol: 'http1', calls: [], plain: true }] as const;

let system: System;
let member: Member;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  system = await openSystem('bad-days');
  member = await system.join('bad-days');
}, 180_000);

afterAll(async () => {
  for (const close of closers.toReversed()) await close();
  await system.close();
}, 90_000);

/** A mesh of one workload with its app and a client that counts. */
interface Small {
  readonly clusterId: string;
  readonly place: MeshPlace;
  readonly link: CloudLink;
  readonly token: string;
  readonly web: PlacedWorkload;
  readonly sent: { requests: number; broken: number };
  agent(): Child;
  startAgent(): Promise<void>;
  startProxy(): Promise<void>;
  /** The agent's log so far, whole lines. */
  log(): Promise<Record<string, unknown>[]>;
  ask(requests: number): Promise<void>;
  /** What the API has of it. */
  told(): Promise<{ requests: number; firstMs: number; lastMs: number }>;
}

interface SmallOptions {
  readonly cloudUrl?: string;
  readonly token?: string;
  readonly agentOptions?: readonly string[];
}

/** Nothing of it runs yet. */
async function makeSmall(name: string, options: SmallOptions = {}): Promise<Small> {
  const made = await member.api.call('createCluster', { params: { slug: member.slug }, body: { name } });
  const place: MeshPlace = { name, folder: join(system.folder, name), logs: join(system.folder, 'logs'), layout: layOut(PLANS, await freePorts(addressesNeeded(PLANS))) };
  await writeMeshFile(place);
  const link = { url: options.cloudUrl ?? system.origin, tokenFile: join(place.folder, 'token') };
  await keep(link.tokenFile, options.token ?? made.token.token);
  const [web] = place.layout.workloads;
  if (web === undefined) throw new Error('one workload was planned');
  const app: App = await serveApp(web.target, async (_, response) => void response.end('ok'));
  const client = openClient(web.plain ?? '', 4);
  closers.push(() => app.close(), () => client.close());
  const sent = { requests: 0, broken: 0 };
  let agent: Child | undefined;
  return {
    clusterId: made.cluster.id, place, link, token: made.token.token, web, sent,
    agent: () => agent ?? expect.fail('the agent was not started'),
    startAgent: async () => {
      agent = spawnAgent(system.family, place, link, WINDOW_MS, options.agentOptions);
      await agentReady(agent, place);
    },
    startProxy: async () => proxyReady(spawnProxy(system.family, place, web, await proxyProgram()), web),
    log: async () => (await readFile(join(place.logs, `${name}.agent.log`), 'utf8')).split('\n').slice(0, -1).filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>),
    ask: async (requests) => {
      for (let at = 0; at < requests; at += 1) {
        sent.requests += 1;
        const status = await client.get('/').then((answer) => answer.status, () => 0);
        if (status !== 200) sent.broken += 1;
        await sleep(20);
      }
    },
    told: () => toldOf(made.cluster.id),
  };
}

/** An hour around now is asked for, so that a window of a wrong time would be seen at its wrong time. */
async function toldOf(clusterId: string): Promise<{ requests: number; firstMs: number; lastMs: number }> {
  const range = { fromMs: Date.now() - 1_800_000, toMs: Date.now() + 1_800_000 };
  const { points } = await member.api.call('getSeries', { params: { slug: member.slug, clusterId }, query: { ...range, stepSeconds: 10, subject: 'workload:shop/host/web' } });
  const busy = points.filter((point) => point.requests > 0);
  return { requests: busy.reduce((sum, point) => sum + point.requests, 0), firstMs: busy[0]?.startMs ?? 0, lastMs: busy.at(-1)?.startMs ?? 0 };
}

async function untilTold(small: Small): Promise<void> {
  await until(`all ${small.sent.requests} requests are told`, RECOVER_MS_MAX, async () => (await small.told()).requests >= small.sent.requests);
  expect([(await small.told()).requests, small.sent.broken]).toEqual([small.sent.requests, 0]);
}

async function untilLogged(small: Small, code: string): Promise<Record<string, unknown>> {
  return until(`the agent logs ${code}`, RECOVER_MS_MAX, async () => (await small.log()).find((line) => line['code'] === code));
}

/** Given its right token by the first test, and looked at again by the last. */
let mended: Small;

test('a cluster’s token that is wrong is told with its page, and the mesh serves', async () => {
  const small = await makeSmall('token', { token: 'sla_wrong' });
  await small.startAgent();
  await small.startProxy();
  const line = await untilLogged(small, 'token_invalid');
  expect(line).toMatchObject({ level: 'error', status: 401, remedy: expect.stringContaining('token file'), page: `${system.origin}/docs/errors/token_invalid` });
  expect((await fetch(String(line['page']))).status).toBe(200);
  expect(JSON.stringify(await small.log())).not.toContain('sla_wrong');
  await small.ask(20);
  expect(small.sent.broken).toBe(0);
  await writeFile(small.link.tokenFile, `${small.token}\n`);
  mended = small;
}, 240_000);

test('a newer agent is refused with a code, waits long, and its mesh serves; nothing crashes or loops', async () => {
  const relay = await openUplinkRelay({ toPort: Number(new URL(system.origin).port), share: 0, random: () => 0.5, alter: (message) => (message.kind === 'hello' ? { ...message, wire: message.wire + 1 } : message) });
  closers.push(() => relay.close());
  const small = await makeSmall('newer', { cloudUrl: `http://127.0.0.1:${relay.port}` });
  await small.startAgent();
  await small.startProxy();
  const line = await untilLogged(small, 'wire_version');
  expect(line).toMatchObject({ level: 'error', remedy: 'upgrade the agent', reason: expect.stringMatching(/version 2, this cloud 1/) });
  expect(Number(line['retryInMs'])).toBeGreaterThanOrEqual(60_000);
  await small.ask(50);
  expect([relay.counts.connections, small.agent().isRunning(), small.sent.broken]).toEqual([1, true, 0]);
}, 240_000);

test.each([600_000, -600_000])('an agent whose clock is %i ms off has its windows at the right time by the cloud’s clock', async (offsetMs) => {
  const beganMs = Date.now();
  const small = await makeSmall(offsetMs > 0 ? 'ahead' : 'behind', { agentOptions: ['--clock-offset-ms', String(offsetMs)] });
  await small.startAgent();
  await small.startProxy();
  await small.ask(30);
  await untilTold(small);
  const { firstMs, lastMs } = await small.told();
  expect(firstMs).toBeGreaterThanOrEqual(beganMs - 11_000);
  expect(lastMs).toBeLessThanOrEqual(Date.now());
  expect((await small.log()).map((line) => line['code'])).toContain(offsetMs > 0 ? 'clock_stepped' : 'clock_moved');
}, 240_000);

/** Makes the disk of the agent's state folder refuse everything, and mends it again. */
interface BadDisk {
  readonly code: string;
  prepare(state: string): Promise<void>;
  break(small: Small): Promise<void>;
  mend(small: Small): Promise<void>;
}

/** A file system of 2 MiB that something else fills: only root may mount one. */
const FULL_DISK: BadDisk = {
  code: 'spool_write_failed',
  prepare: async (state) => {
    await mkdir(state, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0700', 'tmpfs', state]);
    closers.push(() => execFileSync('umount', ['-l', state]));
  },
  break: async ({ place }) => {
    const ballast = join(agentState(place), 'ballast');
    for (let kib = 1_024; kib >= 4; kib /= 2) await writeFile(ballast, Buffer.alloc(kib * 1_024), { flag: 'a' }).catch(() => undefined);
    await writeFile(ballast, Buffer.alloc(8_192), { flag: 'a' }).catch(() => undefined);
  },
  mend: ({ place }) => rm(join(agentState(place), 'ballast')),
};

/** For anybody else: the agent comes back to a spool that it may not write. */
const READ_ONLY: BadDisk = {
  code: 'spool_unusable',
  prepare: async () => undefined,
  break: async (small) => {
    small.agent().signal('SIGKILL');
    await small.agent().ended;
    await chmod(join(agentState(small.place), 'spool'), 0o500);
    await small.startAgent().then(() => expect.fail('it started on a spool that it can’t write'), () => undefined);
  },
  mend: async (small) => {
    await chmod(join(agentState(small.place), 'spool'), 0o700);
    await small.startAgent();
  },
};

test('a disk that takes nothing is told with what to do; the mesh serves, and with space again nothing is lost', async () => {
  const disk = process.getuid?.() === 0 ? FULL_DISK : READ_ONLY;
  const small = await makeSmall('disk');
  await disk.prepare(agentState(small.place));
  await small.startAgent();
  await small.startProxy();
  await small.ask(20);
  await until('the first requests are told', RECOVER_MS_MAX, async () => (await small.told()).requests > 0);
  await disk.break(small);
  // A page of the disk that was begun takes some frames yet.
  const text = await until(`the agent says ${disk.code}`, RECOVER_MS_MAX, async () => {
    await small.ask(20);
    const log = await readFile(join(small.place.logs, 'disk.agent.log'), 'utf8');
    return log.includes(disk.code) && log;
  });
  await small.ask(50);
  expect(text).toMatch(/free some space|free space/);
  await disk.mend(small);
  await untilTold(small);
}, 240_000);

test('Postgres killed: the API says so with a code, agents wait, and everything is back by itself with nothing lost', async () => {
  const small = await makeSmall('postgres');
  await small.startAgent();
  await small.startProxy();
  await small.ask(20);
  const postmaster = async (): Promise<number> => (await readPostmasterFile(join(system.folder, 'postgres', 'data')))?.pid ?? 0;
  const pid = await postmaster();
  expect(pid).toBeGreaterThan(1);
  process.kill(pid, 'SIGKILL');
  const answers = new Set<string>();
  const looking = until('Postgres is another process', 60_000, async () => {
    const response = await fetch(`${system.origin}/api/v1/me`, { headers: { authorization: 'Bearer slo_unknown' }, signal: AbortSignal.timeout(40_000) });
    const { code, type } = (await response.json()) as { code: string; type: string };
    answers.add(`${response.status} ${code} ${type}`);
    const now = await postmaster();
    return now > 1 && now !== pid;
  });
  await Promise.all([looking, small.ask(50)]);
  await untilTold(small);
  // While it is away the API says so, or waits for it for a moment; it never says that the fault is its own.
  const honest = ['503 unavailable /docs/errors/unavailable', '401 token_invalid /docs/errors/token_invalid'];
  expect([...answers].filter((answer) => !honest.includes(answer))).toEqual([]);
  expect(await metric(small.place.layout.agentAdmin, 'sidelight_agent_spool_dropped_frames')).toBe(0);
}, 240_000);

test('the right token is taken without a restart, and what was counted before it is not lost', async () => {
  await untilTold(mended);
}, 240_000);
