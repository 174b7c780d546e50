/** `npm run bench -- start`: from the process's start to ready, and the first request after it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { wholeOption } from '../test/arguments.ts';
import { freePorts } from '../test/free-ports.ts';
import { StaticBed, shopIdentity, type Program } from '../test/static-bed.ts';
import { benchProgram } from './executable.ts';
import { openIdle } from './idle-connections.ts';
import { machineLine } from './machine.ts';
import { median } from './statistics.ts';
import { markdownTable, publish } from './table.ts';

const STARTS_DEFAULT = 15;
const LOOK_MS = 1;
const READY_MS_MAX = 20_000;
const USAGE = 'npm run bench -- start [--starts N] [--json FILE] [--source]';
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

interface Start {
  readonly readyMs: number;
  readonly firstRequestMs: number;
}

function startApp(): Promise<Server> {
  const server = createServer((socket) => void socket.on('data', () => socket.write(ANSWER)).on('error', () => undefined));
  return new Promise((done) => void server.listen(0, '127.0.0.1', () => done(server)));
}

async function untilReady(admin: string, child: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + READY_MS_MAX;
  while (performance.now() < deadlineMs && child.exitCode === null) {
    if ((await fetch(`http://${admin}/ready`).then(({ status }) => status, () => 0)) === 200) return;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
  throw new Error(`the proxy was not ready within ${READY_MS_MAX} ms`);
}

/** Starts the caller's proxy of a pair whose other side runs, asks once, and ends it. */
async function measureStart(folder: string, program: Program, endpoint: object): Promise<Start> {
  const [admin = 0, listen = 0, mesh = 0] = await freePorts(3);
  const local = (port: number): string => `127.0.0.1:${port}`;
  const configFile = join(folder, 'proxy.json');
  writeFileSync(configFile, JSON.stringify({
    workload: 'shop/host/caller', admin: local(admin), certificate: { chainFile: 'leaf.pem', keyFile: 'key.pem', trustAnchorsFile: 'anchors.pem' },
    inbound: { mesh: local(mesh) }, outbound: [{ listen: local(listen), service: 'shop/app', port: 80, endpoints: [endpoint] }],
  }));
  if (program.kind === 'source') throw new Error('the start is that of the executable');
  const beganMs = performance.now();
  const child = spawn(program.path, ['--config', configFile], { stdio: 'ignore' });
  const ended = new Promise((done) => void child.once('close', done));
  try {
    await untilReady(local(admin), child);
    const readyMs = performance.now() - beganMs;
    const askedMs = performance.now();
    (await openIdle(listen, 1)).close();
    return { readyMs, firstRequestMs: performance.now() - askedMs };
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

/** Runs; resolves with the exit code. */
export async function runStartBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { starts: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const starts = wholeOption('starts', values.starts, STARTS_DEFAULT);
  const program = benchProgram(false);
  const app = await startApp();
  const bed = new StaticBed();
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-start-'));
  try {
    bed.writeLeaf(folder, 'caller');
    const target = `127.0.0.1:${(app.address() as AddressInfo).port}`;
    const [meshPort = 0] = await freePorts(1);
    const mesh = `127.0.0.1:${meshPort}`;
    await bed.start('app', { inbound: { mesh, ports: [{ target, services: ['shop/app'] }] } }, program);
    const endpoint = { address: target, workload: 'shop/host/app', mesh: { address: mesh, identity: shopIdentity('app') } };
    const all: Start[] = [];
    for (let at = 0; at < starts; at++) all.push(await measureStart(folder, program, endpoint));
    const readyMs = median(all.map((one) => one.readyMs));
    const firstRequestMs = median(all.map((one) => one.firstRequestMs));
    const report = { machine: machineLine(), date: new Date().toISOString().slice(0, 10), starts, readyMs, firstRequestMs, all };
    const table = markdownTable([[`${starts} starts, median`, 'to ready ms', 'first request ms'], ['Sidelight', readyMs.toFixed(0), firstRequestMs.toFixed(1)]]);
    publish(`${table}\n\n${report.date}, ${report.machine}; the first request includes the link's handshake.`, report, values.json);
    return 0;
  } finally {
    await bed.stop();
    app.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
