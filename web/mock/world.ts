/** The pretended clusters: services, who calls whom, how much, and what breaks when. Pure functions of time. */

/** When a thing came and went, hours before the present; absent: always there. */
export interface MockLife {
  readonly cameHours?: number;
  readonly wentHours?: number;
}

export interface MockEdge extends MockLife {
  readonly source: string;
  readonly target: string;
  /** Mean requests per second; connections per second for `opaque`. */
  readonly rate: number;
  readonly latencyMs: number;
  readonly protocol: 'http1' | 'opaque';
  readonly tls: 'mtls' | 'plain';
  /** Share of failures at a moment, by whose fault. */
  readonly fails: (nowMs: number, atMs: number) => { app: number; mesh: number };
}

export interface MockWorkload extends MockLife {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly instances: number;
  readonly meshed: boolean;
}

export interface MockCluster {
  readonly id: string;
  readonly name: string;
  /** Since when the agent is silent, ms before the present; null: connected. */
  readonly silentForMs: number | null;
  readonly workloads: readonly MockWorkload[];
  readonly edges: readonly MockEdge[];
  /** When a pretended connecting began; null: long ago. */
  readonly startedMs: number | null;
}

const MINUTE = 60_000;
/** eu-west's ledger has failed since this long before the present. */
export const LEDGER_FAILS_FOR_MS = 12 * MINUTE;
/** An incident of the past: from … to … before the present. */
export const PAST_INCIDENT_MS = [7 * 60 * MINUTE, 6.6 * 60 * MINUTE] as const;

const HOUR = 60 * MINUTE;

export function isThere({ cameHours = Number.POSITIVE_INFINITY, wentHours = Number.NEGATIVE_INFINITY }: MockLife, atMs: number, nowMs: number): boolean {
  return nowMs - atMs <= cameHours * HOUR && nowMs - atMs >= wentHours * HOUR;
}

const NEVER: MockEdge['fails'] = () => ({ app: 0, mesh: 0 });
const RARELY: MockEdge['fails'] = (_, atMs) => ({ app: 0.0003 + 0.0008 * noise('rare', atMs), mesh: 0 });

function failingLedger(share: number): MockEdge['fails'] {
  return (nowMs, atMs) => {
    const before = nowMs - atMs;
    if (before <= LEDGER_FAILS_FOR_MS && before >= 0) return { app: share * (0.8 + 0.4 * noise('ledger', atMs)), mesh: 0 };
    if (before <= PAST_INCIDENT_MS[0] && before >= PAST_INCIDENT_MS[1]) return { app: share * 2, mesh: 0 };
    return { app: 0.0004, mesh: 0 };
  };
}

const MESH_FAULTS: MockEdge['fails'] = (_, atMs) => ({ app: 0.002, mesh: 0.03 * noise('mesh', atMs) });

const seeds = new Map<string, number>();

function seedOf(name: string): number {
  let seed = seeds.get(name);
  if (seed === undefined) {
    seed = [...name].reduce((hash, char) => Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16777619), 2166136261);
    seeds.set(name, seed);
  }
  return seed;
}

