/** A peer that speaks version 1 of the hop: its HTTP/1.1 CONNECT, and then the connection that it stands for. */
import { answerFor } from '../http/respond.ts';
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
import type { RefusalReason } from '../telemetry/recorder.ts';
import type { Identity } from '../wire/labels.ts';
import { type FaultCodeName, MESH_HEADERS } from '../wire/mesh.ts';
import { MESH_WIRE_VERSION_1 } from '../wire/version.ts';
import type { InboundContext, Verified } from './accept.ts';
import { type Admitted, type Serving, admitMesh, serveHttp, serveHttp2, serveOpaque } from './stack.ts';

const ESTABLISHED = ascii('HTTP/1.1 200 OK\r\n\r\n');
const NOTHING = new Uint8Array(0);

/** From its first byte to its answered CONNECT. */
export class PeerHop1 implements StreamEvents, MessageSink<Head>, TimerOwner {
  private readonly context: InboundContext;
  private readonly connection: Connection;
  private readonly timer = new Timer(this);
  private readonly reader = new MessageReader({ kind: 'request', stripMesh: false }, this);
  private readonly peer: Verified;
  private asked = false;
  private lingering = false;
  private rest: Uint8Array = NOTHING;

  constructor(context: InboundContext, connection: Connection, peer: Verified) {
    this.context = context;
    this.connection = connection;
    this.peer = peer;
    connection.events = this;
    context.http.sockets.arm(this.timer, ACCEPT_MS_MAX);
  }

  received(bytes: Uint8Array): void {
    if (this.lingering) return;
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
    } else this.drop('head-timeout');
  }

  private decide(peer: Verified): void {
    const { head } = this.reader;
    const { http } = this.context;
    if (head.method !== 'CONNECT') return this.refuse('bad-request', 'mesh-bad-connect');
    if (http.draining()) return this.answer('draining');
    const admitted = admitMesh(this.context.admission(), {
      target: text(head.bytes, head.targetStart, head.targetEnd),
      understood: head.field(MESH_HEADERS.version) === String(MESH_WIRE_VERSION_1),
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
    return authorize(this.context.admission().policy, this.peer.identity).kind === 'allow';
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
