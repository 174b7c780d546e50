/** `npm run bench -- turns`: how long a turn of the proxy's event loop takes while something large is asked of it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { wholeOption } from '../test/arguments.ts';
import { freePorts } from '../test/free-ports.ts';
import { shopIdentity, StaticBed } from '../test/static-bed.ts';
import { machineLine } from './machine.ts';
import { quantileOf } from './statistics.ts';
import { markdownTable, publish } from './table.ts';

/** Ms; the issue's bar for p99.9. */
export const TURN_MS_MAX = 10;
const SERVICES = 120;
const SERIES_MIN = 5_000;
const ENDPOINTS = 10_000;
const HANDSHAKES = 100;
const SCRAPES = 20;
const LOAD_CONNECTIONS = 16;
const READY_MS_MAX = 30_000;
const USAGE = 'npm run bench -- turns [--seconds N] [--json FILE]';

const BUN = fileURLToPath(new URL('../../node_modules/.bin/bun', import.meta.url));
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const PROBE = fileURLToPath(new URL('./turns-probe.ts', import.meta.url));

/** One row of the table, ms. */
interface TurnsRow {
  readonly scenario: string;
  readonly turns: number;
  readonly p50: number;
  readonly p999: number;
  readonly longest: number;
}

interface Subject {
  readonly folder: string;
  readonly admin: string;
  readonly mesh: number;
  readonly listens: readonly number[];
  readonly probe: string;
  readonly child: ChildProcess;
  readonly bed: StaticBed;
  writeEndpoints(service: number, count: number): void;
}

