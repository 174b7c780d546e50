import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeToken } from './auth/tokens.ts';
import { testDatabase } from './db/testing.ts';
import type { TestDatabase } from './db/testing.ts';
import { caller, connectAgent, eventually, makeCluster, signUpWithOrg, testFrame, testHello, testWindow, TEST_SECRET } from './testing.ts';

const MAIN = fileURLToPath(new URL('./main.node.ts', import.meta.url));
const started = new Set<ChildProcess>();
let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(async () => {
  for (const child of started) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await database.drop();
});

interface Run { readonly child: ChildProcess; readonly ended: Promise<number | null>; out(): string; err(): string }

function run(env: Readonly<Record<string, string>>): Run {
  const child = spawn(process.execPath, [MAIN], { env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  started.add(child);
  const text = { out: '', err: '' };
  child.stdout.on('data', (bytes: Buffer) => { text.out += bytes.toString(); });
  child.stderr.on('data', (bytes: Buffer) => { text.err += bytes.toString(); });
  return { child, ended: once(child, 'close').then(([code]) => code as number | null), out: () => text.out, err: () => text.err };
}

const good = (): Record<string, string> => ({ PORT: '0', DATABASE_URL: database.serverUrl, SIDELIGHT_SECRET: TEST_SECRET });

async function urlOf(cloud: Run): Promise<string> {
  return eventually(async () => {
    const url = /"publicUrl":"([^"]+)"/.exec(cloud.out())?.[1];
    if (url === undefined) throw new Error(`not listening yet: ${cloud.out()}${cloud.err()}`);
    return url;
  });
}

test('every fault of the settings is told at once, and nothing is started', async () => {
  const cloud = run({ PORT: 'x', DATABASE_URL: 'nonsense', SIDELIGHT_SECRET: 'hunter2' });
  expect(await cloud.ended).toBe(2);
  for (const part of ['config_invalid', 'PORT "x" is no port', 'DATABASE_URL is no postgres:// URL', 'SIDELIGHT_SECRET has 7 characters']) expect(cloud.err()).toContain(part);
  expect(cloud.err()).not.toContain('hunter2');
});

test('a port that is taken is told with a code and what to do', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const cloud = run({ ...good(), PORT: String(port) });
  expect(await cloud.ended).toBe(1);
  expect(cloud.err()).toContain(`error [port_in_use] 127.0.0.1:${port} is taken by another program.`);
  other.close();
});

test('SIGTERM ends it with 0, and what was committed before kill -9 is there after the next start', async () => {
  const first = run(good());
  const url = await urlOf(first);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const person = await signUpWithOrg(url, 'shop');
  const cluster = await makeCluster(person, 'shop');
  const agent = await connectAgent(url, cluster.token);
  await agent.ask(testHello());
  const start = Math.floor(Date.now() / 10_000) * 10_000 - 20_000;
  const frame = testFrame(1, [testWindow(start, [{ requests: 11 }])]);
  expect(await agent.ask(frame)).toMatchObject({ kind: 'acknowledge' });
  first.child.kill('SIGKILL');
  await first.ended;

  const second = run({ ...good(), PORT: new URL(url).port });
  expect(await urlOf(second)).toBe(url);
  const again = await connectAgent(url, cluster.token);
  expect(await again.ask(testHello())).toMatchObject({ positions: [{ epoch: 1, sequence: 1 }] });
  await again.ask(frame);
  const total = await caller(url, person.headers).call('GET', `/api/v1/orgs/shop/clusters/${cluster.id}/series`);
  expect(total.body).toMatchObject({ total: { requests: 11 } });
  second.child.kill('SIGTERM');
  expect(await again.closed).toBe(1012);
  expect(await second.ended).toBe(0);
  const lines = second.out().trim().split('\n').map((line) => JSON.parse(line) as { requestId?: string; path?: string });
  expect(lines.some((line) => line.path?.endsWith('/series') === true && line.requestId?.startsWith('req_') === true)).toBe(true);
  for (const secret of [cluster.token, TEST_SECRET, person.password, person.headers['cookie'] ?? '?']) expect(first.out() + second.out()).not.toContain(secret);
});

/** A door to the database's port that can be shut: new connections are refused, open ones cut. */
function door(to: URL): { readonly open: (port?: number) => Promise<number>; readonly shut: () => Promise<void> } {
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  return {
    open: async (port = 0) => {
      server = createServer((inside) => {
        const outside = connect(Number(to.port), to.hostname);
        for (const socket of [inside, outside]) {
          sockets.add(socket);
          socket.on('error', () => undefined).on('close', () => {
            inside.destroy();
            outside.destroy();
            sockets.delete(socket);
          });
        }
        inside.pipe(outside).pipe(inside);
      }).listen(port, '127.0.0.1');
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    },
    shut: async () => {
      const closing = server;
      server = null;
      closing?.close();
      for (const socket of sockets) socket.destroy();
      if (closing) await once(closing, 'close');
    },
  };
}

test('without a database it starts and says so, with one it works, and it survives that one going away and coming back', async () => {
  const address = new URL(database.serverUrl);
  const gate = door(new URL(database.serverUrl));
  const port = await gate.open();
  await gate.shut();
  address.port = String(port);
  const cloud = run({ ...good(), DATABASE_URL: address.href });
  const url = await urlOf(cloud);
  const stranger = caller(url, { authorization: `Bearer ${makeToken('api', randomBytes).token}` });
  const state = async (): Promise<unknown[]> => [(await fetch(`${url}/healthz`)).status, ((await stranger.call('GET', '/api/v1/me')).body as { code: string }).code];
  expect(await state()).toEqual([503, 'unavailable']);

  await gate.open(port);
  await eventually(async () => expect(await state()).toEqual([200, 'token_invalid']));
  const person = await signUpWithOrg(url, 'away');
  const cluster = await makeCluster(person, 'away');
  const agent = await connectAgent(url, cluster.token);
  await agent.ask(testHello());
  const frame = testFrame(1, [testWindow(Math.floor(Date.now() / 10_000) * 10_000 - 20_000, [{ requests: 3 }])]);

  await gate.shut();
  expect(await agent.ask(frame)).toMatchObject({ kind: 'refused', code: 'overloaded' });
  expect(await state()).toEqual([503, 'unavailable']);
  expect(await person.call('GET', '/api/v1/me')).toMatchObject({ status: 503 });

  await gate.open(port);
  await eventually(async () => expect(await state()).toEqual([200, 'token_invalid']));
  const again = await connectAgent(url, cluster.token);
  await again.ask(testHello());
  expect(await again.ask(frame)).toEqual({ kind: 'acknowledge', epoch: 1, sequence: 1 });
  again.cut();
  cloud.child.kill('SIGTERM');
  expect(await cloud.ended).toBe(0);
  await gate.shut();
});
