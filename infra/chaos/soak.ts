/** A pair of proxies under steady load for a long time: memory and descriptors stay flat, and nobody's request fails. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, openFamily } from '../children.ts';
import { Fault } from '../fault.ts';
import { freePorts } from '../ports.ts';
import { proxyProgram } from '../proxy-program.ts';
import { seeded } from '../seeded.ts';
import { openUnwinder } from '../unwind.ts';
import { type LoadCounts, startLoad } from './load.ts';
import { openPlainApp } from './plain-app.ts';
import { type ProcessSample, canSample, sampleProcess } from './process-sample.ts';
import { type Bar, type ChaosOptions, type ChaosReport, type Scenario, atLeast, none } from './scenario.ts';
import { type StaticPair, startStaticPair } from './static-pair.ts';
import { type Point, type Slope, floorGrowth, floorSlope } from './trend.ts';

const MINUTES_DEFAULT = 20;
/** Unless `--count` says another number. */
const REQUESTS_PER_SECOND = 2_000;
/** New connections per request: 50 a second at 2,000. */
const NEW_CONNECTIONS_SHARE = 50 / 2_000;
const ABORTED_SHARE = 0.01;
/** Of those drawn, so many at least are broken off: the others had their answer before, which a busy machine decides. */
const BROKEN_OFF_SHARE_MIN = 0.25;
const CONNECTIONS = 64;
const REQUEST_MS_MAX = 10_000;
/** Of the time; pools, caches and compiled code grow in it. */
const WARM_UP_SHARE = 0.25;
const SAMPLES = 240;
const SAMPLE_MS_MIN = 250;
/** A run that is shorter says nothing about growth. */
const GROWTH_MINUTES_MIN = 10;
/**
 * Of the lowest private memory from the first to the last third behind the warm-up. The collector's saw leaves some 2 MB of
 * noise in it; in 20 minutes a leak of 3 bytes a request, or of 100 a connection, is above.
 */
const GROWTH_MB_MAX = 3;
/** Of the line below the collector's saw, for each 2,000 requests a second; what the scatter leaves open twice over isn't held against it. */
const SLOPE_MB_MAX = 1;
const RESIDENT_MB_MAX = 100;
/** Both ends of each kept connection, as many hops again, and what is just closing. */
const DESCRIPTORS_MAX = 6 * CONNECTIONS;
/** A run that is shorter doesn't wait until the last idle hop has ended. */
const QUIET_MINUTES_MIN = 1;
/** After the load, of what a proxy has open more than before it. */
const DESCRIPTORS_LEFT_MAX = 5;
const QUIET_MS_MAX = 45_000;
const MB = 1_000_000;

type Name = 'web' | 'cart';
const NAMES: readonly Name[] = ['web', 'cart'];

interface Sample {
  readonly atMs: number;
  readonly web: ProcessSample;
  readonly cart: ProcessSample;
}

interface Soaked {
  readonly counts: LoadCounts;
  readonly idle: Sample;
  readonly samples: readonly Sample[];
  readonly after: Sample;
  readonly minutes: number;
  readonly requestsPerSecond: number;
  readonly crashed: number;
}

interface SoakPlan {
  readonly seed: number;
  readonly minutes: number;
  readonly requestsPerSecond: number;
  readonly say: ChaosOptions['say'];
}

async function sample(pair: StaticPair, beganMs: number): Promise<Sample> {
  const [web, cart] = await Promise.all([sampleProcess(pair.web.pid), sampleProcess(pair.cart.pid)]);
  return { atMs: performance.now() - beganMs, web, cart };
}

/** Idle hop connections end 30 s after the load. */
async function untilQuiet(pair: StaticPair, idle: Sample, beganMs: number): Promise<Sample> {
  const deadline = performance.now() + QUIET_MS_MAX;
  for (;;) {
    const now = await sample(pair, beganMs);
    if (NAMES.every((name) => leftOpen(name, idle, now) <= DESCRIPTORS_LEFT_MAX) || performance.now() > deadline) return now;
    await sleep(500);
  }
}

