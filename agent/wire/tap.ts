/** Tap between cloud and agent: the sessions of a cluster, and what its proxies tell. */
import type { WorkloadKey } from '../../proxy/wire/labels.ts';
import type { TapReport, TapSession } from '../../proxy/wire/tap.ts';

/** Events of one session that all proxies of a cluster together tell in a second; the rest is counted as dropped. */
export const TAP_EVENTS_PER_SECOND_MAX = 500;

/** Sessions of one cluster at a time. */
export const TAPS_MAX = 32;

/** A session of one workload's proxies, or of all. */
export interface AgentTapSession extends TapSession {
  readonly workload: WorkloadKey | null;
}

/** All tap sessions of the cluster; each message replaces the last one. They end by themselves. Agents before it leave it out. */
export interface AgentTap {
  readonly kind: 'tap';
  readonly sessions: readonly AgentTapSession[];
}

export interface AgentTapReport extends TapReport {
  /** Whose proxy tells. */
  readonly workload: WorkloadKey;
  readonly proxy: string;
}

/** What the proxies told since the last such message. Not numbered, not acknowledged; only for sessions that the cloud asked for. */
export interface AgentTapReports {
  readonly kind: 'tapped';
  readonly reports: readonly AgentTapReport[];
}
