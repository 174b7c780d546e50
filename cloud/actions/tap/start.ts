/** Begins to look at a cluster's exchanges. The row stays, so that it is known who looked at what. */
import { ApiError } from '../../context.ts';
import type { OrgContext } from '../../context.ts';
import { newId } from '../../ids.ts';
import type { RandomBytes } from '../../ids.ts';
import type { Tap, TapInput } from '../../wire/tap.ts';
import { actorName } from '../actor-name.ts';
import { audit } from '../audit.ts';
import { readCluster } from '../cluster/row.ts';
import { readTap } from './row.ts';

/** Taps of one cluster at a time: proxies take no more. */
export const TAPS_PER_CLUSTER_MAX = 8;
/** What taps saw is kept so long at most, and their rows so long. */
const BATCH_MS_MAX = 600_000;
const TAP_MS_KEPT = 400 * 24 * 3_600_000;

export interface StartTap {
  readonly clusterId: string;
  readonly tap: TapInput;
  readonly randomBytes: RandomBytes;
}

/** Throws `limit_reached` while the cluster has as many taps as it may. */
export async function startTap(context: OrgContext, { clusterId, tap, randomBytes }: StartTap): Promise<Tap> {
  const { orgId } = context.tenant;
  const nowMs = context.now();
  const now = new Date(nowMs);
  const { workload, perSecondMax, seconds, ...filter } = tap;
  const id = newId('tap', randomBytes);
  return context.tenant.transaction(async (tx) => {
    await readCluster(tx, orgId, clusterId);
    const [running] = await tx<{ count: number }[]>`
      select count(*) as count from tenant.tap where org_id = ${orgId} and cluster_id = ${clusterId} and stopped_at is null and ends_at > ${now}`;
    if ((running?.count ?? 0) >= TAPS_PER_CLUSTER_MAX) throw new ApiError('limit_reached', `A cluster has at most ${TAPS_PER_CLUSTER_MAX} taps at a time; stop one first.`);
    await tx`delete from tenant.tap_batch where org_id = ${orgId} and received_at < ${new Date(nowMs - BATCH_MS_MAX)}`;
    await tx`delete from tenant.tap where org_id = ${orgId} and ends_at < ${new Date(nowMs - TAP_MS_KEPT)}`;
    await tx`
      insert into tenant.tap (org_id, id, cluster_id, workload, filter, per_second_max, started_at, started_by, ends_at, read_at)
      values (${orgId}, ${id}, ${clusterId}, ${workload ?? null}, ${tx.json(filter)}, ${perSecondMax}, ${now}, ${actorName(context.actor)}, ${new Date(nowMs + seconds * 1_000)}, ${now})`;
    await audit(tx, context, { action: 'tap.start', target: id, details: { clusterId, workload: workload ?? null, seconds, perSecondMax, filter: JSON.stringify(filter) } });
    return readTap(tx, orgId, clusterId, id, nowMs);
  });
}
