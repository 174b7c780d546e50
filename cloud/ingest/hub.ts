/**
 * The live agent connections of this process, one open per cluster: serial handling with a bounded queue, closing of older
 * connections, heartbeats, and a periodic look at tokens and clusters. Sockets come from an adapter of the runtime.
 */
import type { AgentRefused } from '../../agent/wire/down.ts';
import { encodeMessage } from '../../agent/wire/envelope.ts';
import { limited } from '../alerts/lane.ts';
import { CREDENTIAL_MS, CREDENTIAL_RENEW_MS, makeCredential } from '../auth/credential.ts';
import { asAuth, asWorker } from '../db/client.ts';
import type { Sql } from '../db/client.ts';
import { TAP_UNREAD_MS_MAX } from '../wire/tap.ts';
import { whyLost } from './link.ts';
import type { Link, Lost } from './link.ts';
import { LOST_MESSAGES, receive, refusal } from './session.ts';
import { readSessions } from './taps.ts';
import type { SessionServices, SessionState, SessionStep } from './session.ts';

/** Messages waiting on one connection before its socket is paused; one more frame may be on its way. */
const QUEUE_PAUSE = 4;
/** An adapter that can't pause, or an agent that ignores it, is cut off here. */
const QUEUE_MAX = 64;
/** Live connections of one process. */
export const CONNECTIONS_MAX = 5_000;
/** A hello that takes longer than this never comes. */
const HELLO_MS_MAX = 10_000;
/** Statements end after 30 s; a message that takes longer hangs on a connection that was lost. */
const MESSAGE_MS_MAX = 40_000;
/** A message that takes longer than this to store makes its agent pause for as long: half of the time the database rests. */
const SLOW_COMMIT_MS = 2_000;
const SLOW_WAIT_MS_MAX = 10_000;
/** Nothing for this long, not even the answer to a ping: the socket is dead. */
const SILENT_MS_MAX = 30_000;

/** What a runtime's socket can do. Sending on a closed socket does nothing. */
export interface UplinkSocket {
  send(bytes: Uint8Array): void;
  close(code: number, reason: string): void;
  /** Cuts the connection without a word. */
  terminate(): void;
  ping(): void;
  pause(): void;
  resume(): void;
}

/** What the adapter tells the hub about a socket. */
export interface UplinkConnection {
  message(bytes: Uint8Array): void;
  pong(): void;
  closed(): void;
}

export interface UplinkHub {
  /** Null: the process holds as many connections as it can. */
  attach(link: Link, socket: UplinkSocket): UplinkConnection | null;
  /** Looks for revoked tokens and deleted clusters, and closes their sockets. Due every 2 s. */
  inspect(): Promise<void>;
  /** Pings, cuts silent sockets, renews `last_seen_at` and credentials. Due every 10 s. */
  beat(): Promise<void>;
  /** Tells agents of taps that began or ended. Due every second. */
  taps(): Promise<void>;
  /** Finishes the messages in hand, then closes every socket; the agents come back on their own. */
  stop(): Promise<void>;
  readonly size: number;
}

/** WebSocket close codes: service restart, policy violation. */
const CLOSE_RESTART = 1012;
const CLOSE_POLICY = 1008;

interface Connection {
  readonly link: Link;
  readonly socket: UplinkSocket;
  readonly queue: Uint8Array[];
  readonly openedAt: number;
  state: SessionState;
  heardAt: number;
  working: Promise<void> | null;
  paused: boolean;
  ended: boolean;
  /** The taps that the agent was told of last. */
  tapped: string;
  /** When it got its last credential, ms since 1970. */
  grantedAt: number;
}

/** The code of a refusal, for the close frame. */
function reasonOf(step: SessionStep): string {
  return step.messages.find((message) => message.kind === 'refused')?.code ?? 'done';
}

