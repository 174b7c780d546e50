/** One HTTP/2 stream of a caller as an exchange: forwarded to a stream of its own at an endpoint, counted once. */
import { outcomeOf } from '../balance/outcome.ts';
import { type DeadlineName, TIMEOUT_CODES } from '../policy/deadlines.ts';
import type { AttemptEnd } from '../policy/retry.ts';
import type { FieldList } from '../protocol/hpack/fields.ts';
import { NAME } from '../protocol/hpack/names.ts';
import { CODE, type StreamFault } from '../protocol/http2/codes.ts';
import type { StreamEvents } from '../protocol/http2/events.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import { STALL_MS_MAX, STALL_STOPPING_MS_MAX, STOPPING, STREAM_IDLE_MS_MAX, WAIT_MS_MAX } from '../sockets/limits.ts';
import { codeOfResponse, faultOfGrpc, faultOfResponse } from '../telemetry/classify.ts';
import type { EdgeHandle } from '../telemetry/recorder.ts';
import type { Observation } from '../telemetry/watch.ts';
import type { Fault } from '../wire/labels.ts';
import { FAULT_CODES, type FaultCodeName } from '../wire/mesh.ts';
import { FieldsView, replaceInList } from './fields-view.ts';
import { Policed } from './policed.ts';
import { grpcCodeOf, sendAnswer } from './streams-answer.ts';
import { RequestBody } from './streams-body.ts';
import { GRPC_UNKNOWN, type RequestKind, grpcStatus, isGrpc, isIdempotent, requestKind, stripMeshFields } from './streams-head.ts';
import { giveList, takeList } from './streams-lists.ts';
import type { Opened, StreamConnecting, StreamProtocol, StreamRoute } from './streams-route.ts';
import { Tally } from './tally.ts';
import type { HttpContext } from './upstream.ts';

/** `waiting`: for a connection. `sent`: the request goes out. `answering`: the response's head has gone to the caller. `answered`: by ourselves. */
type Phase = 'new' | 'waiting' | 'sent' | 'answering' | 'answered' | 'over';

/** Whose stream it is. */
export interface StreamsOwner {
  readonly context: HttpContext;
  /** `l5d-*` and `sidelight-*` fields of requests are left out: the caller is no proxy of the mesh. */
  readonly stripMesh: boolean;
  /** This proxy breaks off what is open. */
  readonly stopping: boolean;
  /** Exchanges of this caller that are open. */
  readonly openExchanges: number;
  /** The caller's address, where the connection has one of its own. */
  readonly client?: string;
  over(exchange: StreamExchange): void;
}

export class StreamExchange implements StreamEvents, StreamConnecting {
  private readonly owner: StreamsOwner;
  private readonly context: HttpContext;
  private readonly caller: Http2Stream;
  private readonly route: StreamRoute;
  private readonly tally = new Tally();
  private readonly answer: StreamEvents = new Answer(this);
  private phase: Phase = 'new';
  private callee: Http2Stream | null = null;
  private request: FieldList | null = null;
  private body: RequestBody | null = null;
  private requestTrailers: FieldList | null = null;
  private kind: RequestKind = 'plain';
  private protocol: StreamProtocol = 'http2';
  private mesh = false;
  private requestDone = false;
  private responseDone = false;
  /** Credit that the senders don't get yet: what they sent is still queued for the other side. */
  private owedToCaller = 0;
  private owedToCallee = 0;
  private seen = -1;
  private progressMs = 0;
  /** Under the service's policy; null: it has none. */
  private policed: Policed | null = null;
  private observation: Observation | null = null;

  constructor(owner: StreamsOwner, caller: Http2Stream, route: StreamRoute) {
    this.owner = owner;
    this.context = owner.context;
    this.caller = caller;
    this.route = route;
  }

  /** The request's head. */
  head(fields: FieldList, end: boolean): void {
    const { context } = this;
    if (this.owner.stripMesh) stripMeshFields(fields);
    this.observe(fields);
    this.kind = requestKind(fields);
    this.protocol = isGrpc(fields) ? 'grpc' : 'http2';
    this.tally.begin(context.sockets.nowUs(), fields.length, context.templates.ofFields(fields));
    this.requestDone = end;
    this.phase = 'waiting';
    this.request = takeList(fields);
    context.counted(1);
    if (context.full?.() === true) return this.fail('queue-full');
    this.police(fields);
    this.route.connect(this, this.protocol);
  }

  connected(on: Opened, edge: EdgeHandle, mesh: boolean): void {
    const { request } = this;
    if (this.phase !== 'waiting' || request === null) return;
    if (this.kind === 'extended-connect' && !on.extendedConnect) return this.fail('connect-unsupported');
    const stream = this.openOn(on, request);
    if (stream === null) {
      if (!this.route.again()) this.fail('connect-failed');
      return;
    }
    this.phase = 'sent';
    this.callee = stream;
    this.mesh = mesh;
    this.tally.sent(this.context.recorder, edge, this.context.sockets.nowUs());
    this.sendHeld(stream);
    if (this.requestDone) this.policed?.sent();
  }

