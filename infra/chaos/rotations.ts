/** Certificates that nobody thinks about: leaves and the trust anchor change under load, and a proxy starts without a control plane. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, type Family, logTail, openFamily } from '../children.ts';
import { Fault } from '../fault.ts';
import { type WorkloadPlan, type PlacedWorkload, addressesNeeded, layOut } from '../mesh/layout.ts';
import { type MeshPlace, type ProxyProgram, agentReady, agentState, proxyReady, proxyState, spawnAgent, spawnProxy, splitAddress, writeMeshFile } from '../mesh/processes.ts';
import { freePorts } from '../ports.ts';
import { proxyProgram } from '../proxy-program.ts';
import { ROOT } from '../root.ts';
import { seeded } from '../seeded.ts';
import { type Unwinder, openUnwinder } from '../unwind.ts';
import { type Load, type LoadCounts, startLoad } from './load.ts';
import { openPlainApp } from './plain-app.ts';
import { type Bar, type ChaosOptions, type ChaosReport, type Scenario, atLeast, none } from './scenario.ts';

const ROTATIONS_DEFAULT = 20;
const REQUESTS_PER_SECOND = 200;
/** Renewed at 65 to 70 %: a machine that stands still for less than two seconds doesn't lose a leaf. */
const LEAF_TTL_MS = 8_000;
/** Of the part without a control plane: its leaf must last. */
const LONG_TTL_MS = 3_600_000;
const REQUEST_MS_MAX = 10_000;
/** Each rotation has three times its time. */
const PATIENCE = 3;
const ANCHOR_MS_MAX = 60_000;
/** From the program's start to its readiness; a busy machine loads a program of 100 MB slowly. */
const SERVES_MS_MAX = 3_000;
/** Requests behind a restart. */
const AFTER_MS = 2_000;

const PLANS: readonly WorkloadPlan[] = [
  { name: 'web', namespace: 'shop', protocol: 'http1', calls: ['shop/cart'], plain: false },
  { name: 'cart', namespace: 'shop', protocol: 'http1', calls: [], plain: false },
];

interface Bed {
  readonly family: Family;
  readonly program: ProxyProgram;
  readonly place: MeshPlace;
  readonly agent: Child;
  readonly web: PlacedWorkload;
  readonly cart: PlacedWorkload;
  readonly proxies: readonly Child[];
  /** Where the app beside `web` calls `cart`. */
  readonly listen: number;
}

async function openBed(name: string, leafTtlMs: number, { family, folder, started }: { family: Family; folder: string; started: Unwinder }): Promise<Bed> {
  const program = await proxyProgram();
  const layout = layOut(PLANS, await freePorts(addressesNeeded(PLANS)));
  const [web, cart] = layout.workloads;
  const upstream = web?.upstreams[0];
  if (web === undefined || cart === undefined || upstream === undefined) throw new Error('two workloads were planned');
  const app = await openPlainApp(splitAddress(cart.target).port);
  started.add(() => app.close());
  const place = { name, folder: join(folder, name), logs: join(folder, 'logs'), layout };
  await writeMeshFile(place);
  const agent = spawnAgent(family, place, undefined, undefined, ['--leaf-ttl-ms', String(leafTtlMs)]);
  await agentReady(agent, place);
  const proxies = await Promise.all([web, cart].map((workload) => startProxy({ family, place, program }, workload)));
  return { family, program, place, agent, web, cart, proxies, listen: splitAddress(upstream.listen).port };
}

async function startProxy({ family, place, program }: Pick<Bed, 'family' | 'place' | 'program'>, workload: PlacedWorkload): Promise<Child> {
  const child = spawnProxy(family, place, workload, program);
  await proxyReady(child, workload);
  return child;
}

function startRotationLoad(bed: Bed, seed: number): Load {
  return startLoad({
    port: bed.listen, random: seeded(seed), nowMs: () => performance.now(), limitMs: REQUEST_MS_MAX, connections: 16,
    requestsPerSecond: REQUESTS_PER_SECOND, newConnectionsPerSecond: 2, abortedShare: 0,
  });
}

async function metric(address: string, name: string): Promise<number> {
  const text = await (await fetch(`http://${address}/metrics`)).text();
  return Number(text.split('\n').find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? Number.NaN);
}

/** Leaves that a proxy got since its start. */
const leavesOf = (workload: PlacedWorkload): Promise<number> => metric(workload.admin, 'control_identity_cert_refreshes_total{result="ok"}');

async function leafRotations(bed: Bed, rotations: number, say: ChaosOptions['say']): Promise<readonly number[]> {
  const before = await Promise.all([bed.web, bed.cart].map(leavesOf));
  const deadline = performance.now() + rotations * LEAF_TTL_MS * PATIENCE;
  for (let told = 0; ;) {
    const now = await Promise.all([bed.web, bed.cart].map(leavesOf));
    const done = now.map((leaves, at) => leaves - (before[at] ?? 0));
    const least = Math.min(...done);
    if (least >= rotations || performance.now() > deadline) return done;
    if (least >= told + 5) say(`  ${least} leaf rotations`);
    told = least - (least % 5);
    await sleep(100);
  }
}

interface AnchorRotation {
  readonly exitCode: number | null;
  readonly seconds: number;
  readonly steps: number;
  /** Places that don't hold exactly the new anchor afterwards. */
  readonly stale: readonly string[];
}

