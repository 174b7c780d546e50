/**
 * Seven network faults × HTTP/1.1 (alone and in pipelines), opaque TCP, HTTP/2 and gRPC × three places × both directions, with requests
 * that carry nonces. A request may fail; it may not hang, get somebody else's answer, or be done twice.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Family, openFamily } from '../children.ts';
import { freePorts } from '../ports.ts';
import { proxyProgram } from '../proxy-program.ts';
import { seeded } from '../seeded.ts';
import { type Unwinder, openUnwinder } from '../unwind.ts';
import { type NonceApp, Sightings, openHttpApp, openTcpApp } from './nonce-app.ts';
import { type NonceClient, type Outcome, openHttpClient, openTcpClient } from './nonce-client.ts';
import { openGrpcClient, openHttp2App, openHttp2Client } from './nonce-http2.ts';
import { drawRequest } from './nonce.ts';
import { openPipelineClient } from './pipeline-client.ts';
import { type ChaosOptions, type ChaosReport, type Scenario, atLeast, none } from './scenario.ts';
import { type PairPlan, type StaticPair, startStaticPair } from './static-pair.ts';
import { type Direction, type Toxic, type ToxicKind, type ToxicRelay, openToxicRelay } from './toxic.ts';

const PROTOCOLS = ['http1', 'pipelined', 'opaque', 'http2', 'grpc'] as const;
/** How a service of each is declared. */
const DECLARED = { http1: 'http1', pipelined: 'http1', opaque: 'opaque', http2: 'http2', grpc: 'http2' } as const satisfies Record<Protocol, string>;
/** Between client and proxy, between the proxies, between proxy and app. */
const PLACES = ['client', 'hop', 'server'] as const;
const DIRECTIONS = ['up', 'down'] as const;
const KINDS = ['latency', 'bandwidth', 'slow-close', 'timeout', 'reset', 'slice', 'cut'] as const satisfies readonly Exclude<ToxicKind, 'none'>[];

type Protocol = (typeof PROTOCOLS)[number];
type Place = (typeof PLACES)[number];
type HarmKind = (typeof KINDS)[number];

const COUNT_DEFAULT = 5_000;
/** Requests of one lane at a time: more than a client's connections, so that some wait. */
const AT_ONCE = 10;
/** A toxic holds things up for some seconds, the proxy's own waits take 10 s; what takes longer than this has hung. */
export const HUNG_MS = 40_000;
/** Of the connections that go through a toxic relay. */
const TOXICITY = 0.7;
/** One link of the hop, or one connection of HTTP/2, carries all of a lane's requests: it is cut off between so many, so that the toxics meet connections of every age. */
const REQUESTS_PER_LINK = 7;
/** From so many requests on each toxic meets connections at each place. */
const EACH_PLACE_MIN = 2_000;
/** So long a reset takes to be seen by everyone on a busy machine. */
const DROPPED_MS = 100;
/** What is under way ends by itself within this once nobody asks any more. */
const QUIET_MS_MAX = 15_000;

const CLIENTS = { http1: openHttpClient, pipelined: openPipelineClient, opaque: openTcpClient, http2: openHttp2Client, grpc: openGrpcClient } as const satisfies Record<Protocol, (port: number, limitMs: number) => NonceClient>;

/** A service of its own per protocol, place and direction, with a relay in its way. */
interface Lane {
  readonly protocol: Protocol;
  readonly place: Place;
  readonly direction: Direction;
  readonly relay: ToxicRelay;
  readonly client: NonceClient;
  readonly random: () => number;
}

interface Cell {
  readonly protocol: Protocol;
  readonly place: Place;
  readonly direction: Direction;
  readonly kind: HarmKind | 'none';
  readonly outcomes: Record<Outcome, number>;
  /** Nonces of requests that hung, to look for in logs. */
  readonly hung: readonly string[];
  /** Connections that the toxic did something to. */
  readonly bites: number;
}

/** A toxic of that kind with sizes and times by chance, none of which takes as long as a hung request. */
export function drawToxic(kind: HarmKind, random: () => number): Toxic {
  const afterBytes = Math.floor(random() ** 2 * 60_000);
  switch (kind) {
    case 'latency':
      return { kind, delayMs: 5 + random() * 100, jitterMs: 50 };
    case 'bandwidth':
      return { kind, bytesPerSecond: 100_000 + Math.floor(random() * 400_000) };
    case 'slow-close':
      return { kind, delayMs: 200 + random() * 1_500 };
    case 'timeout':
      return { kind, afterBytes, closeMs: 200 + random() * 1_500 };
    case 'reset':
    case 'cut':
      return { kind, afterBytes };
    case 'slice':
      return { kind, bytesMax: 500 + Math.floor(random() * 2_000), gapMs: Math.floor(random() * 3) };
    default:
      return kind satisfies never;
  }
}

