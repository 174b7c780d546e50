/** One frame, one transaction: rows, position, marks, gaps, names and first times are all there or none is. */
import type { ClusterWindow } from '../../agent/wire/rollup.ts';
import type { AgentFrame } from '../../agent/wire/up.ts';
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import { hourOf, importedAmong, markDirty } from '../rollup/dirty.ts';
import { foldedAmong } from '../series/names.ts';
import type { EntityKind, EntityNames } from '../series/names.ts';
import { whyLost } from './link.ts';
import type { Lost, OpenLink } from './link.ts';
import { replaceOpenEdges } from './open-edges.ts';
import { edgeRows, partsOf, routeRows, sumPart } from './rows.ts';
import type { KeyedRow, Part } from './rows.ts';

/** Windows older than this are dropped: their hour may already be rolled up and its partition gone. */
export const LATE_MS_MAX = 2 * 86_400_000;
/** Windows further ahead than this come from a clock that was never corrected. */
export const AHEAD_MS_MAX = 3_600_000;

export type Commit =
  /** `seen`: everything up to it is stored. */
  | { readonly kind: 'committed'; readonly seen: number; readonly rows: number }
  | { readonly kind: 'duplicate'; readonly seen: number }
  | { readonly kind: 'gap'; readonly seen: number }
  | { readonly kind: Lost };

/** `frame.epoch` is at most the link's: the session has checked it. */
export async function commitFrame(link: OpenLink, names: EntityNames, frame: AgentFrame, now: number): Promise<Commit> {
  const { orgId } = link.tenant;
  const learned: { kind: EntityKind; ids: Map<string, number> }[] = [];
  const commit = await link.tenant.transaction(async (tx): Promise<Commit> => {
    if (!(await holdCluster(tx, link, frame, now))) return { kind: await whyLost(tx, link) };
    const seen = await lockPosition(tx, orgId, link.clusterId, frame.epoch);
    if (frame.sequence <= seen) return { kind: 'duplicate', seen };
    if (frame.previous > seen) return { kind: 'gap', seen };
    const imported = await importedAmong(tx, orgId, link.clusterId, frame.windows.map((window) => hourOf(window.startMs)));
    const { taken, late, ahead, overImport } = sortWindows(frame.windows, imported, now);
    await markDirty(tx, orgId, link.clusterId, taken.map(([, window]) => window.startMs), now);
    let rows = 0;
    for (const [index, window] of taken) rows += await insertWindow(tx, link, frame, index, window, names, learned);
    const nameless = learned.reduce((sum, { kind, ids }) => sum + foldedAmong(kind, ids), 0);
    await replaceOpenEdges(tx, orgId, link.clusterId, taken.map(([, window]) => window));
    await advance(tx, orgId, link.clusterId, frame, now);
    await insertGaps(tx, orgId, link.clusterId, now, {
      proxy_windows: frame.dropped.proxyWindows, spool_frames: frame.dropped.frames, folded: frame.dropped.folded,
      names_full: nameless, too_late: late, too_far_ahead: ahead, hour_imported: overImport,
    });
    return { kind: 'committed', seen: frame.sequence, rows };
  });
  if (commit.kind === 'committed') for (const { kind, ids } of learned) names.learn(orgId, link.clusterId, kind, ids);
  return commit;
}

/** Locks the cluster's row if this connection still owns it, so that a newer one waits; notes what was seen for the first time. */
async function holdCluster(tx: Transaction, link: OpenLink, frame: AgentFrame, now: number): Promise<boolean> {
  const at = new Date(now);
  const proxies = frame.windows.some((window) => window.proxies > 0);
  const requests = frame.windows.some((window) => window.edges.requests.some((count) => count > 0));
  const held = await tx`
    update tenant.cluster set connected = true, last_seen_at = greatest(last_seen_at, ${at}),
      first_proxy_at = coalesce(first_proxy_at, ${proxies ? at : null}::timestamptz),
      first_request_at = coalesce(first_request_at, ${requests ? at : null}::timestamptz)
    where org_id = ${link.tenant.orgId} and id = ${link.clusterId} and session_id = ${link.sessionId}`;
  return held.count === 1;
}