/** By the command that a person uses. */
async function rotateAnchor(bed: Bed): Promise<AnchorRotation> {
  const { family, place } = bed;
  const began = performance.now();
  const before = await readBundle(agentState(place));
  const command = family.start({
    name: 'rotate-anchor', command: process.execPath, args: [join(ROOT, 'agent/main.ts'), 'rotate-anchor', '--state', agentState(place), '--wait'],
    env: {}, cwd: ROOT, logFile: join(place.logs, 'rotate-anchor.log'),
  });
  const timer = setTimeout(() => command.signal('SIGKILL'), ANCHOR_MS_MAX);
  const { code } = await command.ended;
  clearTimeout(timer);
  const steps = await metric(place.layout.agentAdmin, 'sidelight_agent_trust_anchor_rotation_steps_total');
  return { exitCode: code, seconds: (performance.now() - began) / 1000, steps, stale: await stalePlaces(bed, before) };
}

const readBundle = (folder: string): Promise<string> => readFile(join(folder, 'trust-bundle.pem'), 'utf8');

/** The last message with the new bundle is on its way when the command ends. */
async function stalePlaces({ place, web, cart }: Bed, old: string): Promise<string[]> {
  const deadline = performance.now() + ANCHOR_MS_MAX;
  for (;;) {
    const now = await readBundle(agentState(place));
    const kept = await Promise.all([web, cart].map(async (workload) => ({ name: workload.service, bundle: await readBundle(proxyState(place, workload)) })));
    const stale = kept.filter(({ bundle }) => bundle !== now).map(({ name }) => name);
    if (now.includes(old)) stale.push('agent');
    if (stale.length === 0 || performance.now() > deadline) return stale;
    await sleep(100);
  }
}

interface Restart {
  /** From the start of each proxy to its readiness. */
  readonly readyMs: readonly number[];
  readonly counts: LoadCounts;
}

/** The control plane is killed, and both proxies start again with nothing but their state folders. */
async function restartAlone(bed: Bed, seed: number): Promise<Restart> {
  bed.agent.signal('SIGKILL');
  await bed.agent.ended;
  // One ends in order, the other is killed: what they keep must be whole either way.
  const [web, cart] = bed.proxies;
  cart?.signal('SIGKILL');
  await Promise.all([web?.stop(), cart?.ended]);
  const readyMs = await Promise.all([bed.web, bed.cart].map(async (workload) => {
    const began = performance.now();
    await startProxy(bed, workload);
    return Math.round(performance.now() - began);
  }));
  const load = startRotationLoad(bed, seed);
  await sleep(AFTER_MS);
  await load.stop();
  return { readyMs, counts: load.counts };
}

interface Seen {
  readonly rotations: number;
  readonly leaves: readonly number[];
  readonly anchor: AnchorRotation;
  readonly counts: LoadCounts;
  readonly restart: Restart;
}

export async function runRotations(options: ChaosOptions): Promise<ChaosReport> {
  const rotations = options.count ?? ROTATIONS_DEFAULT;
  const started = openUnwinder();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'sidelight-rotations-'));
    started.add(() => rm(folder, { recursive: true, force: true }));
    const family = openFamily();
    started.add(() => family.close());
    const bed = await openBed('rotations', LEAF_TTL_MS, { family, folder, started });
    const load = startRotationLoad(bed, options.seed);
    const leaves = await leafRotations(bed, rotations, options.say);
    const anchor = await rotateAnchor(bed);
    if (anchor.exitCode !== 0) options.say(logTail(bed.agent));
    await load.stop();
    options.say('  anchor rotated; now without a control plane');
    const alone = await openBed('alone', LONG_TTL_MS, { family, folder, started });
    const restart = await restartAlone(alone, options.seed + 1);
    return report({ rotations, leaves, anchor, counts: load.counts, restart });
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('rotations_failed', `The rotations couldn't be run: ${String(error)}`, 'Look into the cause.');
  } finally {
    await started.unwind();
  }
}

const failures = ({ refused, broken, hung }: LoadCounts): number => refused + broken + hung;

function report({ rotations, leaves, anchor, counts, restart }: Seen): ChaosReport {
  const slowest = Math.max(...restart.readyMs);
  const serves: Bar = { what: 'ready without a control plane, from the start of the program', bar: `≤ ${SERVES_MS_MAX} ms`, seen: `${slowest} ms`, met: slowest <= SERVES_MS_MAX };
  return {
    columns: ['part', 'requests', 'answered', 'failed', 'connections'],
    rows: [
      [`${Math.min(...leaves)} leaf rotations and one of the anchor`, counts.sent, counts.answered, failures(counts), counts.connections],
      ['both proxies restarted without a control plane', restart.counts.sent, restart.counts.answered, failures(restart.counts), restart.counts.connections],
    ],
    bars: [
      none('failed requests under rotations', failures(counts)),
      atLeast('leaf rotations of each proxy', rotations, Math.min(...leaves)),
      atLeast('steps of the anchor rotation', 3, anchor.steps),
      none('places with another than the new anchor alone', anchor.stale.length),
      none('exit code of rotate-anchor', anchor.exitCode ?? -1),
      atLeast('requests answered under rotations', Math.floor(rotations * LEAF_TTL_MS * 0.6 * (REQUESTS_PER_SECOND / 1000) * 0.9), counts.answered),
      none('failed requests behind a restart without a control plane', failures(restart.counts)),
      atLeast('requests answered behind it', Math.floor((AFTER_MS / 1000) * REQUESTS_PER_SECOND * 0.9), restart.counts.answered),
      serves,
    ],
    facts: { leaves, anchor, counts: { ...counts, reasons: Object.fromEntries(counts.reasons) }, restart: { readyMs: restart.readyMs, ...restart.counts } },
  };
}

export const rotationsScenario: Scenario = { about: 'leaf rotations (--count) and a three-phase anchor rotation at 200 rps; proxies restarted without a control plane', run: runRotations };
