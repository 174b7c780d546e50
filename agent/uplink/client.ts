/** Keeps one WebSocket to the cloud: connects, watches over it, and connects again with back-off. */
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { RawData } from 'ws';
import type { Metrics } from '../admin/metrics.ts';
import { messageOf } from '../fault.ts';
import type { Log } from '../log.ts';
import type { AgentTapReport } from '../wire/tap.ts';
import { UPLINK_PATH } from '../wire/version.ts';
import { backoffMs } from './backoff.ts';
import { DOWN_BYTES_MAX, REFUSED_REMEDIES } from './messages.ts';
import { UplinkSession } from './session.ts';
import type { SessionEnd, SessionParts } from './session.ts';

/** A refused token is tried again this seldom; the token file is read anew each time. */
export const TOKEN_RETRY_MS = 30_000;
const CONNECT_MS_MAX = 10_000;
const PING_MS = 10_000;
/** No sign of life for so long ends a connection. */
const SILENCE_MS_MAX = 25_000;
const SWEEP_MS = 1_000;
/** A connection that lived so long was a good one: the next failure is the first again. */
const GOOD_MS = 5_000;

export interface UplinkParts {
  /** `http://…` or `https://…` */
  readonly cloud: string;
  /** Reads the cluster's token. Throws when it can't. */
  readonly token: () => string;
  readonly session: SessionParts;
  /** In [0, 1). */
  readonly random: () => number;
  readonly tokenRetryMs: number;
  readonly metrics: Metrics;
  readonly log: Log;
}

interface Connection {
  readonly socket: WebSocket;
  readonly openedMs: number;
  readonly byCredential: boolean;
  session: UplinkSession | null;
  heardMs: number;
  pingedMs: number;
  end: SessionEnd | TokenRefused | null;
}

/** What the cloud gave for the token; `untilMs` by the monotonic clock. */
interface Credential {
  readonly text: string;
  readonly untilMs: number;
}

interface TokenRefused {
  readonly kind: 'token_invalid';
  readonly status: number;
}

export class Uplink {
  readonly #parts: UplinkParts;
  #connection: Connection | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #sweeper: NodeJS.Timeout | null = null;
  #credential: Credential | null = null;
  #failures = 0;
  #stopped = false;

  constructor(parts: UplinkParts) {
    this.#parts = parts;
  }

  /** True while the cloud has welcomed this agent. */
  get connected(): boolean {
    return this.#connection?.session?.welcomed ?? false;
  }