  unconnected(code: FaultCodeName): void {
    if (this.phase === 'waiting') this.fail(code);
  }

  retried(): void {
    this.tally.retries++;
  }

  /** Content of the request. */
  data(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    const { callee, phase } = this;
    if (last) this.requestDone = true;
    this.tally.bytesIn += end - start;
    if (phase === 'waiting' || phase === 'sent') this.keep(bytes, start, end);
    if (callee === null) this.owedToCaller += end - start;
    else {
      callee.sendData(bytes, start, end, last);
      if (callee.blocked) this.owedToCaller += end - start;
      else this.caller.consumed(end - start);
    }
    if (last) this.requestEnded();
  }

  trailers(fields: FieldList): void {
    this.requestDone = true;
    this.tally.bytesIn += fields.length;
    if (this.phase === 'waiting') this.requestTrailers = takeList(fields);
    else {
      this.callee?.sendTrailers(fields);
      this.body?.drop();
    }
    this.requestEnded();
  }

  /** There is room for more of the response. */
  drained(): void {
    const owed = this.owedToCallee;
    this.owedToCallee = 0;
    if (owed > 0) this.callee?.consumed(owed);
  }

  /** The caller broke off, or what it sent made no sense, or its connection is gone. */
  reset(fault: StreamFault): void {
    if (this.phase === 'over') return;
    this.route.cancel();
    this.dropCallee(fault.by === 'peer' && fault.code !== CODE.noError ? fault.code : CODE.cancel);
    if (this.phase !== 'answered' && !this.responseDone) this.tally.fault = fault.by === 'connection' && this.owner.stopping ? 'mesh' : 'client';
    this.finish();
  }

  /** The response's head, or an interim one before it. */
  responseHead(fields: FieldList, end: boolean): void {
    if (!this.mesh) stripMeshFields(fields);
    const status = fields.status();
    this.tally.bytesOut += fields.length;
    if (status < 200) return this.caller.sendHead(fields, false);
    if (this.policed !== null && this.repeatsAnswer(fields, status, end)) return;
    this.policed?.answered();
    this.tally.firstUs = this.context.sockets.nowUs();
    this.tally.status = status;
    this.phase = 'answering';
    this.dropRequest();
    this.classify(fields, end);
    this.caller.sendHead(fields, end);
    if (end) this.responseEnded();
  }

