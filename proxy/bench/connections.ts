/** `npm run bench -- connections`: CPU of the callee's hop for each new mutual TLS connection that carries one request. */
import { connect as connectHttp2 } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';
import { parseArgs } from 'node:util';
import { wholeOption } from '../test/arguments.ts';
import { MESH_VERSION_SETTING } from '../wire/mesh.ts';
import { MESH_WIRE_VERSION } from '../wire/version.ts';
import { startArena, type Arena, type Contender } from './contenders.ts';
import { benchProgram, hasPrograms } from './executable.ts';
import { machineLine, pin } from './machine.ts';
import { cpuUs } from './process-cost.ts';
import { median } from './statistics.ts';
import { markdownTable, publish } from './table.ts';

const CONNECTIONS_DEFAULT = 1_000;
const ROUNDS_DEFAULT = 3;
const OPENING_MAX = 4;
const PROXY_CORE = 0;
const GET = 'GET /bench HTTP/1.1\r\nHost: bench\r\n\r\n';
const USAGE = 'npm run bench -- connections [--rounds N] [--connections N] [--json FILE] [--source]';

type Leaf = ReturnType<Arena['issue']>;
type Hop = NonNullable<Contender['mesh']>;

interface Readable {
  on(event: 'data', listener: (bytes: Buffer) => void): unknown;
}

/** Resolves when a whole answer of HTTP/1.1 came. */
function answerOn(stream: Readable, send: () => void): Promise<void> {
  return new Promise((done, failed) => {
    let seen = '';
    stream.on('data', (bytes) => {
      seen += bytes.toString('latin1');
      const end = seen.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!seen.startsWith('HTTP/1.1 200')) failed(new Error(seen.slice(0, 200)));
      else if (seen.length - end - 4 >= Number(/content-length: (\d+)/i.exec(seen)?.[1] ?? 0)) done();
    });
    send();
  });
}

function openTls(hop: Hop, leaf: Leaf): Promise<TLSSocket> {
  const alpn = hop.spoken === 'sidelight' ? {} : { ALPNProtocols: [hop.spoken] };
  return new Promise((done, failed) => {
    const socket = connect({ host: '127.0.0.1', port: hop.port, ca: leaf.trust, cert: leaf.certificate, key: leaf.privateKey, checkServerIdentity: () => undefined, ...alpn });
    socket.once('secureConnect', () => done(socket)).once('error', failed);
  });
}

/** One request inside HTTP/2: of ours as bytes in a CONNECT stream, of HAProxy as a stream. */
function askHttp2(socket: TLSSocket, hop: Hop, target: string): Promise<void> {
  const settings = hop.spoken === 'sidelight' ? { customSettings: { [MESH_VERSION_SETTING]: MESH_WIRE_VERSION } } : {};
  const session = connectHttp2('https://bench', { createConnection: () => socket, settings: { enablePush: false, ...settings } });
  if (hop.spoken === 'sidelight') {
    const stream = session.request({ ':method': 'CONNECT', ':authority': target, 'sidelight-service': 'shop/app', 'sidelight-protocol': 'http1' });
    return answerOn(stream, () => stream.once('response', () => stream.write(GET))).finally(() => session.destroy());
  }
  const stream = session.request({ ':path': '/bench' });
  return new Promise<void>((done, failed) => void stream.on('data', () => undefined).once('end', () => done()).once('error', failed)).finally(() => session.destroy());
}

async function openOne(hop: Hop, leaf: Leaf, target: string): Promise<void> {
  const socket = await openTls(hop, leaf);
  await (hop.spoken === 'http/1.1' ? answerOn(socket, () => void socket.write(GET)) : askHttp2(socket, hop, target));
  socket.destroy();
}

/** CPU ms of the callee for each of `count` connections. */
async function measure({ mesh, pids }: Contender, leaf: Leaf, target: string, count: number): Promise<number> {
  const callee = pids.at(-1) ?? -1;
  if (mesh === undefined) throw new Error('the app is no hop');
  const before = cpuUs(callee);
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await openOne(mesh, leaf, target);
  };
  await Promise.all(Array.from({ length: OPENING_MAX }, worker));
  return (cpuUs(callee) - before) / 1_000 / count;
}

/** Runs; resolves with the exit code. */
export async function runConnectionsBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: 'string' }, connections: { type: 'string' }, json: { type: 'string' }, source: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const rounds = wholeOption('rounds', values.rounds, ROUNDS_DEFAULT);
  const count = wholeOption('connections', values.connections, CONNECTIONS_DEFAULT);
  if (!hasPrograms(['haproxy', 'taskset'])) return 2;
  const arena = await startArena(benchProgram(values.source));
  try {
    for (const { pids } of arena.contenders) for (const pid of pids) pin(pid, PROXY_CORE);
    const leaf = arena.issue('caller');
    const target = `127.0.0.1:${arena.app.port}`;
    const results = arena.contenders.map((contender) => ({ contender, ms: [] as number[] }));
    for (const { contender } of results) await measure(contender, leaf, target, 200);
    for (let round = 0; round < rounds; round++) for (const { contender, ms } of results) ms.push(await measure(contender, leaf, target, count));
    const rows = results.map(({ contender, ms }) => ({ name: contender.name, ms: median(ms), all: ms }));
    const report = { machine: machineLine(), date: new Date().toISOString().slice(0, 10), rounds, connections: count, rows };
    const table = markdownTable([['new mTLS connection with one request', 'callee’s CPU ms'], ...rows.map(({ name, ms }) => [name, ms.toFixed(2)])]);
    publish(`${table}\n\n${report.date}, ${report.machine}; medians of ${rounds} interleaved rounds of ${count} connections, no resumption.`, report, values.json);
    return 0;
  } finally {
    await arena.stop();
  }
}
