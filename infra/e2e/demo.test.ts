/** `npm start` as a person runs it: the ready line, the sign-in, a broken service, a clean end. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openApi, signIn } from '../api.ts';
import { networkPrefix } from '../demo/network.ts';
import { leftovers as namespaces } from '../netns/netns.ts';
import { freePort } from '../ports.ts';
import { ROOT } from '../root.ts';
import { until } from './harness.ts';
import { listProcesses } from './process-list.ts';

const run = promisify(execFile);
/** The bar is 60 s on a quiet machine with two cores. */
const READY_MS_MAX = 120_000;
const STOP_MS_MAX = 60_000;

let data: string;
let demos: ChildProcess[] = [];

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'sidelight-demo-'));
  await chmod(data, 0o755);
});
afterEach(async () => {
  for (const demo of demos.filter((each) => each.exitCode === null && each.signalCode === null)) {
    demo.kill('SIGTERM');
    await Promise.race([once(demo, 'exit'), new Promise((done) => setTimeout(done, STOP_MS_MAX))]);
    demo.kill('SIGKILL');
  }
  demos = [];
}, 2 * STOP_MS_MAX);
afterAll(() => rm(data, { recursive: true, force: true }));

interface Demo {
  readonly process: ChildProcess;
  output(): string;
  /** The first match of a line. */
  line(pattern: RegExp, limitMs?: number): Promise<RegExpExecArray>;
}

