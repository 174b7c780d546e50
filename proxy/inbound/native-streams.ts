/** Request streams of one link: HTTP/2 exchanges of another proxy's callers, each for a target and service that it names. */
import { sendAnswer } from '../http/streams-answer.ts';
import { StreamExchange, type StreamsOwner } from '../http/streams-exchange.ts';
import { isGrpc, stripHopFields } from '../http/streams-head.ts';
import type { HttpContext } from '../http/upstream.ts';
import { authorize } from '../policy/authorize.ts';
import type { FieldList } from '../protocol/hpack/fields.ts';
import { NAME } from '../protocol/hpack/names.ts';
import { CODE } from '../protocol/http2/codes.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import { SESSION_TICK_MS } from '../sockets/limits.ts';
import { Timer, type TimerOwner } from '../sockets/timer-wheel.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import type { InboundContext, Verified } from './accept.ts';
import { type Admission, type Admitted, admitMesh, inboundEdge } from './stack.ts';
import { InboundStreamRoute, type StreamEdges } from './streams-route.ts';
import type { Target } from './target.ts';

/** Targets, services and workloads of one link that are remembered; a link is shared by the services of one proxy. */
const LANES_MAX = 32;

/** What was admitted under some orders, found again by the bytes of its fields. */
interface Lane {
  readonly named: readonly Uint8Array[];
  readonly admission: Admission;
  readonly target: Target;
  readonly edges: StreamEdges;
}

const NAMED = [NAME['sidelight-target'], NAME['sidelight-service'], NAME['sidelight-workload']] as const;

export class NativeStreams implements StreamsOwner, TimerOwner {
  readonly context: HttpContext;
  /** Between proxies the fields are our own. */
  readonly stripMesh = false;
  stopping = false;
  private readonly inbound: InboundContext;
  private readonly peer: Verified;
  private readonly exchanges = new Set<StreamExchange>();
  private readonly timer = new Timer(this);
  private readonly allowed = (): boolean => this.asked();
  private lanes: Lane[] = [];

  constructor(inbound: InboundContext, peer: Verified) {
    this.inbound = inbound;
    this.context = inbound.http;
    this.peer = peer;
  }

  /** Serves a stream whose head has come. `understood`: both sides speak the same version of the hop. */
  serve(stream: Http2Stream, fields: FieldList, end: boolean, understood: boolean): void {
    const lane = this.laneOf(fields, understood);
    if (lane.kind === 'refuse') return this.refuse(stream, fields, lane);
    const exchange = new StreamExchange(this, stream, new InboundStreamRoute(lane.lane.target, lane.lane.edges, this.allowed));
    if (this.exchanges.size === 0) this.context.sockets.arm(this.timer, SESSION_TICK_MS);
    this.exchanges.add(exchange);
    stream.events = exchange;
    stripHopFields(fields);
    exchange.head(fields, end);
  }

  get openExchanges(): number {
    return this.exchanges.size;
  }

  over(exchange: StreamExchange): void {
    this.exchanges.delete(exchange);
  }

  expired(): void {
    const nowMs = this.context.sockets.nowUs() / 1000;
    for (const exchange of this.exchanges) exchange.check(nowMs);
    if (this.exchanges.size > 0) this.context.sockets.arm(this.timer, SESSION_TICK_MS);
  }

  /** The link is gone. */
  close(): void {
    this.context.sockets.remove(this.timer);
  }

  private laneOf(fields: FieldList, understood: boolean): { readonly kind: 'serve'; readonly lane: Lane } | Extract<Admitted, { kind: 'refuse' }> {
    const admission = this.inbound.admission();
    const known = this.lanes.find((lane) => lane.admission === admission && NAMED.every((name, at) => fields.valueIs(fields.find(name), lane.named[at] ?? NOTHING)));
    if (known !== undefined) return { kind: 'serve', lane: known };
    const { identity, namespace } = this.peer;
    const [target, service, workload] = NAMED.map((name) => fields.text(name));
    const admitted = admitMesh(admission, { target: target ?? '', service: service ?? null, workload: workload ?? null, protocol: fields.text(NAME['sidelight-protocol']), understood, identity, namespace });
    if (admitted.kind === 'refuse') return admitted;
    const lane: Lane = { named: NAMED.map((name) => bytesOf(fields, name)), admission, target: admitted.target, edges: this.edgesOf(admitted) };
    this.lanes = [...this.lanes.filter((one) => one.admission === admission).slice(0, LANES_MAX - 1), lane];
    return { kind: 'serve', lane };
  }

  private edgesOf({ target, source, service }: Extract<Admitted, { kind: 'serve' }>): StreamEdges {
    const facts = { context: this.context, target, source, service, destination: this.inbound.workload(), tls: 'mtls', peer: this.peer.identity } as const;
    return { http2: inboundEdge({ ...facts, protocol: 'http2' }), grpc: inboundEdge({ ...facts, protocol: 'grpc' }) };
  }

  /** Policy may change while a link is open. */
  private asked(): boolean {
    if (authorize(this.inbound.admission().policy, this.peer.identity).kind === 'allow') return true;
    this.context.recorder.refused('inbound', 'denied');
    return false;
  }

  private refuse(stream: Http2Stream, fields: FieldList, { code, reason }: { readonly code: FaultCodeName; readonly reason: Parameters<HttpContext['recorder']['refused']>[1] }): void {
    this.context.recorder.refused('inbound', reason);
    sendAnswer(stream, code, isGrpc(fields) ? 'grpc' : 'plain');
    // What still comes of it is dropped, and its credit given back.
    stream.reset(CODE.noError);
  }
}

const NOTHING = new Uint8Array(0);

function bytesOf(fields: FieldList, name: number): Uint8Array {
  const index = fields.find(name);
  return index < 0 ? NOTHING : fields.bytes.slice(fields.valueStart(index), fields.valueEnd(index));
}