export function createHub(sql: Sql, services: SessionServices): UplinkHub {
  const connections = new Set<Connection>();
  let stopping = false;

  function attach(link: Link, socket: UplinkSocket): UplinkConnection | null {
    if (stopping || connections.size >= CONNECTIONS_MAX) return null;
    const now = services.now();
    const connection: Connection = { link, socket, queue: [], openedAt: now, state: { phase: 'hello' }, heardAt: now, working: null, paused: false, ended: false, tapped: '', grantedAt: 0 };
    connections.add(connection);
    return {
      message: (bytes) => enqueue(connection, bytes),
      pong: () => { connection.heardAt = services.now(); },
      closed: () => { forget(connection); },
    };
  }

  function enqueue(connection: Connection, bytes: Uint8Array): void {
    if (connection.ended || stopping) return;
    connection.heardAt = services.now();
    if (connection.queue.length >= QUEUE_MAX) return end(connection, refusal('overloaded', `More than ${QUEUE_MAX} messages wait on this connection.`));
    connection.queue.push(bytes);
    if (connection.queue.length >= QUEUE_PAUSE && !connection.paused) {
      connection.paused = true;
      connection.socket.pause();
    }
    connection.working ??= work(connection).finally(() => { connection.working = null; });
  }

  /** One message after the other; the next begins when the one before is committed and answered. */
  async function work(connection: Connection): Promise<void> {
    for (let bytes = connection.queue.shift(); bytes && !connection.ended && !stopping; bytes = connection.queue.shift()) {
      const before = connection.state;
      const beganMs = services.now();
      const step = await limited(MESSAGE_MS_MAX, receive(services, connection.link, before, bytes)).catch(() => stuck(before));
      connection.state = step.state;
      if (before.phase === 'hello' && step.state.phase === 'open') opened(connection, step.state.epoch);
      for (const message of step.messages) connection.socket.send(encodeMessage(message));
      if (before.phase === 'hello' && step.state.phase === 'open') grant(connection);
      if (before.phase === 'open' && !step.close) easeOff(connection, services.now() - beganMs);
      if (step.close) close(connection, CLOSE_POLICY, reasonOf(step));
      if (connection.paused && connection.queue.length < QUEUE_PAUSE) {
        connection.paused = false;
        connection.socket.resume();
      }
    }
  }

  function stuck(state: SessionState): SessionStep {
    services.counters.failed++;
    return { state, messages: [refusal('overloaded', 'The cloud could not store the message in time; send it again.')], close: true };
  }

  function opened(connection: Connection, epoch: number): void {
    services.log.info({ org: connection.link.tenant.orgId, cluster: connection.link.clusterId, epoch }, 'an agent is online');
    replaceOthers(connection);
  }

  /** A message that took long means that the database is behind: its agent keeps frames in its spool for a while. */
  function easeOff({ socket }: Connection, tookMs: number): void {
    if (tookMs < SLOW_COMMIT_MS) return;
    services.counters.slowed++;
    socket.send(encodeMessage({ kind: 'slow', waitMs: Math.min(SLOW_WAIT_MS_MAX, tookMs) }));
  }

  /** An hour's credential for the token that opened the connection; a live connection gets a new one in time. */
  function grant(connection: Connection): void {
    const { link, socket } = connection;
    const now = services.now();
    connection.grantedAt = now;
    const claims = { orgId: link.tenant.orgId, clusterId: link.clusterId, tokenId: link.tokenId };
    socket.send(encodeMessage({ kind: 'credential', credential: makeCredential(services.credentialKey, claims, now + CREDENTIAL_MS), lifetimeMs: CREDENTIAL_MS }));
  }

  /** The newest hello owns the cluster; an older connection in this process hears of it at once, elsewhere at its next write or beat. */
  function replaceOthers(newest: Connection): void {
    for (const other of connections) {
      if (other !== newest && other.link.clusterId === newest.link.clusterId && other.state.phase === 'open') {
        end(other, refusal('replaced', LOST_MESSAGES.replaced));
      }
    }
  }

  function end(connection: Connection, message: AgentRefused): void {
    if (connection.ended) return;
    services.counters.refused++;
    connection.socket.send(encodeMessage(message));
    close(connection, CLOSE_POLICY, message.code);
  }

  function close(connection: Connection, code: number, reason: string): void {
    if (connection.ended) return;
    services.log.info({ org: connection.link.tenant.orgId, cluster: connection.link.clusterId, reason }, 'an agent’s connection is closed');
    connection.socket.close(code, reason);
    forget(connection);
  }

  function forget(connection: Connection): void {
    connection.ended = true;
    connection.queue.length = 0;
    if (!connections.delete(connection)) return;
    const last = connection.working ?? Promise.resolve();
    void last.then(() => markOffline(connection)).catch((error: unknown) => services.log.warn({ error }, 'an agent could not be marked offline'));
  }

  async function inspect(): Promise<void> {
    const held = [...connections];
    if (held.length === 0) return;
    const ids = held.map((connection) => connection.link.tokenId);
    const rows = await asAuth(sql, (tx) => tx<{ id: string; revoked_at: Date | null }[]>`select id, revoked_at from tenant.token where id = any(${ids})`);
    const revoked = new Map(rows.map((row) => [row.id, row.revoked_at !== null]));
    for (const connection of held) {
      const state = revoked.get(connection.link.tokenId);
      if (state === undefined) end(connection, refusal('cluster_deleted', LOST_MESSAGES.cluster_deleted));
      else if (state) end(connection, refusal('token_revoked', 'The token of this connection was revoked. Give the agent a new one.'));
    }
  }

  async function beat(): Promise<void> {
    const now = services.now();
    for (const connection of [...connections]) {
      if (connection.state.phase === 'hello' && now - connection.openedAt > HELLO_MS_MAX) end(connection, refusal('frame_invalid', 'No hello came.'));
      else if (now - connection.heardAt > SILENT_MS_MAX && connection.working === null) {
        connection.socket.terminate();
        forget(connection);
      } else {
        connection.socket.ping();
        if (connection.state.phase === 'open' && now - connection.grantedAt >= CREDENTIAL_RENEW_MS) grant(connection);
        const lost = await renew(connection).catch(() => null);
        if (lost !== null) end(connection, refusal(lost, LOST_MESSAGES[lost]));
      }
    }
  }

  async function taps(): Promise<void> {
    const held = [...connections].filter((connection) => connection.state.phase === 'open' && !connection.ended);
    if (held.length === 0) return;
    const now = services.now();
    const ids = held.map(({ link }) => link.clusterId);
    const rows = await asWorker(sql, (tx) => tx<{ cluster_id: string }[]>`
      select distinct cluster_id from tenant.tap
      where stopped_at is null and ends_at > ${new Date(now)} and read_at > ${new Date(now - TAP_UNREAD_MS_MAX)} and cluster_id = any(${ids})`);
    const active = new Set(rows.map((row) => row.cluster_id));
    for (const connection of held) {
      if (!active.has(connection.link.clusterId) && connection.tapped === '') continue;
      const sessions = await readSessions(connection.link, now);
      const tapped = sessions.map(({ id }) => id).sort().join(' ');
      if (tapped === connection.tapped || connection.ended) continue;
      connection.tapped = tapped;
      connection.socket.send(encodeMessage({ kind: 'tap', sessions }));
    }
  }

  /** Null: the cluster is still this connection's. */
  async function renew(connection: Connection): Promise<Lost | null> {
    const { link, state } = connection;
    if (state.phase !== 'open') return null;
    return link.tenant.transaction(async (tx) => {
      const renewed = await tx`
        update tenant.cluster set connected = true, last_seen_at = greatest(last_seen_at, ${new Date(connection.heardAt)})
        where org_id = ${link.tenant.orgId} and id = ${link.clusterId} and session_id = ${state.sessionId}`;
      return renewed.count === 1 ? null : whyLost(tx, link);
    });
  }

  async function markOffline(connection: Connection): Promise<void> {
    const { link, state } = connection;
    if (state.phase !== 'open') return;
    await link.tenant.transaction((tx) => tx`
      update tenant.cluster set connected = false
      where org_id = ${link.tenant.orgId} and id = ${link.clusterId} and session_id = ${state.sessionId}`);
  }

  async function stop(): Promise<void> {
    stopping = true;
    const held = [...connections];
    await Promise.all(held.map((connection) => connection.working));
    await Promise.allSettled(held.map((connection) => {
      connections.delete(connection);
      connection.ended = true;
      connection.socket.close(CLOSE_RESTART, 'the cloud restarts');
      return markOffline(connection);
    }));
  }

  return { attach, inspect, beat, taps, stop, get size() { return connections.size; } };
}