function startDemo(port: number, env: Readonly<Record<string, string>> = {}): Demo {
  const child = spawn('npm', ['start'], { cwd: ROOT, env: { ...process.env, PORT: String(port), SIDELIGHT_DATA: data, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  demos.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => { output += bytes.toString(); });
  return {
    process: child,
    output: () => output,
    line: (pattern, limitMs = READY_MS_MAX) => until(`a line like ${pattern} in\n${output}`, limitMs, async () => {
      if (child.exitCode !== null && !pattern.test(output)) throw new Error(`it ended with ${child.exitCode}:\n${output}`);
      return pattern.exec(output) ?? undefined;
    }).catch((error: unknown) => { throw new Error(`${error instanceof Error ? error.message : String(error)}\n${output}`); }),
  };
}

/** Processes whose command names the data folder. */
async function leftovers(): Promise<string[]> {
  return (await listProcesses()).filter(({ args }) => args.includes(data)).map(({ pid, args }) => `${pid} ${args}`);
}

/** Those, and network namespaces of that data folder. */
async function leftBehind(): Promise<string[]> {
  return [...(await leftovers()), ...namespaces(networkPrefix(data))];
}

async function childrenOf(pid: number): Promise<number[]> {
  return (await listProcesses()).filter(({ parent }) => parent === pid).map((child) => child.pid);
}

async function stopWith(signal: NodeJS.Signals, demo: Demo): Promise<number | null> {
  const ended = once(demo.process, 'exit') as Promise<[number | null]>;
  demo.process.kill(signal);
  const [code] = await Promise.race([ended, new Promise<never>((_, fail) => setTimeout(() => fail(new Error(`no end within ${STOP_MS_MAX / 1000} s:\n${demo.output()}`)), STOP_MS_MAX))]);
  return code;
}

test('ready, signed in, two clusters with edges; a break is an incident; Ctrl-C ends with 0 and leaves nothing', async () => {
  const port = await freePort();
  const demo = startDemo(port);
  const ready = await demo.line(/^ready (http:\/\/127\.0\.0\.1:\d+)$/m);
  expect(ready[1]).toBe(`http://127.0.0.1:${port}`);
  const [, email = '', password = ''] = /^demo sign-in: (\S+) (\S+)$/m.exec(demo.output()) ?? [];
  expect(demo.output().indexOf('demo sign-in:')).toBeLessThan(demo.output().indexOf('ready http'));
  const api = await signIn(openApi(ready[1] ?? ''), { email, password });

  const health = await api.call('getOnlyHealth', {});
  expect(health.clusters.map((cluster) => cluster.name).toSorted()).toEqual(['eu-west', 'us-east']);
  for (const cluster of health.clusters) {
    await until(`every kind of edge of ${cluster.name}`, 60_000, async () => {
      const { nodes, edges } = await api.call('getTopology', { params: { slug: 'demo', clusterId: cluster.id }, query: {} });
      const kinds = [
        nodes.length >= 6 && edges.length >= 6,
        edges.some((edge) => edge.tls === 'mtls'),
        edges.some((edge) => edge.source === 'outside'),
        edges.some((edge) => edge.protocol === 'opaque' && edge.golden.connections > 0),
        edges.some((edge) => edge.source !== 'outside' && edge.source.split('/')[0] !== edge.target.split('/')[0]),
      ];
      return kinds.every(Boolean);
    });
  }

  const unknown = await run(process.execPath, [join(ROOT, 'infra/demo/break.ts'), 'nobody'], { env: { ...process.env, SIDELIGHT_DATA: data } }).catch((error: { stderr: string }) => error);
  expect(unknown.stderr).toContain('error [service_unknown]');
  expect(unknown.stderr).toContain('shop/prices in eu-west');
  await run(process.execPath, [join(ROOT, 'infra/demo/break.ts'), 'prices', '--for', '20s'], { env: { ...process.env, SIDELIGHT_DATA: data } });
  await demo.line(/^webhook incident\.opened: .*/m, 45_000);
  expect(await readFile(join(data, 'webhooks.jsonl'), 'utf8')).toContain('"incident.opened"');

  expect((await leftovers()).length).toBeGreaterThan(0);
  expect(demo.output()).toMatch(/^network: (transparent, |explicit listeners .*\(.+\))/m);
  expect(await stopWith('SIGINT', demo)).toBe(0);
  expect(await leftBehind()).toEqual([]);

  // The next start keeps the account, the clusters and the data.
  const again = startDemo(port);
  await again.line(/^ready /m);
  expect(again.output()).toContain(`demo sign-in: ${email} ${password}`);
  const later = await (await signIn(openApi(ready[1] ?? ''), { email, password })).call('getOnlyHealth', {});
  expect(later.clusters.map((cluster) => cluster.id).toSorted()).toEqual(health.clusters.map((cluster) => cluster.id).toSorted());

  // Killed without a chance to clean up: its children notice, and the start after it works.
  const demoPid = Number(await readFile(join(data, 'demo', 'running.pid'), 'utf8'));
  expect((await childrenOf(demoPid)).length).toBeGreaterThan(20);
  process.kill(demoPid, 'SIGKILL');
  await until('its children are gone', 30_000, async () => (await leftovers()).length === 0);
  const third = startDemo(port);
  await third.line(/^ready /m);
  expect(await stopWith('SIGTERM', third)).toBe(0);
  expect(await leftBehind()).toEqual([]);
}, 480_000);

test('where it is asked for, the sidecars have explicit listeners, and the data of other starts stays', async () => {
  const demo = startDemo(await freePort(), { SIDELIGHT_DEMO_NETWORK: 'explicit' });
  await demo.line(/^network: explicit listeners on loopback \(SIDELIGHT_DEMO_NETWORK=explicit\)$/m);
  await demo.line(/^ready /m);
  expect(namespaces(networkPrefix(data))).toEqual([]);
  expect(await stopWith('SIGINT', demo)).toBe(0);
  expect(await leftBehind()).toEqual([]);
}, 240_000);

test('a port in use is told with its code, and nothing is started', async () => {
  const port = await freePort();
  const holder = createServer().listen(port, '127.0.0.1');
  await once(holder, 'listening');
  try {
    const demo = startDemo(port);
    const [code] = (await once(demo.process, 'exit')) as [number];
    expect(code).toBe(1);
    expect(demo.output()).toContain(`error [port_in_use] Port ${port} of 127.0.0.1 is in use`);
    expect(await leftovers()).toEqual([]);
  } finally {
    holder.close();
  }
});

test.each([/Postgres on/, /cloud and console on/, /demo sign-in:/])('Ctrl-C while it starts, after %s, ends with 0 and leaves nothing', async (line) => {
  const demo = startDemo(await freePort());
  await demo.line(line);
  expect(await stopWith('SIGINT', demo)).toBe(0);
  expect(await leftBehind()).toEqual([]);
}, 180_000);
