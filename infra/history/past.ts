/** A week's past of a mesh: three incidents, two rollouts, and the bodies by which it is imported. Pure. */
import type { History, HistoryEntity } from '../../cloud/wire/history.ts';
import { identityOf } from '../../proxy/wire/labels.ts';
import { seeded } from '../seeded.ts';
import type { MeshModel, ModelService } from './model.ts';
import { type PastTrouble, makeWindow, planWindows } from './windows.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export interface Past {
  readonly model: MeshModel;
  readonly seed: number;
  /** What charts call it. */
  readonly source: string;
  /** Whole hours, ms since 1970, `toMs` excluded. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Hours that begin from here on come as minutes. */
  readonly minutesFromMs: number;
  /** Services that go wrong, in the order of the incidents: app fault, no endpoints, slow after its rollout. */
  readonly troubled: readonly [string, string, string];
}

/** Three incidents: failing requests five days back, an unreachable service two days back, a slow one the day before. */
export function pastTroubles({ toMs, troubled: [app, mesh, slow] }: Past): PastTrouble[] {
  const at = (service: string, hoursBack: number, minutes: number, trouble: PastTrouble['trouble']): PastTrouble => {
    const fromMs = toMs - hoursBack * HOUR_MS;
    return { service, fromMs, toMs: fromMs + minutes * MINUTE_MS, trouble };
  };
  return [
    at(app, 5 * 24 + 3, 50, { kind: 'app', share: 0.35 }),
    at(mesh, 2 * 24 - 7, 20, { kind: 'mesh', share: 0.6 }),
    at(slow, 20, 45, { kind: 'slow', factor: 12, share: 0.12 }),
  ];
}

/** When the slow service got its new version: minutes before it went wrong. */
const BEFORE_TROUBLE_MS = 8 * MINUTE_MS;
const FIRST_ROLLOUT_HOURS_BACK = 4 * 24 + 5;
/** Proxies of the first rollout start one after the other. */
const ROLLOUT_STEP_MS = 20_000;
const VERSIONS = ['0.0.9', '0.1.0'] as const;

/** Workloads and services all along; proxies that were replaced by two rollouts: all of them once, the slow service's again. */
export function pastEntities(past: Past): HistoryEntity[] {
  const { model, fromMs, toMs, seed, troubled } = past;
  const random = seeded(seed);
  const firstMs = toMs - FIRST_ROLLOUT_HOURS_BACK * HOUR_MS;
  const slowMs = (pastTroubles(past)[2]?.fromMs ?? toMs) - BEFORE_TROUBLE_MS;
  return model.services.flatMap((service, index): HistoryEntity[] => {
    const rolledMs = firstMs + index * ROLLOUT_STEP_MS;
    const again = service.service === troubled[2] ? slowMs : null;
    const spans = [[fromMs, rolledMs, VERSIONS[0]], [rolledMs, again, VERSIONS[1]], ...(again === null ? [] : [[again, null, VERSIONS[1]] as const])] as const;
    // A shorter past begins after the first rollout.
    const proxies = spans.map(([begin, end, version]) => proxyOf(model, service, Math.max(begin, fromMs), end, version, hex(random)));
    return [workloadOf(model, service, fromMs), serviceEntity(service, fromMs), ...proxies.filter((proxy) => proxy.validToMs === null || proxy.validToMs > fromMs)];
  });
}

function workloadOf(model: MeshModel, { workload }: ModelService, validFromMs: number): HistoryEntity {
  return { kind: 'workload', key: workload, validFromMs, validToMs: null, attributes: { key: workload, serviceAccount: accountOf(workload), identity: identity(model, workload), meshed: true, instances: 1 } };
}

function serviceEntity({ service, workload, protocol }: ModelService, validFromMs: number): HistoryEntity {
  return { kind: 'service', key: service, validFromMs, validToMs: null, attributes: { key: service, ports: [{ port: 80, protocol }], workloads: [workload] } };
}

function proxyOf(model: MeshModel, { workload }: ModelService, validFromMs: number, validToMs: number | null, version: string, instance: string): HistoryEntity {
  return {
    kind: 'proxy', key: instance, validFromMs, validToMs,
    attributes: { instance, name: `${accountOf(workload)}-1`, workload, version, identity: identity(model, workload), ready: true, connected: true, certificateNotAfter: null },
  };
}

/** On hosts a workload's service account has its name. */
function accountOf(workload: string): string {
  return workload.split('/')[2] ?? '';
}

function identity(model: MeshModel, workload: string): string {
  return identityOf(accountOf(workload), workload.split('/')[0] ?? '', model.trustDomain);
}

function hex(random: () => number): string {
  return Array.from({ length: 4 }, () => Math.floor(random() * 2 ** 32).toString(16).padStart(8, '0')).join('');
}

/** Bytes of a body, below what one call takes. */
const BODY_BYTES_WANTED = 5 * 1024 * 1024;

/** The import's calls, oldest first; an hour is never split. */
export function* bodies(past: Past): Generator<History> {
  const plan = planWindows({ model: past.model, seed: past.seed, endMs: past.toMs, troubles: pastTroubles(past) });
  let [windows, bytes]: [History['windows'], number] = [[], 0];
  let entities = pastEntities(past);
  for (let hourMs = past.fromMs; hourMs < past.toMs; hourMs += HOUR_MS) {
    const lengthMs: 60_000 | 3_600_000 = hourMs < past.minutesFromMs ? 3_600_000 : 60_000;
    for (let startMs = hourMs; startMs < hourMs + HOUR_MS; startMs += lengthMs) windows.push(makeWindow(plan, startMs, lengthMs));
    bytes += JSON.stringify(windows.at(-1)).length * (HOUR_MS / lengthMs);
    if (bytes < BODY_BYTES_WANTED) continue;
    yield { source: past.source, windows, entities };
    [windows, bytes, entities] = [[], 0, []];
  }
  if (windows.length > 0 || entities.length > 0) yield { source: past.source, windows, entities };
}

/** The last `days` whole days before the hour of `nowMs`, the last two of them in minutes. */
export function pastBefore(nowMs: number, days: number, rest: Pick<Past, 'model' | 'seed' | 'source' | 'troubled'>): Past {
  const toMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
  return { ...rest, fromMs: toMs - days * DAY_MS, toMs, minutesFromMs: toMs - 2 * DAY_MS };
}
