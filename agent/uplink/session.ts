/**
 * One connection to the cloud, from hello to its end: positions and marks first, then topology and frames, a bounded number
 * in flight. It knows no WebSocket and no timer of reconnecting.
 */
import type { Metrics } from '../admin/metrics.ts';
import type { Marks } from '../aggregate/pending.ts';
import { messageOf } from '../fault.ts';
import type { Log } from '../log.ts';
import type { AgentWelcome } from '../wire/down.ts';
import { encodeMessage } from '../wire/envelope.ts';
import type { AgentTapReport, AgentTapSession } from '../wire/tap.ts';
import type { TopologySnapshot } from '../wire/topology.ts';
import type { AgentHello, AgentUp } from '../wire/up.ts';
import { readDown } from './messages.ts';
import type { ReceivedDown } from './messages.ts';
import type { Position, Spool } from './spool.ts';

/** Frames sent and not acknowledged. */
export const IN_FLIGHT_MAX = 8;
/** No further frame is sent while this much waits in the socket. */
export const BUFFERED_BYTES_MAX = 16 * 1024 * 1024;
/** Reports of taps never wait behind so much: frames come first. */
export const TAP_BUFFERED_BYTES_MAX = 1024 * 1024;
export const WELCOME_MS_MAX = 10_000;
/** Far beyond a slow commit; a cloud that takes longer is asked again on a new connection. */
export const ACKNOWLEDGE_MS_MAX = 30_000;
/** So often the cloud may ask again without any progress. */
export const RESENDS_MAX = 16;
export const TOPOLOGY_DEBOUNCE_MS = 250;

/** Why a connection is over, and what that means for the next. */
export type SessionEnd =
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly retryAfterMs: number };

export interface SessionParts {
  readonly spool: Spool;
  readonly hello: Omit<AgentHello, 'kind' | 'epoch' | 'clockMs'>;
  /** The mesh's clock and one that never goes back, ms. */
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly correctClock: (cloudMs: number, roundTripMs: number) => void;
  /** What the cloud has of the proxies' windows. */
  readonly raiseMarks: (marks: Marks) => void;
  readonly snapshot: () => TopologySnapshot;
  readonly onWelcome: () => void;
  readonly onTap: (sessions: readonly AgentTapSession[]) => void;
  /** Frames in flight must make some progress within this. */
  readonly acknowledgeMsMax: number;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface SessionSocket {
  send(bytes: Uint8Array): void;
  bufferedBytes(): number;
  /** The cloud gave what the next connections are opened with. */
  credential(text: string, lifetimeMs: number): void;
}

export class UplinkSession {
  readonly #parts: SessionParts;
  readonly #socket: SessionSocket;
  readonly #end: (end: SessionEnd) => void;
  readonly #beganMs: number;
  #welcomed = false;
  #over = false;
  #inFlight: Position[] = [];
  #cursor: Position | null = null;
  #pumping = false;
  #progressMs: number;
  #resends = 0;
  #slowUntilMs = 0;
  #topologyTimer: NodeJS.Timeout | null = null;

  /** Says hello. `end` is called at most once, when this side wants the connection over. */
  constructor(parts: SessionParts, socket: SessionSocket, end: (end: SessionEnd) => void) {
    this.#parts = parts;
    this.#socket = socket;
    this.#end = end;
    this.#beganMs = parts.monotonicMs();
    this.#progressMs = this.#beganMs;
    this.#send({ kind: 'hello', ...parts.hello, epoch: parts.spool.epoch, clockMs: Math.round(parts.nowMs()) });
  }

  get welcomed(): boolean {
    return this.#welcomed;
  }

