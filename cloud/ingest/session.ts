/**
 * All behaviour of one agent connection, for any runtime: a message in, messages out. The state is a small plain value,
 * so that a runtime may write it down between two messages. The caller hands over one message at a time.
 */
import type { AgentDown, AgentRefused } from '../../agent/wire/down.ts';
import type { AgentTapReport } from '../../agent/wire/tap.ts';
import { decodeMessage, EnvelopeError } from '../../agent/wire/envelope.ts';
import type { AgentFrame, AgentHello, AgentUp } from '../../agent/wire/up.ts';
import { UPLINK_WIRE_VERSION } from '../../agent/wire/version.ts';
import type { OrgId } from '../db/tenant.ts';
import { newId } from '../ids.ts';
import type { RandomBytes } from '../ids.ts';
import type { Log } from '../log.ts';
import type { EntityNames } from '../series/names.ts';
import { commitFrame } from './commit.ts';
import { checkMessage } from './frame.ts';
import { greet } from './hello.ts';
import type { Link, Lost } from './link.ts';
import { storeReports } from './taps.ts';
import { commitTopology } from './topology.ts';

export type SessionState = { readonly phase: 'hello' } | { readonly phase: 'open'; readonly epoch: number; readonly sessionId: string };

export interface SessionStep {
  readonly state: SessionState;
  readonly messages: readonly AgentDown[];
  /** True: the connection ends after these messages. */
  readonly close: boolean;
}

export interface SessionServices {
  readonly names: EntityNames;
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
  readonly log: Log;
  /** A frame is stored: alert rules of the cluster may be due. */
  readonly committed: (orgId: OrgId, clusterId: string) => void;
  readonly counters: UplinkCounters;
  /** Signs the credentials that agents get for their token. */
  readonly credentialKey: Uint8Array;
}

export interface UplinkCounters {
  frames: number;
  rows: number;
  duplicates: number;
  gaps: number;
  snapshots: number;
  refused: number;
  /** Agents told to pause, since a message took long to store. */
  slowed: number;
  /** Frames that the database did not take; the agent sends them again. */
  failed: number;
  tapReports: number;
  tapReportsLost: number;
  /** From the end of a committed frame's newest window to its commit, summed, ms. */
  lagMs: number;
}

export function createUplinkCounters(): UplinkCounters {
  return { frames: 0, rows: 0, duplicates: 0, gaps: 0, snapshots: 0, refused: 0, slowed: 0, failed: 0, tapReports: 0, tapReportsLost: 0, lagMs: 0 };
}

/** How long a refused agent waits before it tries again. */
export const RETRY_AFTER_MS = {
  token_revoked: 60_000,
  fenced: 60_000,
  wire_version: 300_000,
  frame_invalid: 60_000,
  replaced: 30_000,
  cluster_deleted: 300_000,
  overloaded: 2_000,
} as const satisfies Record<AgentRefused['code'], number>;

/** What an agent is told that may write no more. */
export const LOST_MESSAGES = {
  replaced: 'A newer connection of this cluster has taken over.',
  cluster_deleted: 'The cluster was deleted on the console.',
} as const satisfies Record<Lost, string>;

export function refusal(code: AgentRefused['code'], message: string): AgentRefused {
  return { kind: 'refused', code, message, retryAfterMs: RETRY_AFTER_MS[code] };
}

/** Never throws: what goes wrong is a refusal that says whose fault it is. */
export async function receive(services: SessionServices, link: Link, state: SessionState, bytes: Uint8Array): Promise<SessionStep> {
  const message = readMessage(bytes);
  if (typeof message === 'string') return refuse(services, state, 'frame_invalid', message);
  try {
    return await handle(services, link, state, message);
  } catch (error) {
    services.counters.failed++;
    services.log.error({ error, org: link.tenant.orgId, cluster: link.clusterId, message: message.kind }, 'an uplink message was not stored');
    return refuse(services, state, 'overloaded', 'The cloud could not store the message now; nothing is lost, send it again.');
  }
}

/** A checked message, or what is wrong with it. */
function readMessage(bytes: Uint8Array): AgentUp | string {
  try {
    const checked = checkMessage(decodeMessage(bytes));
    return checked.kind === 'message' ? checked.message : checked.text;
  } catch (error) {
    if (error instanceof EnvelopeError) return error.message;
    throw error;
  }
}