function leftOpen(name: Name, idle: Sample, after: Sample): number {
  return after[name].descriptors - idle[name].descriptors;
}

async function soak(pair: StaticPair, port: number, { seed, minutes, requestsPerSecond, say }: SoakPlan): Promise<Soaked> {
  const beganMs = performance.now();
  const idle = await sample(pair, beganMs);
  const load = startLoad({
    port, random: seeded(seed), nowMs: () => performance.now(), limitMs: REQUEST_MS_MAX, connections: CONNECTIONS,
    requestsPerSecond, newConnectionsPerSecond: requestsPerSecond * NEW_CONNECTIONS_SHARE, abortedShare: ABORTED_SHARE,
  });
  const samples: Sample[] = [];
  const everyMs = Math.max(SAMPLE_MS_MIN, (minutes * 60_000) / SAMPLES);
  const endMs = beganMs + minutes * 60_000;
  while (performance.now() < endMs && pair.web.isRunning() && pair.cart.isRunning()) {
    await sleep(Math.min(everyMs, Math.max(0, endMs - performance.now())));
    const now = await sample(pair, beganMs);
    samples.push(now);
    if (samples.length % (SAMPLES / 8) === 0) say(`  ${(now.atMs / 60_000).toFixed(1)} min: ${line(now)}, ${load.counts.answered} answered, ${failures(load.counts)} failed`);
  }
  await load.stop();
  const crashed = [pair.web, pair.cart].filter((child: Child) => !child.isRunning()).length;
  const after = crashed === 0 && minutes >= QUIET_MINUTES_MIN ? await untilQuiet(pair, idle, beganMs) : idle;
  return { counts: load.counts, idle, samples, after, minutes, requestsPerSecond, crashed };
}

function line({ web, cart }: Sample): string {
  return [['web', web] as const, ['cart', cart] as const].map(([name, of]) => `${name} ${(of.privateBytes / MB).toFixed(1)} MB private, ${of.descriptors} descriptors`).join('; ');
}

function failures({ refused, broken, hung }: LoadCounts): number {
  return refused + broken + hung;
}

export async function runSoak(options: ChaosOptions): Promise<ChaosReport> {
  if (!(await canSample())) throw new Fault('soak_needs_linux', 'This system has no /proc to read memory and descriptors from.', 'Run the soak on Linux.');
  const started = openUnwinder();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'sidelight-soak-'));
    started.add(() => rm(folder, { recursive: true, force: true }));
    const family = openFamily();
    started.add(() => family.close());
    const app = await openPlainApp();
    started.add(() => app.close());
    const [webAdmin = 0, webMesh = 0, cartAdmin = 0, cartMesh = 0, listen = 0] = await freePorts(5);
    const services = [{ name: 'cart', protocol: 'http1', listen, dialled: cartMesh, target: app.port }] as const;
    const pair = await startStaticPair(family, await proxyProgram(), { folder, webAdmin, webMesh, cartAdmin, cartMesh, services });
    return report(await soak(pair, listen, { seed: options.seed, minutes: options.minutes ?? MINUTES_DEFAULT, requestsPerSecond: options.count ?? REQUESTS_PER_SECOND, say: options.say }));
  } finally {
    await started.unwind();
  }
}

