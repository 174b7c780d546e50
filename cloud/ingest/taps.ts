/** Tap on the uplink: which sessions an agent is told of, and how what it tells is kept for the page. */
import type { AgentTapReport, AgentTapSession } from '../../agent/wire/tap.ts';
import type { TapEvent as ProxyEvent } from '../../proxy/wire/tap.ts';
import type { Transaction } from '../db/client.ts';
import { TAP_UNREAD_MS_MAX, type TapEvent } from '../wire/tap.ts';
import type { Link } from './link.ts';

/** What a tap saw is kept for so long: the page asks each second. */
const BATCH_MS_KEPT = 60_000;

interface SessionRow {
  readonly id: string;
  readonly workload: string | null;
  readonly filter: AgentTapSession['filter'];
  readonly per_second_max: number;
  readonly ends_at: Date;
}

/** The taps of a cluster that somebody reads; they are taken as told from now on. */
export async function readSessions({ tenant: { orgId, transaction }, clusterId }: Link, nowMs: number): Promise<AgentTapSession[]> {
  const now = new Date(nowMs);
  const rows = await transaction((tx) => tx<SessionRow[]>`
    update tenant.tap set sent_at = coalesce(sent_at, ${now})
    where org_id = ${orgId} and cluster_id = ${clusterId} and stopped_at is null and ends_at > ${now} and read_at > ${new Date(nowMs - TAP_UNREAD_MS_MAX)}
    returning id, workload, filter, per_second_max, ends_at`);
  return rows.map(({ id, workload, filter, per_second_max: perSecondMax, ends_at: endsAt }) => ({ id, workload, filter, perSecondMax, endsInMs: endsAt.getTime() - nowMs }));
}

/** Keeps reports for the page, and drops what is old or of a tap that is over. */
export async function storeReports({ tenant: { orgId, transaction }, clusterId }: Link, reports: readonly AgentTapReport[], nowMs: number): Promise<void> {
  await transaction(async (tx) => {
    for (const report of reports) await storeReport(tx, orgId, clusterId, report, nowMs);
  });
}

async function storeReport(tx: Transaction, orgId: string, clusterId: string, report: AgentTapReport, nowMs: number): Promise<void> {
  const events = report.events.map((event) => eventOf(event, report, nowMs));
  const counted = await tx`
    update tenant.tap set matched = matched + ${report.matched}, told = told + ${events.length}
    where org_id = ${orgId} and cluster_id = ${clusterId} and id = ${report.session} and stopped_at is null`;
  if (counted.count === 0) return;
  await tx`delete from tenant.tap_batch where org_id = ${orgId} and tap_id = ${report.session} and received_at < ${new Date(nowMs - BATCH_MS_KEPT)}`;
  if (events.length === 0) return;
  await tx`
    insert into tenant.tap_batch (org_id, tap_id, received_at, events, matched)
    values (${orgId}, ${report.session}, ${new Date(nowMs)}, ${tx.json(events)}, ${report.matched})`;
}

/** Proxies tell how long ago something was, never their time of day. */
function eventOf(event: ProxyEvent, { workload, proxy }: AgentTapReport, nowMs: number): TapEvent {
  const { agoMs, latencyUs, durationUs, ...facts } = event;
  return { ...facts, atMs: nowMs - agoMs, workload, proxy, latencyMs: latencyUs < 0 ? null : latencyUs / 1_000, durationMs: durationUs / 1_000 };
}