function handle(services: SessionServices, link: Link, state: SessionState, message: AgentUp): Promise<SessionStep> | SessionStep {
  if (state.phase === 'hello') {
    return message.kind === 'hello' ? open(services, link, message) : refuse(services, state, 'frame_invalid', `The first message must be hello, not ${message.kind}.`);
  }
  switch (message.kind) {
    case 'hello':
      return refuse(services, state, 'frame_invalid', 'A connection has one hello.');
    case 'frame':
      return storeFrame(services, link, state, message);
    case 'topology':
      return storeTopology(services, link, state, message.snapshot);
    case 'tapped':
      return storeTapped(services, link, state, message.reports);
    default:
      return message satisfies never;
  }
}

async function open(services: SessionServices, link: Link, hello: AgentHello): Promise<SessionStep> {
  const before: SessionState = { phase: 'hello' };
  if (hello.wire !== UPLINK_WIRE_VERSION) {
    return refuse(services, before, 'wire_version', `The agent speaks uplink version ${hello.wire}, this cloud ${UPLINK_WIRE_VERSION}. Update the older one.`);
  }
  const sessionId = newId('session', services.randomBytes);
  const greeting = await greet(link, hello, sessionId, services.now());
  switch (greeting.kind) {
    case 'cluster_deleted':
      return refuse(services, before, 'cluster_deleted', LOST_MESSAGES.cluster_deleted);
    case 'fenced':
      return refuse(services, before, 'fenced', `A newer agent (epoch ${greeting.newest}) has taken over from epoch ${String(hello.epoch)}. Stop one of the two.`);
    case 'welcome':
      return { state: { phase: 'open', epoch: greeting.welcome.epoch, sessionId }, messages: [greeting.welcome], close: false };
    default:
      return greeting satisfies never;
  }
}

async function storeFrame(services: SessionServices, link: Link, state: SessionState & { phase: 'open' }, frame: AgentFrame): Promise<SessionStep> {
  if (frame.epoch > state.epoch) return refuse(services, state, 'frame_invalid', `The frame's epoch ${frame.epoch} is beyond the one in force, ${state.epoch}.`);
  const commit = await commitFrame({ ...link, epoch: state.epoch, sessionId: state.sessionId }, services.names, frame, services.now());
  switch (commit.kind) {
    case 'committed':
      services.counters.frames++;
      services.counters.rows += commit.rows;
      services.counters.lagMs += lagOf(frame, services.now());
      services.committed(link.tenant.orgId, link.clusterId);
      return answer(state, { kind: 'acknowledge', epoch: frame.epoch, sequence: commit.seen });
    case 'duplicate':
      services.counters.duplicates++;
      return answer(state, { kind: 'acknowledge', epoch: frame.epoch, sequence: commit.seen });
    case 'gap':
      services.counters.gaps++;
      return answer(state, { kind: 'resend', epoch: frame.epoch, after: commit.seen });
    case 'replaced':
    case 'cluster_deleted':
      return refuse(services, state, commit.kind, LOST_MESSAGES[commit.kind]);
    default:
      return commit satisfies never;
  }
}

/** How long ago the frame's newest window ended; a clock that runs ahead is no lag. */
function lagOf(frame: AgentFrame, nowMs: number): number {
  const endMs = frame.windows.reduce((latest, window) => Math.max(latest, window.startMs + window.lengthMs), 0);
  return endMs === 0 ? 0 : Math.max(0, nowMs - endMs);
}

/** What a tap saw is worth no connection: when it can't be stored, it is lost and counted. */
async function storeTapped(services: SessionServices, link: Link, state: SessionState, reports: readonly AgentTapReport[]): Promise<SessionStep> {
  try {
    await storeReports(link, reports, services.now());
    services.counters.tapReports += reports.length;
  } catch (error) {
    services.counters.tapReportsLost += reports.length;
    services.log.warn({ error, org: link.tenant.orgId, cluster: link.clusterId }, 'tap reports were not stored');
  }
  return { state, messages: [], close: false };
}

async function storeTopology(services: SessionServices, link: Link, state: SessionState & { phase: 'open' }, snapshot: Parameters<typeof commitTopology>[1]): Promise<SessionStep> {
  const stored = await commitTopology({ ...link, epoch: state.epoch, sessionId: state.sessionId }, snapshot, services.now());
  if (stored !== 'stored') return refuse(services, state, stored, LOST_MESSAGES[stored]);
  services.counters.snapshots++;
  return { state, messages: [], close: false };
}

function answer(state: SessionState, message: AgentDown): SessionStep {
  return { state, messages: [message], close: false };
}

function refuse(services: SessionServices, state: SessionState, code: AgentRefused['code'], message: string): SessionStep {
  services.counters.refused++;
  return { state, messages: [refusal(code, message)], close: true };
}