function report(soaked: Soaked): ChaosReport {
  const { counts, samples, idle, after, minutes, requestsPerSecond, crashed } = soaked;
  const warm = samples.filter(({ atMs }) => atMs >= minutes * 60_000 * WARM_UP_SHARE);
  const trends = NAMES.map((name) => ({ name, ...trendOf(name, warm) }));
  const bars: Bar[] = [
    none('requests that failed', failures(counts)),
    none('proxies that ended', crashed),
    atLeast('requests answered', Math.floor(minutes * 60 * requestsPerSecond * 0.9), counts.answered),
    atLeast('connections opened', Math.floor(minutes * 60 * requestsPerSecond * NEW_CONNECTIONS_SHARE * 0.9), counts.connections),
    atLeast('requests broken off by the caller', Math.floor(minutes * 60 * requestsPerSecond * ABORTED_SHARE * BROKEN_OFF_SHARE_MIN), counts.aborted),
    ...NAMES.flatMap((name) => processBars(name, soaked, warm)),
  ];
  return {
    columns: ['proxy', 'idle MB', 'warm MB', 'end MB', 'resident MB', 'slope MB/h', '±', 'growth MB', 'fd idle', 'fd most', 'fd after'],
    rows: trends.map(({ name, slope, growth }) => [
      name, mb(idle[name].privateBytes), mb(warm[0]?.[name].privateBytes ?? 0), mb(warm.at(-1)?.[name].privateBytes ?? 0), mb(most(samples, name, 'residentBytes')),
      slope.perHour.toFixed(1), (2 * slope.error).toFixed(1), growth.toFixed(1), idle[name].descriptors, most(samples, name, 'descriptors'), after[name].descriptors,
    ]),
    bars,
    facts: { ...counts, reasons: Object.fromEntries(counts.reasons), minutes, requestsPerSecond, trends, samples },
  };
}

function processBars(name: Name, { samples, idle, after, minutes, requestsPerSecond }: Soaked, warm: readonly Sample[]): Bar[] {
  const resident = most(samples, name, 'residentBytes') / MB;
  const left = leftOpen(name, idle, after);
  const { growth, slope } = trendOf(name, warm);
  const slopeMax = SLOPE_MB_MAX * Math.max(1, requestsPerSecond / REQUESTS_PER_SECOND);
  const descriptors = most(samples, name, 'descriptors');
  const bars: Bar[] = [
    { what: `${name}: descriptors at their most`, bar: `≤ ${DESCRIPTORS_MAX}`, seen: String(descriptors), met: descriptors <= DESCRIPTORS_MAX },
    { what: `${name}: resident memory at its most`, bar: `≤ ${RESIDENT_MB_MAX} MB`, seen: `${resident.toFixed(1)} MB`, met: resident <= RESIDENT_MB_MAX },
  ];
  if (minutes >= QUIET_MINUTES_MIN) bars.push({ what: `${name}: descriptors left open after the load`, bar: `≤ ${DESCRIPTORS_LEFT_MAX}`, seen: String(left), met: left <= DESCRIPTORS_LEFT_MAX });
  if (minutes < GROWTH_MINUTES_MIN) return bars;
  return [
    ...bars,
    { what: `${name}: growth of the lowest private memory after the warm-up`, bar: `≤ ${GROWTH_MB_MAX} MB`, seen: `${growth.toFixed(1)} MB`, met: growth <= GROWTH_MB_MAX },
    { what: `${name}: slope of the lowest private memory after the warm-up`, bar: `≤ ${slopeMax} MB/h`, seen: `${slope.perHour.toFixed(1)} ± ${(2 * slope.error).toFixed(1)} MB/h`, met: slope.perHour - 2 * slope.error <= slopeMax },
  ];
}

function trendOf(name: Name, warm: readonly Sample[]): { readonly slope: Slope; readonly growth: number } {
  const points: Point[] = warm.map((one) => ({ atMs: one.atMs, value: one[name].privateBytes / MB }));
  return { slope: floorSlope(points), growth: floorGrowth(points) };
}

function most(samples: readonly Sample[], name: Name, field: keyof ProcessSample): number {
  return Math.max(...samples.map((one) => one[name][field]));
}

const mb = (bytes: number): number => Math.round(bytes / MB * 10) / 10;

export const soakScenario: Scenario = { about: 'a pair at 2,000 rps (--count), 50 new connections/s and 1 % aborted: flat memory and descriptors (--minutes)', run: runSoak };
