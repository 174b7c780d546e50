/**
 * The proxies of a pair are replaced at load, one after the other: a new process takes the listeners over, the old one gets
 * SIGTERM and drains. Nobody's request, stream or WebSocket may fail.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ending, openFamily } from '../children.ts';
import { freePorts } from '../ports.ts';
import { proxyProgram } from '../proxy-program.ts';
import { seeded } from '../seeded.ts';
import { openUnwinder } from '../unwind.ts';
import { openDrainApp } from './drain-app.ts';
import { type Http2Clients, openHttp2App, startHttp2Requests, startHttp2Streams } from './http2-clients.ts';
import { type Load, startLoad } from './load.ts';
import { type LongClients, startStreams, startWebSockets } from './long-clients.ts';
import { type ChaosOptions, type ChaosReport, type Scenario, atLeast, none } from './scenario.ts';
import { type StaticPair, startStaticPair } from './static-pair.ts';

const DRAINS_DEFAULT = 100;
const REQUESTS_PER_SECOND = 300;
const CONNECTIONS = 16;
const NEW_CONNECTIONS_PER_SECOND = 20;
const STREAMS = 8;
const WEB_SOCKETS = 8;
const HTTP2_CLIENTS = 4;
const HTTP2_STREAMS = 4;
const REQUEST_MS_MAX = 10_000;
/** Old processes that drain at a time: more would be a load of its own. */
const DRAINING_MAX = 3;
/** Linkerd's grace; a drain of ours ends when its last stream does. */
const DRAIN_MS_MAX = 120_000;

interface Clients {
  readonly load: Load;
  readonly http2: Http2Clients;
  readonly http2Streams: Http2Clients;
  readonly streams: LongClients;
  readonly webSockets: LongClients;
}

interface Drained {
  readonly endings: readonly Ending[];
  /** How long each old process took. */
  readonly tookMs: readonly number[];
  /** Streams and WebSockets that were open at a SIGTERM; the fewest. */
  readonly inFlightMin: number;
}

async function drainAll(pair: StaticPair, count: number, clients: Clients, { seed, say }: ChaosOptions): Promise<Drained> {
  const random = seeded(seed);
  const draining = new Set<Promise<void>>();
  const endings: Ending[] = [];
  const tookMs: number[] = [];
  let inFlightMin = Infinity;
  for (let turn = 0; turn < count; turn++) {
    const old = await pair.succeed(turn % 2 === 0 ? 'web' : 'cart');
    inFlightMin = Math.min(inFlightMin, clients.streams.counts.open, clients.webSockets.counts.open, clients.http2Streams.counts.open);
    const began = performance.now();
    const ended: Promise<void> = old.stop(DRAIN_MS_MAX).then((ending) => {
      endings.push(ending);
      tookMs.push(performance.now() - began);
      draining.delete(ended);
    });
    draining.add(ended);
    while (draining.size >= DRAINING_MAX) await Promise.race(draining);
    // Not always at the same moment of the clients' beats.
    await sleep(random() * 200);
    if ((turn + 1) % 10 === 0) say(`  ${turn + 1} SIGTERMs: ${clients.load.counts.answered} requests answered, ${clients.streams.counts.done} streams and ${clients.webSockets.counts.done} WebSockets whole`);
  }
  await Promise.all(draining);
  return { endings, tookMs, inFlightMin };
}

export async function runDrains(options: ChaosOptions): Promise<ChaosReport> {
  const count = options.count ?? DRAINS_DEFAULT;
  const started = openUnwinder();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'sidelight-drains-'));
    started.add(() => rm(folder, { recursive: true, force: true }));
    const family = openFamily();
    started.add(() => family.close());
    const app = await openDrainApp();
    started.add(() => app.close());
    const http2App = await openHttp2App();
    started.add(() => http2App.close());
    const [webAdmin = 0, webMesh = 0, cartAdmin = 0, cartMesh = 0, listen = 0, http2Listen = 0] = await freePorts(6);
    const services = [
      { name: 'cart', protocol: 'http1', listen, dialled: cartMesh, target: app.port },
      { name: 'stock', protocol: 'http2', listen: http2Listen, dialled: cartMesh, target: http2App.port },
    ] as const;
    const pair = await startStaticPair(family, await proxyProgram(), { folder, webAdmin, webMesh, cartAdmin, cartMesh, services });
    const clients: Clients = {
      load: startLoad({
        port: listen, random: seeded(options.seed + 1), nowMs: () => performance.now(), limitMs: REQUEST_MS_MAX, connections: CONNECTIONS,
        requestsPerSecond: REQUESTS_PER_SECOND, newConnectionsPerSecond: NEW_CONNECTIONS_PER_SECOND, abortedShare: 0,
      }),
      http2: startHttp2Requests(http2Listen, HTTP2_CLIENTS),
      http2Streams: startHttp2Streams(http2Listen, HTTP2_STREAMS),
      streams: startStreams(listen, STREAMS),
      webSockets: startWebSockets(listen, WEB_SOCKETS),
    };
    await sleep(1_000);
    const drained = await drainAll(pair, count, clients, options);
    await Promise.all([clients.load.stop(), clients.streams.stop(), clients.webSockets.stop(), clients.http2.stop(), clients.http2Streams.stop()]);
    return report(count, clients, drained, await pair.errors());
  } finally {
    await started.unwind();
  }
}

function report(count: number, { load: { counts }, streams, webSockets, http2, http2Streams }: Clients, { endings, tookMs, inFlightMin }: Drained, errors: readonly string[]): ChaosReport {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const seconds = (share: number): number => Number(((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) / 1000).toFixed(1));
  return {
    columns: ['', 'whole', 'failed'],
    rows: [
      ['HTTP/1.1 requests, half of them POST', counts.answered, counts.refused + counts.broken + counts.hung],
      ['HTTP/2 requests, all POST', http2.counts.done, http2.counts.failed],
      ['HTTP/2 streams of 2 s', http2Streams.counts.done, http2Streams.counts.failed],
      ['HTTP/1.1 streams of 2 s', streams.counts.done, streams.counts.failed],
      ['WebSockets of 2 s', webSockets.counts.done, webSockets.counts.failed],
      ['drains (median and longest: seconds)', seconds(0.5), seconds(1)],
    ],
    bars: [
      none('requests that failed', counts.refused + counts.broken + counts.hung + http2.counts.failed),
      none('streams that broke', streams.counts.failed + http2Streams.counts.failed),
      none('WebSockets that broke', webSockets.counts.failed),
      none('old processes that were killed or ended badly', endings.filter(({ code, killed }) => killed || code !== 0).length),
      none('errors in the proxies\' logs', errors.length),
      atLeast('processes replaced', count, endings.length),
      atLeast('streams and WebSockets in flight at each SIGTERM', 1, inFlightMin),
      atLeast('requests answered', count * 20, counts.answered),
    ],
    facts: { counts: { ...counts, reasons: Object.fromEntries(counts.reasons) }, streams: streams.counts, webSockets: webSockets.counts, http2: { ...http2.counts, repeated: http2.repeated() }, http2Streams: { ...http2Streams.counts, repeated: http2Streams.repeated() }, tookMs, errors },
  };
}

export const drainsScenario: Scenario = {
  about: 'replaces both proxies of a pair at load, by default 100 times, with streams and WebSockets in flight',
  run: runDrains,
};
