/** The mesh listener and the plain ones: who is there, and what do they speak? */
import type { Socket } from 'bun';
import type { HttpContext, Retirable } from '../http/upstream.ts';
import { type Peer, verifyPeer } from '../policy/peer.ts';
import { concat } from '../protocol/bytes.ts';
import { sniff } from '../protocol/sniff.ts';
import type { Connection } from '../sockets/connection.ts';
import { ACCEPT_MS_MAX } from '../sockets/limits.ts';
import type { StreamEvents } from '../sockets/stream.ts';
import { Timer, type TimerOwner } from '../sockets/timer-wheel.ts';
import { notAfterMs, peerFacts } from '../sockets/tls.ts';
import type { RefusalReason } from '../telemetry/recorder.ts';
import type { WorkloadKey } from '../wire/labels.ts';
import { PeerHop1 } from './peer-hop-1.ts';
import { PeerLink } from './peer-link.ts';
import type { Admission } from './stack.ts';

export interface InboundContext {
  readonly http: HttpContext;
  readonly workload: () => WorkloadKey;
  readonly trustDomain: () => string;
  readonly admission: () => Admission;
  /** Of our leaf in force. */
  readonly leaf: () => { readonly generation: number; readonly notAfterMs: number };
  /** The wall clock, ms since 1970. */
  readonly wallMs: () => number;
  /** Open callers through hops of version 1, through links, and outside the mesh. */
  readonly meshCallers: Set<Retirable>;
  readonly linkCallers: Set<Retirable>;
  readonly plainCallers: Set<Retirable>;
  /** Open links of other proxies. */
  readonly links: Set<PeerLink>;
}

export type Verified = Extract<Peer, { kind: 'verified' }>;

const NOTHING = new Uint8Array(0);

/** A peer on the mesh listener, from its TCP connection until its first bytes say which version of the hop it speaks. */
export class MeshPeer implements StreamEvents, TimerOwner {
  private readonly context: InboundContext;
  private readonly connection: Connection;
  private readonly timer = new Timer(this);
  private peer: Verified | null = null;
  private peerNotAfterMs = 0;
  private first: Uint8Array = NOTHING;

  constructor(context: InboundContext, connection: Connection) {
    this.context = context;
    this.connection = connection;
    connection.events = this;
    context.http.sockets.arm(this.timer, ACCEPT_MS_MAX);
  }

  /** The handshake is over, well or not. */
  secured(socket: Socket<unknown>, success: boolean): void {
    const peer = verifyPeer(peerFacts(socket, success), this.context.trustDomain(), null);
    if (peer.kind === 'refused') return this.drop(peer.reason);
    this.peer = peer;
    this.peerNotAfterMs = notAfterMs(socket);
  }

  received(bytes: Uint8Array): void {
    // The runtime hands out no bytes before the handshake; whoever changes that must not get past this line.
    if (this.peer === null) return this.drop('tls-handshake');
    this.first = this.first.length === 0 ? bytes : concat([this.first, bytes]);
    const sniffed = sniff(this.first, 0, this.first.length);
    if (sniffed.kind === 'more') return;
    // Neither version of the hop begins so (RFC 9113 §3.4).
    if (sniffed.kind !== 'http1' && sniffed.kind !== 'http2') return this.drop('mesh-bad-connect');
    this.release();
    const spoken = sniffed.kind === 'http2' ? new PeerLink(this.context, this.connection, this.peer, this.peerNotAfterMs) : new PeerHop1(this.context, this.connection, this.peer);
    spoken.received(this.first);
  }

  congested(): void {}
  drained(): void {}

  ended(): void {
    this.connection.close();
    this.release();
  }

  closed(): void {
    this.release();
  }

  expired(): void {
    this.drop(this.peer === null ? 'tls-handshake' : 'head-timeout');
  }

  private drop(reason: RefusalReason): void {
    this.context.http.recorder.refused('inbound', reason);
    this.connection.close();
    this.release();
  }

  private release(): void {
    this.context.http.sockets.remove(this.timer);
  }
}