async function lockPosition(tx: Transaction, orgId: OrgId, clusterId: string, epoch: number): Promise<number> {
  await tx`
    insert into tenant.uplink_position (org_id, cluster_id, epoch, seen) values (${orgId}, ${clusterId}, ${epoch}, 0) on conflict do nothing`;
  const [position] = await tx<{ seen: number }[]>`
    select seen from tenant.uplink_position where org_id = ${orgId} and cluster_id = ${clusterId} and epoch = ${epoch} for update`;
  return position?.seen ?? 0;
}

interface SortedWindows {
  /** With their index in the frame. */
  readonly taken: readonly (readonly [number, ClusterWindow])[];
  readonly late: number;
  readonly ahead: number;
  readonly overImport: number;
}

/** Windows out of time, and those of imported hours, are counted and not stored. */
function sortWindows(windows: readonly ClusterWindow[], imported: ReadonlySet<number>, now: number): SortedWindows {
  const kinds = Map.groupBy(windows.entries(), ([, { startMs }]) => {
    if (startMs < now - LATE_MS_MAX) return 'late';
    if (startMs > now + AHEAD_MS_MAX) return 'ahead';
    return imported.has(hourOf(startMs)) ? 'overImport' : 'taken';
  });
  const count = (kind: 'late' | 'ahead' | 'overImport'): number => kinds.get(kind)?.length ?? 0;
  return { taken: kinds.get('taken') ?? [], late: count('late'), ahead: count('ahead'), overImport: count('overImport') };
}

/** Answers the number of edge and route rows. */
async function insertWindow(
  tx: Transaction, link: OpenLink, frame: AgentFrame, index: number, window: ClusterWindow, names: EntityNames, learned: { kind: EntityKind; ids: Map<string, number> }[],
): Promise<number> {
  const packed = async (kind: EntityKind, rows: readonly KeyedRow[]): Promise<Part[]> => {
    const ids = await names.idsOf(tx, link.tenant.orgId, link.clusterId, kind, rows.map((row) => row.key));
    learned.push({ kind, ids });
    return partsOf(rows, ids);
  };
  const record = (kind: EntityKind | 'sum') => (part: Part, at: number) => ({
    org_id: link.tenant.orgId, cluster_id: link.clusterId, start_ms: window.startMs, epoch: frame.epoch, sequence: frame.sequence,
    frame_window: index, part: at, kind, length_ms: window.lengthMs, row_count: part.rows, proxies: window.proxies,
    requests: part.requests, failures: part.failures, data: part.data,
  });
  const routes = window.routes.requests.length > 0 ? await packed('route', routeRows(window)) : [];
  const records = [...(await packed('edge', edgeRows(window))).map(record('edge')), ...routes.map(record('route')), record('sum')(sumPart(window), 0)];
  await tx`insert into tenant.window_part ${tx(records)}`;
  return window.edges.requests.length + window.routes.requests.length;
}

async function advance(tx: Transaction, orgId: OrgId, clusterId: string, frame: AgentFrame, now: number): Promise<void> {
  const at = new Date(now);
  await tx`
    update tenant.uplink_position set seen = ${frame.sequence}, updated_at = ${at}
    where org_id = ${orgId} and cluster_id = ${clusterId} and epoch = ${frame.epoch}`;
  const instances = Object.keys(frame.marks);
  if (instances.length === 0) return;
  await tx`
    insert into tenant.uplink_mark as held (org_id, cluster_id, instance, seen, updated_at)
    select ${orgId}, ${clusterId}, mark.instance, mark.seen, ${at} from unnest(${instances}::text[], ${Object.values(frame.marks)}::bigint[]) as mark (instance, seen)
    on conflict (org_id, cluster_id, instance) do update set seen = excluded.seen, updated_at = excluded.updated_at where held.seen < excluded.seen`;
}

async function insertGaps(tx: Transaction, orgId: OrgId, clusterId: string, now: number, counts: Readonly<Record<string, number>>): Promise<void> {
  for (const [reason, count] of Object.entries(counts)) {
    if (count === 0) continue;
    await tx`insert into tenant.uplink_gap (org_id, cluster_id, at, reason, count) values (${orgId}, ${clusterId}, ${new Date(now)}, ${reason}, ${count})`;
  }
}
