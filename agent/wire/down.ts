/** Messages from the cloud to the agent. */
import type { AgentTap } from './tap.ts';

/** Answer to `hello`. */
export interface AgentWelcome {
  readonly kind: 'welcome';
  readonly wire: number;
  /** The epoch in force for this agent: its own, or a new one for a spool without. */
  readonly epoch: number;
  /** Per epoch that the cloud knows, the highest committed sequence. */
  readonly positions: readonly { readonly epoch: number; readonly sequence: number }[];
  /** Per proxy instance the highest committed window. */
  readonly marks: Readonly<Record<string, number>>;
  /** The cloud's clock when it answered, ms since 1970. */
  readonly clockMs: number;
  readonly cluster: { readonly id: string; readonly name: string };
}

/** Everything of `epoch` up to `sequence` is committed. */
export interface AgentAcknowledge {
  readonly kind: 'acknowledge';
  readonly epoch: number;
  readonly sequence: number;
}

/** The cloud lacks frames after `after` of `epoch`: send from there again. */
export interface AgentResend {
  readonly kind: 'resend';
  readonly epoch: number;
  readonly after: number;
}

/**
 * What the agent opens its next connections with, instead of the cluster's token; sent after the welcome and renewed on the
 * open connection. Only kept in memory.
 */
export interface AgentCredential {
  readonly kind: 'credential';
  readonly credential: string;
  /** Counted from its arrival. */
  readonly lifetimeMs: number;
}

/** The cloud commits slowly at the moment: send no frame for so long. Frames wait in the spool; nothing is lost. */
export interface AgentSlow {
  readonly kind: 'slow';
  readonly waitMs: number;
}

/** The connection ends for a reason that the agent can't mend by reconnecting at once. */
export interface AgentRefused {
  readonly kind: 'refused';
  readonly code: 'token_revoked' | 'fenced' | 'wire_version' | 'frame_invalid' | 'replaced' | 'cluster_deleted' | 'overloaded';
  readonly message: string;
  /** Wait at least this long before the next try. */
  readonly retryAfterMs: number;
}

export type AgentDown = AgentWelcome | AgentAcknowledge | AgentResend | AgentRefused | AgentTap | AgentCredential | AgentSlow;
