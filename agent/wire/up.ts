/** Messages from the agent to the cloud. */
import type { ClusterWindow } from './rollup.ts';
import type { AgentTapReports } from './tap.ts';
import type { TopologySnapshot } from './topology.ts';

/** First message on every connection. */
export interface AgentHello {
  readonly kind: 'hello';
  readonly wire: number;
  readonly agentVersion: string;
  readonly platform: 'host' | 'kubernetes';
  /** The epoch of this start, or null for a spool that no cloud has adopted yet: the cloud then gives one. */
  readonly epoch: number | null;
  /** The agent's own clock, ms since 1970. */
  readonly clockMs: number;
  /** Length of its windows, ms. */
  readonly windowMs: number;
}

/**
 * A sealed frame; it keeps its (epoch, sequence) for ever. `previous` is the sequence before it that the spool still had
 * when this frame was sealed or its predecessors were dropped: the cloud takes the frame when previous ≤ seen < sequence.
 */
export interface AgentFrame {
  readonly kind: 'frame';
  readonly epoch: number;
  readonly sequence: number;
  readonly previous: number;
  readonly windows: readonly ClusterWindow[];
  /** Per proxy instance the highest window sequence that this frame and all before it contain. */
  readonly marks: Readonly<Record<string, number>>;
  readonly dropped: {
    /** Proxy windows known to be lost (ring overflow, killed proxies). */
    readonly proxyWindows: number;
    /** Frames dropped from the spool (24 h or 256 MiB) before this one. */
    readonly frames: number;
    /** Exchanges folded into `other` by a cap, a proxy's or the cluster's. */
    readonly folded: number;
  };
}

export interface AgentTopology {
  readonly kind: 'topology';
  readonly snapshot: TopologySnapshot;
}

export type AgentUp = AgentHello | AgentFrame | AgentTopology | AgentTapReports;