/** Starts a proxy with many upstreams of one app, its own inbound port, and an access log whose output nobody reads. */
async function startSubject(appPort: number): Promise<Subject> {
  const bed = new StaticBed();
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-turns-'));
  bed.writeLeaf(folder, 'web');
  const [adminPort = 0, mesh = 0, plain = 0, probePort = 0, ...listens] = await freePorts(SERVICES + 4);
  const target = `127.0.0.1:${appPort}`;
  const endpoints = (count: number) => Array.from({ length: count }, (_, at) => ({ address: at === 0 ? target : `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}:80`, workload: `shop/host/app-${at % 50}` }));
  const write = (large: number, count: number): void => {
    const file = {
      workload: 'shop/host/web', admin: `127.0.0.1:${adminPort}`, accessLog: 'json',
      certificate: { chainFile: 'leaf.pem', keyFile: 'key.pem', trustAnchorsFile: 'anchors.pem' },
      inbound: { mesh: `127.0.0.1:${mesh}`, ports: [{ target, services: ['shop/web'], plain: `127.0.0.1:${plain}` }] },
      outbound: listens.map((listen, at) => ({ listen: `127.0.0.1:${listen}`, service: `shop/app-${at}`, port: 80, endpoints: endpoints(at === large ? count : 1) })),
    };
    writeFileSync(join(folder, 'proxy.json'), JSON.stringify(file));
  };
  write(-1, 0);
  const child = spawn(BUN, ['--preload', PROBE, MAIN, '--config', join(folder, 'proxy.json')], { env: { ...process.env, SIDELIGHT_BENCH_TURNS_PORT: String(probePort) }, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr?.resume();
  const subject = { folder, admin: `http://127.0.0.1:${adminPort}`, mesh, listens: [plain, ...listens], probe: `http://127.0.0.1:${probePort}`, child, bed, writeEndpoints: write };
  await untilReady(subject.admin);
  return subject;
}

async function untilReady(admin: string): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX;
  while (performance.now() < deadline) {
    if (await fetch(`${admin}/ready`).then((answer) => answer.ok, () => false)) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`the proxy was not ready within ${READY_MS_MAX} ms`);
}

/** Requests one after another on each connection, through every listener in turn, until told to stop. */
function startLoad(listens: readonly number[]): () => Promise<number> {
  const agent = new Agent({ keepAlive: true });
  let going = true;
  let sent = 0;
  const ask = (port: number): Promise<void> => new Promise((done) => {
    get({ host: '127.0.0.1', port, path: `/items/${sent % 50}`, agent }, (response) => response.resume().once('end', done)).once('error', () => done());
  });
  const lane = async (): Promise<void> => {
    while (going) await ask(listens[sent++ % listens.length] ?? 0);
  };
  const lanes = Array.from({ length: LOAD_CONNECTIONS }, lane);
  return async () => {
    going = false;
    await Promise.all(lanes);
    agent.destroy();
    return sent;
  };
}

async function scrape({ admin }: Subject): Promise<number> {
  const text = await (await fetch(`${admin}/metrics`)).text();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
}

async function handshakes({ bed, mesh }: Subject): Promise<void> {
  const leaf = bed.ca.issue([shopIdentity('caller')]);
  await Promise.all(Array.from({ length: HANDSHAKES }, () => new Promise<void>((done) => {
    const socket = connect({ host: '127.0.0.1', port: mesh, ca: bed.ca.certificate, cert: leaf.certificate, key: leaf.privateKey, checkServerIdentity: () => undefined });
    socket.once('secureConnect', () => socket.end()).once('close', () => done()).once('error', () => done()).resume();
  })));
}

async function updateEndpoints(subject: Subject): Promise<void> {
  for (const count of [ENDPOINTS, ENDPOINTS - 1_000, ENDPOINTS]) {
    subject.writeEndpoints(0, count);
    subject.child.kill('SIGHUP');
    await new Promise((done) => setTimeout(done, 1_500));
  }
}

/** What the loop did during `work`, under load. */
async function during(subject: Subject, scenario: string, work: () => Promise<unknown>, listens = subject.listens): Promise<TurnsRow> {
  const stop = startLoad(listens);
  await fetch(subject.probe);
  await work();
  const turns = Float64Array.from((await (await fetch(subject.probe)).json()) as number[]);
  await stop();
  const ms = (quantile: number): number => quantileOf(turns, quantile) / 1_000;
  return { scenario, turns: turns.length, p50: ms(0.5), p999: ms(0.999), longest: ms(1) };
}

async function measure(subject: Subject, seconds: number): Promise<{ readonly series: number; readonly rows: readonly TurnsRow[] }> {
  const pause = (): Promise<void> => new Promise((done) => setTimeout(done, seconds * 1_000));
  const rows = [await during(subject, 'load alone, access log to a blocked output', pause, subject.listens.slice(0, 1))];
  let series = 0;
  rows.push(await during(subject, `${SCRAPES} scrapes of /metrics`, async () => {
    for (let at = 0; at < SCRAPES; at += 1) series = await scrape(subject);
  }));
  rows.push(await during(subject, `${HANDSHAKES} TLS handshakes at once`, () => handshakes(subject)));
  rows.push(await during(subject, `updates of ${ENDPOINTS.toLocaleString('en-US')} endpoints`, () => updateEndpoints(subject)));
  return { series, rows };
}

export async function runTurnsBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { seconds: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const seconds = wholeOption('seconds', values.seconds, 10);
  const app: Server = createServer((_, response) => response.end('x'.repeat(1_024)));
  await new Promise<void>((done) => void app.listen(0, '127.0.0.1', () => done()));
  const subject = await startSubject((app.address() as AddressInfo).port);
  try {
    const { series, rows } = await measure(subject, seconds);
    const metrics = readDropped(await (await fetch(`${subject.admin}/metrics`)).text());
    const table = markdownTable([['turns under load', 'turns', 'p50 ms', 'p99.9 ms', 'longest ms'], ...rows.map(({ scenario, turns, p50, p999, longest }) => [scenario, turns.toLocaleString('en-US'), p50.toFixed(2), p999.toFixed(1), longest.toFixed(1)])]);
    const slow = rows.filter(({ p999 }) => p999 > TURN_MS_MAX);
    const text = `${machineLine()}\n${series.toLocaleString('en-US')} series; ${metrics} lines of the access log dropped\n\n${table}\n${slow.length === 0 ? '' : `\nover ${TURN_MS_MAX} ms: ${slow.map(({ scenario }) => scenario).join('; ')}\n`}`;
    publish(text, { machine: machineLine(), series, dropped: metrics, rows }, values.json);
    return slow.length === 0 && series >= SERIES_MIN && metrics > 0 ? 0 : 1;
  } finally {
    subject.child.kill('SIGKILL');
    app.close();
    app.closeAllConnections();
    rmSync(subject.folder, { recursive: true, force: true });
  }
}

function readDropped(text: string): number {
  return Number(/^sidelight_access_log_dropped_total (\d+)$/m.exec(text)?.[1] ?? 0);
}