  receive(bytes: Uint8Array): void {
    if (this.#over) return;
    const result = readDown(bytes);
    switch (result.kind) {
      case 'message':
        return this.#handle(result.message);
      case 'unknown':
        return this.#parts.log('info', 'a message of a newer cloud is left out', { name: result.name });
      case 'invalid':
        return this.#finish({ kind: 'lost', reason: `the cloud sent something unreadable: ${result.reason}` });
      default:
        return result satisfies never;
    }
  }

  /** A frame may be waiting: after a seal, and when the socket has drained. */
  pump(): void {
    if (!this.#welcomed || this.#pumping || this.#over) return;
    this.#pumping = true;
    void this.#sendFrames()
      .catch((thrown: unknown) => this.#finish({ kind: 'lost', reason: `the spool can't be read: ${messageOf(thrown)}` }))
      .finally(() => {
        this.#pumping = false;
      });
  }

  /** Sends a new snapshot soon. */
  topologyChanged(): void {
    if (!this.#welcomed || this.#over) return;
    this.#topologyTimer ??= setTimeout(() => this.#sendTopology(), TOPOLOGY_DEBOUNCE_MS);
  }

  /** Sends what tap sessions have seen; while the socket is behind, it is dropped and counted. */
  sendTap(reports: readonly AgentTapReport[]): void {
    if (!this.#welcomed || this.#over || reports.length === 0) return;
    if (this.#socket.bufferedBytes() > TAP_BUFFERED_BYTES_MAX) this.#parts.metrics.add('tap_reports_dropped_total', reports.length);
    else this.#send({ kind: 'tapped', reports });
  }

  /** Looked at every second. */
  sweep(): void {
    const now = this.#parts.monotonicMs();
    if (!this.#welcomed && now > this.#beganMs + WELCOME_MS_MAX) this.#finish({ kind: 'lost', reason: 'the cloud did not welcome this agent in time' });
    else if (this.#inFlight.length > 0 && now > this.#progressMs + this.#parts.acknowledgeMsMax) this.#finish({ kind: 'lost', reason: 'the cloud acknowledged nothing for a while' });
    else this.pump();
  }

  /** The connection is gone. */
  close(): void {
    this.#over = true;
    if (this.#topologyTimer) clearTimeout(this.#topologyTimer);
  }

  #handle(message: ReceivedDown): void {
    switch (message.kind) {
      case 'welcome':
        void this.#welcome(message).catch((thrown: unknown) => this.#finish({ kind: 'lost', reason: `the spool can't be written: ${messageOf(thrown)}` }));
        return;
      case 'acknowledge':
        return this.#acknowledged(message);
      case 'tap':
        return this.#parts.onTap(message.sessions);
      case 'slow':
        this.#parts.metrics.add('uplink_slowed_total');
        this.#slowUntilMs = this.#parts.monotonicMs() + message.waitMs;
        return;
      case 'credential':
        return this.#socket.credential(message.credential, message.lifetimeMs);
      case 'resend':
        return this.#resend({ epoch: message.epoch, sequence: message.after });
      case 'refused':
        return this.#finish({ kind: 'refused', code: message.code, message: message.message, retryAfterMs: message.retryAfterMs });
      default:
        return message satisfies never;
    }
  }

  async #welcome({ epoch, positions, marks, clockMs, cluster }: AgentWelcome): Promise<void> {
    if (this.#welcomed) return;
    const { spool, correctClock, raiseMarks, monotonicMs, log } = this.#parts;
    correctClock(clockMs, monotonicMs() - this.#beganMs);
    raiseMarks(marks);
    if (spool.epoch === null) await spool.adopt(epoch, marks);
    else if (epoch > spool.epoch) await spool.advance(epoch);
    for (const position of positions) await spool.acknowledge(position);
    if (this.#over) return;
    this.#welcomed = true;
    log('info', 'connected to the cloud', { cluster: cluster.name, epoch: spool.epoch, frames: spool.frames });
    this.#parts.onWelcome();
    this.#sendTopology();
    this.pump();
  }

  #acknowledged({ epoch, sequence }: Position): void {
    this.#parts.metrics.add('frames_acknowledged_total');
    this.#inFlight = this.#inFlight.filter((sent) => sent.epoch !== epoch || sent.sequence > sequence);
    this.#progressMs = this.#parts.monotonicMs();
    this.#resends = 0;
    void this.#parts.spool.acknowledge({ epoch, sequence }).catch(() => {});
    this.pump();
  }

  #resend(position: Position): void {
    this.#parts.metrics.add('frames_resend_total');
    this.#resends += 1;
    if (this.#resends > RESENDS_MAX) return this.#finish({ kind: 'lost', reason: 'the cloud asks for the same frames again and again' });
    this.#cursor = position;
    this.#inFlight = this.#inFlight.filter((sent) => sent.epoch < position.epoch || (sent.epoch === position.epoch && sent.sequence <= position.sequence));
    this.pump();
  }

  async #sendFrames(): Promise<void> {
    const { spool, metrics, monotonicMs } = this.#parts;
    while (!this.#over && monotonicMs() >= this.#slowUntilMs && this.#inFlight.length < IN_FLIGHT_MAX && this.#socket.bufferedBytes() < BUFFERED_BYTES_MAX) {
      const cursor = this.#cursor;
      const next = spool.next(cursor);
      if (!next) return;
      const frame = await spool.read(next);
      // The cloud asked for others meanwhile.
      if (this.#cursor !== cursor) continue;
      if (this.#over) return;
      this.#cursor = next;
      // Damaged on disk, or dropped meanwhile.
      if (!frame) continue;
      if (this.#inFlight.length === 0) this.#progressMs = this.#parts.monotonicMs();
      this.#inFlight.push(next);
      metrics.add('frames_sent_total');
      this.#send(frame);
    }
  }

  #sendTopology(): void {
    if (this.#topologyTimer) clearTimeout(this.#topologyTimer);
    this.#topologyTimer = null;
    if (!this.#over) this.#send({ kind: 'topology', snapshot: this.#parts.snapshot() });
  }

  #send(message: AgentUp): void {
    this.#socket.send(encodeMessage(message));
  }

  #finish(end: SessionEnd): void {
    if (this.#over) return;
    this.close();
    this.#end(end);
  }
}