  responseData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    const { caller } = this;
    this.tally.bytesOut += end - start;
    if (last && this.protocol === 'grpc') this.endedGrpc(null);
    caller.sendData(bytes, start, end, last);
    if (caller.blocked) this.owedToCallee += end - start;
    else this.callee?.consumed(end - start);
    if (last) this.responseEnded();
  }

  responseTrailers(fields: FieldList): void {
    if (!this.mesh) stripMeshFields(fields);
    if (this.protocol === 'grpc') this.endedGrpc(grpcStatus(fields));
    this.tally.bytesOut += fields.length;
    this.caller.sendTrailers(fields);
    this.responseEnded();
  }

  /** There is room for more of the request. */
  calleeDrained(): void {
    const owed = this.owedToCaller;
    this.owedToCaller = 0;
    if (owed > 0) this.caller.consumed(owed);
  }

  /** The endpoint broke off. */
  calleeReset(fault: StreamFault): void {
    this.callee = null;
    this.calleeDrained();
    if (this.phase === 'over') return;
    if (this.phase === 'sent') return this.unanswered(fault);
    if (this.responseDone) return this.stopRequest();
    this.breakOff('app', fault.by === 'peer' ? fault.code : CODE.internalError);
  }

  get siblings(): number {
    return this.owner.openExchanges;
  }

  /** A caller that reads nothing is borne for long, unless what it doesn't read stops others on the endpoint's connection. */
  private stallMsMax(): number {
    return this.callee !== null && this.callee.crowding >= STOPPING ? STALL_STOPPING_MS_MAX : STALL_MS_MAX;
  }

  /** Bytes that passed so far; no change for long means that nothing moves. */
  get progress(): number {
    return this.tally.bytesIn + this.tally.bytesOut;
  }

  /** A limit of the service's policy is over. */
  timedOut(name: DeadlineName): void {
    if (this.phase === 'over' || this.phase === 'answered') return;
    if (name === 'attempt' && this.repeatsAfter({ kind: 'timeout' }, 0, null)) return;
    this.policed?.timedOut();
    this.tally.code = TIMEOUT_CODES[name];
    this.fail(TIMEOUT_CODES[name]);
  }

  /** Looked at about once a second. */
  check(nowMs: number): void {
    const { progress } = this;
    if (progress !== this.seen) {
      this.seen = progress;
      this.progressMs = nowMs;
      return;
    }
    const quietMs = nowMs - this.progressMs;
    switch (this.phase) {
      case 'waiting':
        if (quietMs >= WAIT_MS_MAX) this.fail('connect-timeout');
        return;
      case 'sent':
      case 'answering':
        if (quietMs >= STREAM_IDLE_MS_MAX || (this.caller.queued > 0 && quietMs >= this.stallMsMax())) this.breakOff('client', CODE.cancel);
        return;
      case 'answered':
      case 'new':
      case 'over':
        return;
      default:
        this.phase satisfies never;
    }
  }

  private openOn(on: Opened, request: FieldList): Http2Stream | null {
    const { count, length } = request;
    on.mark(request);
    const ends = this.requestDone && this.body === null && this.requestTrailers === null;
    const stream = on.openStream(request, ends, this.answer);
    // The next endpoint has marks of its own.
    request.count = count;
    request.length = length;
    return stream;
  }

  private sendHeld(callee: Http2Stream): void {
    const { body, requestTrailers } = this;
    body?.sendTo(callee, this.requestDone && requestTrailers === null);
    if (requestTrailers !== null) {
      callee.sendTrailers(requestTrailers);
      this.requestTrailers = giveList(requestTrailers);
    }
    if (!callee.blocked) this.calleeDrained();
  }

  private keep(bytes: Uint8Array, start: number, end: number): void {
    if (start === end && this.body === null && this.callee !== null) return;
    this.body ??= new RequestBody();
    this.body.keep(bytes, start, end, this.callee === null);
  }

  private requestEnded(): void {
    this.tally.requestUs = this.context.sockets.nowUs();
    if (this.callee !== null) this.policed?.sent();
    if (this.responseDone) this.finish();
  }

  /** A gRPC call may be repeated where the policy names statuses of such; else the method decides. */
  private police(fields: FieldList): void {
    const policy = this.route.policy ?? null;
    if (policy === null) return;
    this.policed = new Policed(this.context.sockets, this);
    const grpc = this.protocol === 'grpc' && (policy.retry?.grpc.length ?? 0) > 0;
    this.policed.begin(policy, grpc || (this.kind !== 'connect' && this.kind !== 'extended-connect' && isIdempotent(fields)));
  }

  /** The answer is one that the policy repeats. gRPC says so in a head that is also the end, or too late. */
  private repeatsAnswer(fields: FieldList, status: number, end: boolean): boolean {
    if (this.protocol !== 'grpc') return this.repeatsAfter({ kind: 'status', status }, status, null);
    const said = end ? grpcStatus(fields) : null;
    return said !== null && this.repeatsAfter({ kind: 'grpc', status: said }, status, said);
  }

  /** The attempt ended so: does another follow by the service's policy? `status` 0: no answer came. */
  private repeatsAfter(end: AttemptEnd, status: number, grpc: number | null): boolean {
    const { tally, route, policed } = this;
    const kept = this.body?.whole !== false && this.request !== null;
    if (this.phase !== 'sent' || route.connectAgain === undefined || policed?.repeats(end, kept) !== true) return false;
    const { recorder, direction, sockets } = this.context;
    const nowUs = sockets.nowUs();
    const latencyUs = status > 0 ? nowUs - tally.sentUs : -1;
    tally.status = status;
    tally.grpcStatus = grpc;
    tally.fault = 'app';
    tally.attempted(recorder, direction, nowUs);
    tally.retries++;
    this.dropCallee(CODE.cancel);
    this.phase = 'waiting';
    route.connectAgain(latencyUs, outcomeOf(status, 'app', grpc));
    return true;
  }

  private repeatsLost(code: FaultCodeName): boolean {
    if (this.policed === null) return false;
    return this.repeatsAfter(this.protocol === 'grpc' ? { kind: 'grpc', status: grpcCodeOf(code) } : { kind: 'status', status: FAULT_CODES[code].status }, 0, null);
  }

  private responseEnded(): void {
    this.responseDone = true;
    if (this.requestDone) this.finish();
  }

  /** Another proxy's word is believed about what it answered by itself; an app's 5xx or gRPC failure is the app's fault. */
  private classify(fields: FieldList, end: boolean): void {
    const code = this.mesh ? fields.text(NAME['l5d-proxy-error']) : null;
    this.tally.code = codeOfResponse(code);
    this.tally.fault = faultOfResponse(this.tally.status, code);
    if (this.protocol !== 'grpc') return;
    if (end) this.endedGrpc(grpcStatus(fields));
  }

  /** `status` null: the response ended without one. */
  private endedGrpc(status: number | null): void {
    const { tally } = this;
    tally.grpcStatus = status ?? GRPC_UNKNOWN;
    if (tally.code === null) tally.fault = faultOfGrpc(tally.grpcStatus, tally.fault);
  }

  private unanswered(fault: StreamFault): void {
    if (fault.unprocessed && this.repeat()) return;
    if (this.repeatsLost(this.mesh ? 'hop-closed' : 'app-closed')) return;
    switch (fault.by) {
      case 'malformed':
        return this.fail('app-protocol');
      case 'connection':
        return this.fail(this.mesh ? 'hop-closed' : 'app-closed');
      case 'peer':
        // The caller's own library knows best what to make of the code.
        return this.breakOff(fault.unprocessed && this.mesh ? 'mesh' : 'app', fault.code);
      default:
        fault.by satisfies never;
    }
  }

  /** Nobody has acted on it: sending it once more is safe, whatever its method. */
  private repeat(): boolean {
    if (this.body?.whole === false) return false;
    this.phase = 'waiting';
    if (this.route.again()) return true;
    if (this.phase === 'waiting') this.phase = 'sent';
    return false;
  }

  /** Answers by ourselves where nothing was answered yet. */
  private fail(code: FaultCodeName): void {
    if (this.phase === 'answering') return this.breakOff(FAULT_CODES[code].fault, CODE.internalError);
    this.route.cancel();
    this.dropCallee(CODE.cancel);
    const grpc = this.protocol === 'grpc';
    const { tally } = this;
    tally.status = grpc ? 200 : FAULT_CODES[code].status;
    tally.fault = FAULT_CODES[code].fault;
    tally.code = code;
    if (grpc) tally.grpcStatus = grpcCodeOf(code);
    tally.bytesOut += sendAnswer(this.caller, code, grpc ? 'grpc' : this.kind === 'head' ? 'head' : 'plain');
    this.phase = 'answered';
    this.responseDone = true;
    if (this.requestDone) this.finish();
    else this.stopRequest();
  }

  /** What is still to come of the request is of no use any more (RFC 9113 §8.1). */
  private stopRequest(): void {
    this.caller.reset(CODE.noError);
    this.finish();
  }

  /** A message was cut: the only honest end is a cut stream. */
  private breakOff(fault: Fault, code: number): void {
    this.tally.fault = fault;
    this.route.cancel();
    this.dropCallee(CODE.cancel);
    this.caller.reset(code);
    this.finish();
  }

  private dropCallee(code: number): void {
    const { callee } = this;
    if (callee === null) return;
    this.callee = null;
    // What it sent and nobody takes any more still holds credit of its connection.
    callee.consumed(this.owedToCallee);
    this.owedToCallee = 0;
    callee.reset(code);
  }

  /** Asks who watches; their fields take the place of the head's. */
  private observe(fields: FieldList): void {
    const { watch, direction } = this.context;
    if (watch?.on !== true) return;
    this.observation = watch.begin(direction, new FieldsView(fields, this.owner.client ?? ''));
    if (this.observation?.replace != null) replaceInList(fields, this.observation.replace);
  }

  private dropRequest(): void {
    if (this.request !== null) this.request = giveList(this.request);
    this.body = null;
  }

  /** Counts the exchange, once. */
  private finish(): void {
    if (this.phase === 'over') return;
    const answered = this.phase !== 'new';
    this.phase = 'over';
    // What is still queued goes out in its own time, and nobody tells when; streams are few, so that it stays little.
    this.drained();
    this.calleeDrained();
    this.dropRequest();
    if (this.requestTrailers !== null) this.requestTrailers = giveList(this.requestTrailers);
    this.owner.over(this);
    if (!answered) return;
    const { tally } = this;
    const { recorder, direction, sockets } = this.context;
    this.context.counted(-1);
    this.policed?.over(tally.fault === null);
    tally.count(recorder, this.route.unconnectedEdge(this.protocol), direction, sockets.nowUs(), this.observation);
    this.observation = null;
    this.route.finished(tally.answerUs, tally.fault === 'mesh', outcomeOf(tally.status, tally.fault, tally.grpcStatus));
  }
}

/** The endpoint's side of an exchange. */
class Answer implements StreamEvents {
  private readonly exchange: StreamExchange;

  constructor(exchange: StreamExchange) {
    this.exchange = exchange;
  }

  head(fields: FieldList, end: boolean): void {
    this.exchange.responseHead(fields, end);
  }

  data(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.exchange.responseData(bytes, start, end, last);
  }

  trailers(fields: FieldList): void {
    this.exchange.responseTrailers(fields);
  }

  reset(fault: StreamFault): void {
    this.exchange.calleeReset(fault);
  }

  drained(): void {
    this.exchange.calleeDrained();
  }
}