async function runCell(lane: Lane, kind: HarmKind | 'none', count: number): Promise<Cell> {
  const { relay, random, direction, protocol, place } = lane;
  const healthy: Toxic = { kind: 'none' };
  relay.draw = () => {
    const toxic = kind === 'none' || random() >= TOXICITY ? healthy : drawToxic(kind, random);
    return direction === 'up' ? { up: toxic, down: healthy } : { up: healthy, down: toxic };
  };
  const before = relay.bites.get(kind) ?? 0;
  const outcomes: Record<Outcome, number> = { answered: 0, refused: 0, broken: 0, hung: 0, swapped: 0, damaged: 0 };
  const hung: string[] = [];
  let next = 0;
  const worker = async (end: number): Promise<void> => {
    while (next < end) {
      const index = next++;
      const asked = drawRequest(`${protocol}-${place}-${direction}-${kind}`, index, random);
      const outcome = await lane.client.send(asked);
      outcomes[outcome] += 1;
      if (outcome === 'hung') hung.push(asked.nonce);
    }
  };
  const round = place === 'hop' || DECLARED[protocol] === 'http2' ? REQUESTS_PER_LINK : count;
  while (next < count) {
    // Connections from before are gone, and known to be gone, before these requests begin.
    relay.drop();
    lane.client.forget?.();
    await sleep(DROPPED_MS);
    const end = Math.min(count, next + round);
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, round) }, () => worker(end)));
  }
  return { protocol, place, direction, kind, outcomes, hung, bites: (relay.bites.get(kind) ?? 0) - before };
}

/** A healthy cell first: it shows that the bed itself works. */
async function runLane(lane: Lane, counts: readonly number[], say: (line: string) => void): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const [at, kind] of (['none', ...KINDS] as const).entries()) cells.push(await runCell(lane, kind, counts[at] ?? 1));
  say(`  ${lane.protocol} ${lane.place} ${lane.direction}: done`);
  return cells;
}

interface Bed {
  readonly lanes: readonly Lane[];
  readonly pair: StaticPair;
  readonly sightings: Sightings;
}

interface BedParts {
  readonly family: Family;
  readonly folder: string;
  readonly seed: number;
  readonly started: Unwinder;
}

async function openBed({ family, folder, seed, started }: BedParts): Promise<Bed> {
  const sightings = new Sightings();
  const http = await openHttpApp(sightings);
  const tcp = await openTcpApp(sightings);
  const http2 = await openHttp2App(sightings);
  for (const app of [http, tcp, http2]) started.add(() => app.close());
  const apps: Record<Protocol, NonceApp> = { http1: http, pipelined: http, opaque: tcp, http2, grpc: http2 };
  const places = PROTOCOLS.flatMap((protocol) => PLACES.flatMap((place) => DIRECTIONS.map((direction) => ({ protocol, place, direction }))));
  const [webAdmin = 0, webMesh = 0, cartAdmin = 0, cartMesh = 0, ...listens] = await freePorts(4 + places.length);
  const lanes: Lane[] = [];
  const services: PairPlan['services'][number][] = [];
  for (const [at, { protocol, place, direction }] of places.entries()) {
    const listen = listens[at] ?? 0;
    const random = seeded(seed + at);
    // Each service has a target of its own, since the callee knows a service's protocol by its port.
    const app = await openToxicRelay(apps[protocol].port, random);
    const relay = place === 'server' ? app : await openToxicRelay(place === 'client' ? listen : cartMesh, random);
    for (const one of new Set([app, relay])) started.add(() => one.close());
    const dial = place === 'client' ? relay.port : listen;
    const client = CLIENTS[protocol](dial, HUNG_MS);
    started.add(() => client.close());
    lanes.push({ protocol, place, direction, relay, client, random });
    services.push({ name: `${protocol}-${place}-${direction}`, protocol: DECLARED[protocol], listen, dialled: place === 'hop' ? relay.port : cartMesh, target: app.port });
  }
  const pair = await startStaticPair(family, await proxyProgram(), { folder, webAdmin, webMesh, cartAdmin, cartMesh, services });
  return { lanes, pair, sightings };
}

interface Left {
  readonly exchanges: number;
  /** Lines of /metrics that tell which ones, to find the fault by. */
  readonly lines: readonly string[];
}

