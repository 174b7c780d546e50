/** A leak of one object a connection takes hours to show in a process's memory; here it is counted. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HostFacts } from './host-protocol.ts';
import { Pair, eventually } from './pair.ts';
import { RawClient, type TestServer, httpApp, ok, serve } from './raw-client.ts';

/** Connections of the first part, in which pools, caches and compiled code grow, and of the second. */
const WARM_UP = 300;
const COUNTED = 900;
const AT_ONCE = 20;
/** What one connection of any kind would at least leave behind: a third of the connections are of each. */
const LEFT_MAX = COUNTED / 3 / 4;
/** The runtime's sockets with their handlers, our closures and what they hold, timers' promises, buffers. */
const CLASSES = ['TCPSocket', 'TLSSocket', 'SocketHandlers', 'Function', 'JSLexicalEnvironment', 'Promise', 'Uint8Array'] as const;

let pair: Pair<'echo' | 'opaque' | 'slow'>;
const apps: TestServer[] = [];

beforeAll(async () => {
  const echo = await serve(httpApp((request) => ok(request)));
  const opaque = await serve((socket) => socket.on('end', () => socket.end()).on('data', (bytes: Buffer) => void socket.write(bytes)));
  const slow = await serve(() => undefined);
  apps.push(echo, opaque, slow);
  pair = await Pair.start({ echo: { port: echo.port, protocol: 'http1' }, opaque: { port: opaque.port, protocol: 'opaque' }, slow: { port: slow.port, protocol: 'http1' } });
}, 30_000);

afterAll(async () => {
  await pair.stop();
  await Promise.all(apps.map((app) => app.stop()));
});

/** By turns: two requests and an orderly end, an opaque one, and a request that its caller breaks off. */
async function connection(index: number): Promise<void> {
  const kind = (['echo', 'opaque', 'slow'] as const)[index % 3] ?? 'echo';
  const client = await RawClient.to(pair.out[kind]);
  if (kind === 'opaque') {
    await client.send('over').until((received) => received === 'over');
  } else {
    // One path for all: the templates of 512 paths are remembered.
    client.send('GET /items HTTP/1.1\r\nHost: a\r\n\r\n');
    if (kind === 'echo') {
      await client.response();
      await client.send('POST /again HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi').response();
    } else {
      await new Promise((done) => setTimeout(done, index % 7));
      client.socket.resetAndDestroy();
      return;
    }
  }
  client.socket.end();
  await client.end();
  client.close();
}

async function connections(count: number): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await connection(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** What both processes hold once nothing is in flight. */
async function held(): Promise<readonly HostFacts['objects'][]> {
  const quiet = async (one: Pair<'echo'>['web']): Promise<HostFacts['objects']> => {
    // Idle connections to an app end after a second and a half.
    await eventually(() => one.facts(), ({ open, connections: by }) => open.exchanges === 0 && (by['inbound dst'] ?? 0) === 0 && (by['outbound src'] ?? 0) === 0, 15_000);
    await one.collected();
    return (await one.collected()).objects;
  };
  return Promise.all([quiet(pair.web), quiet(pair.cart)]);
}

test('connections leave nothing behind, whether they end in order, are opaque or break', async () => {
  await connections(WARM_UP);
  const before = await held();
  await connections(COUNTED);
  const after = await held();
  const grown = after.map((objects, side) => Object.fromEntries(CLASSES.map((name) => [name, (objects[name] ?? 0) - (before[side]?.[name] ?? 0)])));
  for (const side of grown) for (const name of CLASSES) expect(side[name], JSON.stringify(grown)).toBeLessThan(LEFT_MAX);
}, 60_000);
