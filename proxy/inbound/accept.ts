/** The mesh listener and the plain ones: who is there, and what do they want? */
import type { Socket } from 'bun';
import { answerFor } from '../http/respond.ts';
import type { HttpContext, Retirable } from '../http/upstream.ts';
import { type Peer, verifyPeer } from '../policy/peer.ts';
import { authorize } from '../policy/authorize.ts';
import { ascii, concat, text } from '../protocol/bytes.ts';
import { ProtocolError } from '../protocol/error.ts';
import type { Head } from '../protocol/http1/head.ts';
import { MessageReader } from '../protocol/http1/reader.ts';
import type { MessageSink } from '../protocol/sink.ts';
import type { Connection } from '../sockets/connection.ts';
import { ACCEPT_MS_MAX, LINGER_MS_MAX } from '../sockets/limits.ts';
import type { StreamEvents } from '../sockets/stream.ts';
import { Timer, type TimerOwner } from '../sockets/timer-wheel.ts';
import { peerFacts } from '../sockets/tls.ts';
import type { RefusalReason } from '../telemetry/recorder.ts';
import type { Identity, WorkloadKey } from '../wire/labels.ts';
import { type FaultCodeName, MESH_HEADERS } from '../wire/mesh.ts';
import { type Admission, type Admitted, type Serving, admitMesh, serveHttp, serveHttp2, serveOpaque } from './stack.ts';

export interface InboundContext {
  readonly http: HttpContext;
  readonly workload: () => WorkloadKey;
  readonly trustDomain: () => string;
  readonly admission: () => Admission;
  /** Open callers through hops, and those outside the mesh. */
  readonly meshCallers: Set<Retirable>;
  readonly plainCallers: Set<Retirable>;
}

const ESTABLISHED = ascii('HTTP/1.1 200 OK\r\n\r\n');
const NOTHING = new Uint8Array(0);

type Verified = Extract<Peer, { kind: 'verified' }>;

/** A peer on the mesh listener, from its TCP connection to its answered CONNECT. */
export class MeshPeer implements StreamEvents, MessageSink<Head>, TimerOwner {
  private readonly context: InboundContext;
  private readonly connection: Connection;
  private readonly timer = new Timer(this);
  private readonly reader = new MessageReader({ kind: 'request', stripMesh: false }, this);
  private peer: Verified | null = null;
  private asked = false;
  private lingering = false;
  private rest: Uint8Array = NOTHING;

  constructor(context: InboundContext, connection: Connection) {
    this.context = context;
    this.connection = connection;
    connection.events = this;
    context.http.sockets.arm(this.timer, ACCEPT_MS_MAX);
  }

  /** The handshake is over, well or not. */
  secured(socket: Socket<unknown>, success: boolean): void {
    const peer = verifyPeer(peerFacts(socket, success), this.context.trustDomain(), null);
    if (peer.kind === 'verified') this.peer = peer;
    else this.drop(peer.reason);
  }

  received(bytes: Uint8Array): void {
    if (this.lingering) return;
    // The runtime hands out no bytes before the handshake; whoever changes that must not get past this line.
    if (this.peer === null) return this.drop('tls-handshake');
    if (this.asked) return this.keep(bytes);
    try {
      const at = this.reader.push(bytes, 0, bytes.length);
      this.keep(bytes.subarray(at));
      if (this.asked) this.decide(this.peer);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.refuse(error.code, 'mesh-bad-connect');
    }
  }

  head(): void {}
  data(): void {}
  framing(): void {}
  trailers(): void {}

  end(): void {
    this.asked = true;
  }

  congested(): void {}
  drained(): void {}

  ended(): void {
    if (this.lingering || !this.asked) this.finish();
  }

  closed(): void {
    this.release();
  }

  expired(): void {
    if (this.lingering) {
      this.connection.close();
      this.release();
    } else this.drop(this.peer === null ? 'tls-handshake' : 'head-timeout');
  }

  private decide(peer: Verified): void {
    const { head } = this.reader;
    const { http } = this.context;
    if (head.method !== 'CONNECT') return this.refuse('bad-request', 'mesh-bad-connect');
    if (http.draining()) return this.answer('draining');
    const admitted = admitMesh(this.context.admission(), {
      target: text(head.bytes, head.targetStart, head.targetEnd),
      version: head.field(MESH_HEADERS.version),
      service: head.field(MESH_HEADERS.service),
      workload: head.field(MESH_HEADERS.workload),
      protocol: head.field(MESH_HEADERS.protocol),
      identity: peer.identity,
      namespace: peer.namespace,
    });
    switch (admitted.kind) {
      case 'refuse':
        return this.refuse(admitted.code, admitted.reason);
      case 'serve':
        return this.serve(admitted, peer.identity);
      default:
        admitted satisfies never;
    }
  }

  private serve({ target, source, service, protocol }: Extract<Admitted, { kind: 'serve' }>, identity: Identity): void {
    const { http, meshCallers, workload } = this.context;
    const { connection } = this;
    const serving: Serving = { context: http, target, connection, source, service, destination: workload(), tls: 'mtls', peer: identity, callers: meshCallers, protocol };
    http.sockets.remove(this.timer);
    const established = (): void => connection.write(ESTABLISHED, 0, ESTABLISHED.length);
    if (protocol === 'opaque' || protocol === 'tls') {
      serveOpaque({ ...serving, fromCaller: () => this.rest, established, failed: (code) => this.answer(code) });
      return;
    }
    established();
    const caller = protocol === 'http2' ? serveHttp2(serving, () => this.allowed()) : serveHttp(serving, () => this.allowed());
    if (this.rest.length > 0) caller.received(this.rest);
  }

  private allowed(): boolean {
    return this.peer !== null && authorize(this.context.admission().policy, this.peer.identity).kind === 'allow';
  }

  private keep(bytes: Uint8Array): void {
    this.rest = this.rest.length === 0 ? bytes : concat([this.rest, bytes]);
  }

  private refuse(code: FaultCodeName, reason: RefusalReason): void {
    this.context.http.recorder.refused('inbound', reason);
    this.answer(code);
  }

  /** Says why in words that the other proxy counts, and ends. */
  private answer(code: FaultCodeName): void {
    const answer = answerFor(code, { close: true, headOnly: false });
    this.connection.write(answer, 0, answer.length);
    this.finish();
  }

  private finish(): void {
    this.lingering = true;
    this.connection.events = this;
    this.connection.resume();
    this.connection.finish();
    this.context.http.sockets.arm(this.timer, LINGER_MS_MAX);
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
