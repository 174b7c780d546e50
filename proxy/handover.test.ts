import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Socket, connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePorts } from './test/free-ports.ts';
import { RawClient, type TestServer, httpApp, ok, serve } from './test/raw-client.ts';
import { StaticBed, type BedConfig, type RunningProxy } from './test/static-bed.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi';

let bed: StaticBed;
let app: TestServer;
let listen = 0;
let config: BedConfig;

beforeEach(async () => {
  bed = new StaticBed();
  app = await serve(httpApp(() => ok('served')));
  [listen = 0] = await freePorts(1);
  config = {
    handover: 'proxy.sock',
    outbound: [{ listen: `127.0.0.1:${listen}`, service: 'shop/cart', port: 80, endpoints: [{ address: `127.0.0.1:${app.port}`, workload: 'shop/host/cart' }] }],
  };
});

afterEach(async () => {
  await bed.stop();
  await app.stop();
});

/** Requests on connections that are kept and on such that aren't, until told to stop; gives what went wrong. */
function load(): { stop(): Promise<{ answered: number; failures: string[] }> } {
  let running = true;
  let answered = 0;
  const failures: string[] = [];
  const callers = Array.from({ length: 8 }, async (_, at) => {
    let client: RawClient | null = null;
    while (running) {
      try {
        client ??= await RawClient.to(listen);
        const { head, body } = await client.send(at % 2 === 0 ? GET : POST).response();
        if (body === 'served') answered++;
        else failures.push(head);
        if (at % 4 > 1 || /connection: close/i.test(head)) {
          client.close();
          client = null;
        }
      } catch (error) {
        failures.push(String(error));
        client = null;
      }
    }
    client?.close();
  });
  return {
    async stop() {
      running = false;
      await Promise.all(callers);
      return { answered, failures };
    },
  };
}

async function endsAfterSigterm(proxy: RunningProxy): Promise<number> {
  proxy.signal('SIGTERM');
  return proxy.ended;
}

test('a proxy is replaced under load, again and again, without a refused connection or a failed request', async () => {
  let proxy = await bed.start('web', config);
  const running = load();
  for (let turn = 0; turn < 4; turn++) {
    const next = await bed.succeed(proxy);
    expect(await endsAfterSigterm(proxy)).toBe(0);
    proxy = next;
  }
  const { answered, failures } = await running.stop();
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(100);
  expect(proxy.log()).toContain('taking over from the process that serves here');
}, 120_000);

test('what is under way ends in the old process while the new one serves what comes', async () => {
  const unfinished: Socket[] = [];
  const stream = await serve((socket) => {
    socket.on('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      unfinished.push(socket);
    });
  });
  const finish = (): void => {
    for (const socket of unfinished.splice(0)) socket.write('3\r\nend\r\n0\r\n\r\n');
  };
  const proxy = await bed.start('web', { ...config, outbound: [{ listen: `127.0.0.1:${listen}`, service: 'shop/cart', port: 80, endpoints: [{ address: `127.0.0.1:${stream.port}`, workload: 'shop/host/cart' }] }] });
  const client = await RawClient.to(listen);
  client.send(GET);
  await client.until((received) => received.includes('\r\n\r\n'));
  await bed.succeed(proxy);
  proxy.signal('SIGTERM');
  await expect.poll(() => proxy.log(), { timeout: 20_000 }).toContain('"draining"');
  const other = await RawClient.to(listen);
  other.send(GET);
  await other.until((received) => received.includes('\r\n\r\n'));
  expect(proxy.isRunning()).toBe(true);
  finish();
  for (const one of [client, other]) expect(await one.until((received) => received.endsWith('0\r\n\r\n'))).toContain('end');
  client.close();
  expect(await proxy.ended).toBe(0);
  other.close();
  await stream.stop();
}, 120_000);

test('a new process that dies before it serves leaves everything as it was', async () => {
  const proxy = await bed.start('web', config);
  const socket = connect(join(proxy.folder, 'proxy.sock'));
  await new Promise((resolve) => socket.once('data', resolve));
  await expect(fetch(`http://${proxy.admin}/ready`)).rejects.toThrow();
  socket.destroy();
  await expect.poll(() => fetch(`http://${proxy.admin}/ready`).then(({ status }) => status, () => 0)).toBe(200);
  const client = await RawClient.to(listen);
  expect((await client.send(GET).response()).body).toBe('served');
  client.close();
  expect(proxy.log()).toContain('went away before it served');
  await bed.succeed(proxy);
  expect(await endsAfterSigterm(proxy)).toBe(0);
}, 120_000);

test('the socket for a successor is the user\'s own', async () => {
  const proxy = await bed.start('web', config);
  expect(statSync(join(proxy.folder, 'proxy.sock')).mode & 0o777).toBe(0o600);
});

test('without a predecessor a path that is there from a killed process hinders nobody', async () => {
  const proxy = await bed.start('web', config);
  proxy.signal('SIGKILL');
  await proxy.ended;
  expect(existsSync(join(proxy.folder, 'proxy.sock'))).toBe(true);
  const next = await bed.succeed(proxy);
  expect(next.log()).not.toContain('taking over');
  const client = await RawClient.to(listen);
  expect((await client.send(GET).response()).body).toBe('served');
  client.close();
});

test('every listener is handed over, however many there are, and what the new process doesn\'t want is closed', async () => {
  const ports = await freePorts(66);
  const listener = (port: number) => ({ listen: `127.0.0.1:${port}`, service: `shop/s${port}`, port: 80, endpoints: [{ address: `127.0.0.1:${app.port}`, workload: 'shop/host/cart' }] });
  const proxy = await bed.start('web', { ...config, outbound: ports.map(listener) });
  const file = JSON.parse(readFileSync(proxy.configFile, 'utf8')) as { outbound: unknown[] };
  const [dropped = 0, ...kept] = ports;
  writeFileSync(proxy.configFile, JSON.stringify({ ...file, outbound: kept.map(listener) }));
  const next = await bed.succeed(proxy);
  expect(next.log()).toContain('"listeners":67');
  expect(await endsAfterSigterm(proxy)).toBe(0);
  for (const port of [kept[0] ?? 0, kept[62] ?? 0, kept[63] ?? 0, kept.at(-1) ?? 0]) {
    const client = await RawClient.to(port);
    expect((await client.send(GET).response()).body).toBe('served');
    client.close();
  }
  await expect(RawClient.to(dropped)).rejects.toThrow();
}, 120_000);