  start(): void {
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#sweeper) clearInterval(this.#sweeper);
    if (this.#retryTimer) clearTimeout(this.#retryTimer);
    this.#connection?.session?.close();
    this.#connection?.socket.close(1001);
    this.#connection?.socket.terminate();
  }

  /** A frame was sealed. */
  frameSealed(): void {
    this.#connection?.session?.pump();
  }

  sendTap(reports: readonly AgentTapReport[]): void {
    this.#connection?.session?.sendTap(reports);
  }

  topologyChanged(): void {
    this.#connection?.session?.topologyChanged();
  }

  #connect(): void {
    const { cloud, token, metrics, session } = this.#parts;
    metrics.add('uplink_connects_total');
    const now = session.monotonicMs();
    const credential = this.#credential !== null && now < this.#credential.untilMs ? this.#credential : null;
    let authorization: string;
    try {
      authorization = `Bearer ${credential?.text ?? token()}`;
    } catch (thrown) {
      this.#parts.log('error', 'the token file can’t be read', { code: 'token_unreadable', reason: messageOf(thrown), remedy: 'check the path of --token-file and that the agent may read it' });
      return this.#retryIn(this.#parts.tokenRetryMs);
    }
    const url = new URL(UPLINK_PATH, cloud.replace(/^http/, 'ws'));
    const options = { headers: { authorization }, perMessageDeflate: false, handshakeTimeout: CONNECT_MS_MAX, maxPayload: DOWN_BYTES_MAX };
    const socket = new WebSocket(url, options);
    socket.binaryType = 'nodebuffer';
    const connection: Connection = { socket, openedMs: now, byCredential: credential !== null, session: null, heardMs: now, pingedMs: now, end: null };
    this.#connection = connection;
    socket.on('open', () => this.#opened(connection));
    socket.on('message', (data) => this.#received(connection, data));
    socket.on('pong', () => this.#heard(connection));
    socket.on('unexpected-response', (_, response) => this.#answered(connection, response));
    socket.on('error', (error) => this.#over(connection, { kind: 'lost', reason: error.message }));
    socket.on('close', (code) => this.#over(connection, { kind: 'lost', reason: `the connection was closed (${code})` }));
  }

  #opened(connection: Connection): void {
    this.#heard(connection);
    const { socket } = connection;
    const credential = (text: string, lifetimeMs: number): void => {
      this.#credential = { text, untilMs: this.#parts.session.monotonicMs() + lifetimeMs };
    };
    const ends = { send: (bytes: Uint8Array) => socket.send(bytes), bufferedBytes: () => socket.bufferedAmount, credential };
    connection.session = new UplinkSession(this.#parts.session, ends, (end) => this.#over(connection, end));
  }

  #received(connection: Connection, data: RawData): void {
    this.#heard(connection);
    if (!Buffer.isBuffer(data)) return this.#over(connection, { kind: 'lost', reason: 'the cloud sent something unreadable' });
    connection.session?.receive(data);
  }

  #heard(connection: Connection): void {
    connection.heardMs = this.#parts.session.monotonicMs();
  }

  #answered(connection: Connection, response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    response.resume();
    const refused = status === 401 || status === 403;
    // Expired, or of a token that was revoked: the token file says which.
    if (refused) this.#credential = null;
    if (refused && connection.byCredential) return this.#over(connection, { kind: 'lost', reason: 'the cloud did not take the credential; the token is tried next' });
    this.#over(connection, refused ? { kind: 'token_invalid', status } : { kind: 'lost', reason: `the cloud answered ${status}` });
  }

  #sweep(): void {
    const connection = this.#connection;
    if (!connection?.session) return;
    const now = this.#parts.session.monotonicMs();
    if (now > connection.heardMs + SILENCE_MS_MAX) return this.#over(connection, { kind: 'lost', reason: 'the cloud is silent' });
    if (now > connection.pingedMs + PING_MS) {
      connection.pingedMs = now;
      connection.socket.ping();
    }
    connection.session.sweep();
  }

  #over(connection: Connection, end: SessionEnd | TokenRefused): void {
    if (connection.end) return;
    connection.end = end;
    const { session, socket, openedMs } = connection;
    const good = session?.welcomed && this.#parts.session.monotonicMs() > openedMs + GOOD_MS;
    session?.close();
    socket.terminate();
    if (this.#connection === connection) this.#connection = null;
    if (this.#stopped) return;
    this.#failures = good ? 1 : this.#failures + 1;
    this.#retryAfter(end);
  }

  #retryAfter(end: SessionEnd | TokenRefused): void {
    const { log, metrics, random, tokenRetryMs } = this.#parts;
    const waitMs = backoffMs(this.#failures, random());
    switch (end.kind) {
      case 'lost':
        log('warn', 'no connection to the cloud; the mesh and the spool go on', { code: 'uplink_lost', reason: end.reason, retryInMs: Math.round(waitMs) });
        return this.#retryIn(waitMs);
      case 'token_invalid':
        metrics.add('uplink_refused_total');
        log('error', 'the cloud does not take this cluster’s token', { code: 'token_invalid', status: end.status, remedy: REFUSED_REMEDIES.token_revoked, retryInMs: tokenRetryMs });
        return this.#retryIn(tokenRetryMs);
      case 'refused': {
        this.#credential = null;
        metrics.add('uplink_refused_total');
        const remedy = Object.entries(REFUSED_REMEDIES).find(([code]) => code === end.code)?.[1];
        const retryInMs = Math.round(Math.max(waitMs, end.retryAfterMs));
        log('error', 'the cloud refused this agent', { code: end.code, reason: end.message, remedy, retryInMs });
        return this.#retryIn(retryInMs);
      }
      default:
        return end satisfies never;
    }
  }

  #retryIn(waitMs: number): void {
    if (!this.#stopped) this.#retryTimer = setTimeout(() => this.#connect(), waitMs);
  }
}
