/** The beginning of a connection: the agent's epoch is adopted or refused, and the connection takes the cluster over. */
import type { AgentWelcome } from '../../agent/wire/down.ts';
import type { AgentHello } from '../../agent/wire/up.ts';
import { UPLINK_WIRE_VERSION } from '../../agent/wire/version.ts';
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import type { Link } from './link.ts';

/** Epochs whose positions are told; older ones can't be in a spool of 24 hours. */
const POSITIONS_MAX = 1_000;
/** Marks told: proxies of the last two days. */
const MARKS_MAX = 50_000;

export type Greeting =
  | { readonly kind: 'welcome'; readonly welcome: AgentWelcome }
  | { readonly kind: 'fenced'; readonly newest: number }
  | { readonly kind: 'cluster_deleted' };

/**
 * A hello of the newest epoch or a newer one wins over the connection that is there. One of an older epoch is refused: a
 * newer agent has taken its place. A spool without an epoch is given the next one.
 */
export async function greet(link: Link, hello: AgentHello, sessionId: string, now: number): Promise<Greeting> {
  const { orgId } = link.tenant;
  const { clusterId } = link;
  const at = new Date(now);
  return link.tenant.transaction(async (tx): Promise<Greeting> => {
    const [cluster] = await tx<{ name: string; epoch: number }[]>`
      select name, epoch from tenant.cluster where org_id = ${orgId} and id = ${clusterId} for update`;
    if (!cluster) return { kind: 'cluster_deleted' };
    if (hello.epoch !== null && hello.epoch < cluster.epoch) return { kind: 'fenced', newest: cluster.epoch };
    const epoch = hello.epoch ?? cluster.epoch + 1;
    await tx`
      update tenant.cluster set epoch = ${epoch}, session_id = ${sessionId}, connected = true, last_seen_at = ${at}, platform = ${hello.platform},
        agent_version = ${hello.agentVersion}, window_ms = ${hello.windowMs},
        token_used_at = coalesce(token_used_at, ${at}), agent_online_at = coalesce(agent_online_at, ${at})
      where org_id = ${orgId} and id = ${clusterId}`;
    const state = await readPositions(tx, orgId, clusterId);
    return { kind: 'welcome', welcome: { kind: 'welcome', wire: UPLINK_WIRE_VERSION, epoch, ...state, clockMs: now, cluster: { id: clusterId, name: cluster.name } } };
  });
}

async function readPositions(tx: Transaction, orgId: OrgId, clusterId: string): Promise<Pick<AgentWelcome, 'positions' | 'marks'>> {
  const positions = await tx<{ epoch: number; sequence: number }[]>`
    select epoch, seen as sequence from tenant.uplink_position
    where org_id = ${orgId} and cluster_id = ${clusterId} order by epoch desc limit ${POSITIONS_MAX}`;
  const marks = await tx<{ instance: string; seen: number }[]>`
    select instance, seen from tenant.uplink_mark
    where org_id = ${orgId} and cluster_id = ${clusterId} order by updated_at desc limit ${MARKS_MAX}`;
  return { positions: positions.map(({ epoch, sequence }) => ({ epoch, sequence })), marks: Object.fromEntries(marks.map(({ instance, seen }) => [instance, seen])) };
}