/** What is still open in the proxies once all is quiet. */
async function leftOpen(pair: StaticPair): Promise<Left> {
  const deadline = performance.now() + QUIET_MS_MAX;
  for (;;) {
    const { exchanges } = await pair.open();
    if (exchanges === 0) return { exchanges, lines: [] };
    if (performance.now() > deadline) return { exchanges, lines: await pair.openLines() };
    await sleep(100);
  }
}

export async function runFaults(options: ChaosOptions): Promise<ChaosReport> {
  const started = openUnwinder();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'sidelight-faults-'));
    started.add(() => rm(folder, { recursive: true, force: true }));
    const family = openFamily();
    started.add(() => family.close());
    const bed = await openBed({ family, folder, seed: options.seed, started });
    const cells = KINDS.length + 1;
    const total = options.count ?? COUNT_DEFAULT;
    const all = await Promise.all(bed.lanes.map((lane, at) => runLane(lane, shares(total, bed.lanes.length * cells).slice(at * cells, (at + 1) * cells), options.say)));
    const ended = { web: !bed.pair.web.isRunning(), cart: !bed.pair.cart.isRunning() };
    return report(all.flat(), bed.sightings, { left: await leftOpen(bed.pair), errors: await bed.pair.errors(), crashed: Object.values(ended).filter(Boolean).length });
  } finally {
    await started.unwind();
  }
}

/** A total shared out as evenly as whole numbers go, at least one each. */
function shares(total: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, at) => Math.max(1, Math.floor(((at + 1) * total) / parts) - Math.floor((at * total) / parts)));
}

function sumOf(cells: readonly Cell[], outcome: Outcome): number {
  return cells.reduce((sum, cell) => sum + cell.outcomes[outcome], 0);
}

function idleKinds(cells: readonly Cell[], kinds: readonly HarmKind[]): HarmKind[] {
  return kinds.filter((kind) => cells.every((cell) => cell.kind !== kind || cell.bites === 0));
}

/** A link of the hop is kept, so that nothing of it is closed in good order while requests go on. */
function isIdle(place: Place, kind: HarmKind): boolean {
  return place === 'hop' && kind === 'slow-close';
}

function report(cells: readonly Cell[], sightings: Sightings, { left, errors, crashed }: { left: Left; errors: readonly string[]; crashed: number }): ChaosReport {
  const rows = PROTOCOLS.flatMap((protocol) => (['none', ...KINDS] as const).map((kind) => {
    const own = cells.filter((cell) => cell.protocol === protocol && cell.kind === kind);
    const bites = own.reduce((sum, cell) => sum + cell.bites, 0);
    return [protocol, kind, ...(['answered', 'refused', 'broken', 'hung', 'swapped', 'damaged'] as const).map((outcome) => sumOf(own, outcome)), bites];
  }));
  const healthy = cells.filter(({ kind }) => kind === 'none');
  const repeats = sightings.repeats();
  const sent = cells.reduce((sum, cell) => sum + Object.values(cell.outcomes).reduce((a, b) => a + b, 0), 0);
  const idle = sent < EACH_PLACE_MIN ? idleKinds(cells, KINDS) : PLACES.flatMap((place) => idleKinds(cells.filter((cell) => cell.place === place), KINDS.filter((kind) => !isIdle(place, kind))));
  return {
    columns: ['protocol', 'fault', 'answered', 'refused', 'broken', 'hung', 'swapped', 'damaged', 'bites'],
    rows,
    bars: [
      none('hung requests', sumOf(cells, 'hung')),
      none('swapped answers', sumOf(cells, 'swapped')),
      none('damaged answers that looked whole', sumOf(cells, 'damaged')),
      none('requests that reached the app mixed', sightings.mixed),
      none('repeated non-idempotent requests', repeats.harmful),
      none('failures without a fault', sumOf(healthy, 'refused') + sumOf(healthy, 'broken')),
      none('exchanges left open', left.exchanges),
      none('errors of the proxies’ own', errors.length),
      none('proxies that ended', crashed),
      none('faults that never bit', idle.length),
      atLeast('nonces that reached the app', Math.floor(sent / 2), sightings.size),
    ],
    facts: { sent, hung: cells.flatMap(({ hung }) => hung), seen: sightings.size, repeatedIdempotent: repeats.harmless, left, errors, idle, cells },
  };
}

export const faults: Scenario = { about: 'seven network faults × HTTP/1.1, TCP, HTTP/2 and gRPC × three places × both directions, with nonces (--count requests)', run: runFaults };