/** Steady noise 0…1 from a name and a moment, one value per 10 s window. */
export function noise(name: string, atMs: number): number {
  let hash = seedOf(name) ^ Math.imul(Math.floor(atMs / 10_000), 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** Traffic of an edge at a moment: its mean, a day's wave and noise. */
export function rateAt(edge: MockEdge, atMs: number): number {
  const hour = (atMs / 3_600_000) % 24;
  return edge.rate * (0.72 + 0.28 * Math.sin(((hour - 8) / 24) * 2 * Math.PI)) * (0.88 + 0.24 * noise(edge.target, atMs));
}

function workload(namespace: string, name: string, instances = 2, kind = 'deployment'): MockWorkload {
  return { key: `${namespace}/${kind}/${name}`, namespace, name, instances, meshed: true };
}

function edge(source: MockWorkload | null, target: MockWorkload, rate: number, latencyMs: number, more: Partial<MockEdge> = {}): MockEdge {
  return { source: source?.key ?? 'outside', target: target.key, rate, latencyMs, protocol: 'http1', tls: source === null ? 'plain' : 'mtls', fails: RARELY, ...more };
}

function shop(scale: number, ledgerFails: MockEdge['fails'], passedOn: MockEdge['fails'], searchFails: MockEdge['fails']): Pick<MockCluster, 'workloads' | 'edges'> {
  const [web, api, cart, orders, search, payments] = [workload('shop', 'web', 4), workload('shop', 'api', 6), workload('shop', 'cart'), workload('shop', 'orders', 3), workload('shop', 'search', 2), workload('shop', 'payments', 3)];
  const [ledger, db, fraud, mailer] = [workload('bank', 'ledger', 2), workload('bank', 'ledger-db', 1, 'statefulset'), workload('bank', 'fraud', 1), workload('ops', 'mailer', 1)];
  const reports: MockWorkload = { ...workload('shop', 'reports', 1), wentHours: 20 };
  const recommend: MockWorkload = { ...workload('shop', 'recommend', 2), cameHours: 3 };
  return {
    workloads: [web, api, cart, orders, search, payments, ledger, db, fraud, mailer, reports, recommend],
    edges: [
      edge(null, web, 260 * scale, 42), edge(web, api, 410 * scale, 31, { fails: passedOn }), edge(api, cart, 120 * scale, 6), edge(api, orders, 86 * scale, 24, { fails: passedOn }),
      edge(api, search, 190 * scale, 18, { fails: searchFails }), edge(orders, payments, 44 * scale, 38, { fails: ledgerFails }), edge(payments, ledger, 44 * scale, 22, { fails: ledgerFails }),
      edge(payments, fraud, 41 * scale, 12), edge(ledger, db, 3 * scale, 4, { protocol: 'opaque', fails: NEVER }), edge(orders, mailer, 0.6 * scale, 90),
      edge(api, recommend, 60 * scale, 14, { cameHours: 3 }), edge(web, reports, 2 * scale, 70, { wentHours: 20 }), edge(reports, db, 1 * scale, 5, { protocol: 'opaque', fails: NEVER, wentHours: 20 }),
    ],
  };
}

function bigCluster(): Pick<MockCluster, 'workloads' | 'edges'> {
  const workloads = Array.from({ length: 96 }, (_, at) => workload(`team-${String.fromCodePoint(97 + (at % 8))}`, `service-${at}`));
  const edges = workloads.flatMap((source, at) => [at * 2 + 1, at * 2 + 2, (at * 7) % 96].flatMap((to) => {
    const target = workloads[to];
    return target === undefined || target === source ? [] : [edge(source, target, 3 + (at % 9), 8 + (at % 30), at === 5 ? { fails: MESH_FAULTS } : {})];
  }));
  return { workloads, edges };
}

/** The world as it begins; `startedMs` is the present, at which the newest cluster begins to connect. */
export function makeWorld(startedMs: number): MockCluster[] {
  return [
    { id: 'c-eu', name: 'eu-west', silentForMs: null, startedMs: null, ...shop(1, failingLedger(0.35), failingLedger(0.035), RARELY) },
    { id: 'c-st', name: 'staging', silentForMs: null, startedMs: null, ...shop(0.06, RARELY, RARELY, MESH_FAULTS) },
    { id: 'c-ap', name: 'ap-south', silentForMs: null, startedMs: null, ...shop(0.55, RARELY, RARELY, RARELY) },
    { id: 'c-us', name: 'us-east', silentForMs: null, startedMs: null, ...shop(1.7, RARELY, RARELY, RARELY) },
    { id: 'c-big', name: 'platform', silentForMs: null, startedMs: null, ...bigCluster() },
    { id: 'c-lab', name: 'edge-lab', silentForMs: 3.2 * 3_600_000, startedMs: null, ...shop(0.02, RARELY, RARELY, RARELY) },
    { id: 'c-new', name: 'fresh', silentForMs: null, startedMs, workloads: [], edges: [] },
  ];
}
