/** One exchange after another of one caller: request to callee, response to caller, counted once. */
import { outcomeOf } from '../balance/outcome.ts';
import { type DeadlineName, TIMEOUT_CODES } from '../policy/deadlines.ts';
import { type AttemptEnd, IDEMPOTENT } from '../policy/retry.ts';
import { type Head, type Method } from '../protocol/http1/head.ts';
import { CONNECTION_UPGRADE, writeHead } from '../protocol/http1/writer.ts';
import type { ByteSink } from '../protocol/sink.ts';
import { Slices } from '../sockets/slices.ts';
import type { EdgeHandle } from '../telemetry/recorder.ts';
import { codeOfResponse, faultOfResponse } from '../telemetry/classify.ts';
import type { Observation } from '../telemetry/watch.ts';
import type { Fault } from '../wire/labels.ts';
import { FAULT_CODES, type FaultCodeName } from '../wire/mesh.ts';
import type { Callee } from './callee.ts';
import type { Caller } from './caller.ts';
import { HeadView, replaceFields } from './head-view.ts';
import { Policed } from './policed.ts';
import { answerFor } from './respond.ts';
import { type BodyForm, addedFields, bodyForm, writeContent, writeEnd, writeFraming } from './response-body.ts';
import { Tally } from './tally.ts';
import { tunnel } from './upgrade.ts';
import type { Connecting, HttpContext, Route } from './upstream.ts';

/** `waiting`: for a connection. `sent`: the request goes out. `answering`: the response's head has gone to the caller. */
type Phase = 'none' | 'waiting' | 'sent' | 'answering' | 'tunnel';

const NOTHING: readonly Uint8Array[] = [];
const UPGRADE = [CONNECTION_UPGRADE];

export class Exchange implements Connecting, ByteSink {
  method: Method = 'GET';
  /** The request asked for an upgrade. */
  upgrade = false;
  private readonly context: HttpContext;
  private readonly caller: Caller;
  private readonly route: Route;
  private readonly held = new Slices();
  private callee: Callee | null = null;
  private readonly tally = new Tally();
  private observation: Observation | null = null;
  /** Field lines in place of those that were cut from the request; null: it goes as it came. */
  private replaced: readonly Uint8Array[] | null = null;
  private request: Head | null = null;
  private phase: Phase = 'none';
  private body: BodyForm = 'copied';
  private minor = 1;
  private requestDone = false;
  private responseDone = false;
  /** The caller's connection is kept for another exchange. */
  private keep = false;
  private calleeKeeps = false;
  private bodySeen = false;
  private continued = false;
  /** Under the service's policy; null: it has none. */
  private policed: Policed | null = null;
  /** The same object for the exchanges to come. */
  private spare: Policed | null = null;

  constructor(context: HttpContext, caller: Caller, route: Route) {
    this.context = context;
    this.caller = caller;
    this.route = route;
  }

  /** For a connection: what the caller sends meanwhile is held. */
  get waiting(): boolean {
    return this.phase === 'waiting';
  }

  /** Bytes that passed so far; no change for long means that nothing moves. */
  get progress(): number {
    return this.tally.bytesIn + this.tally.bytesOut;
  }

  /** A request's head has come. It is the reader's object, and stays as it is until the exchange is over. */
  begin(head: Head): void {
    this.reset(head);
    this.observe(head);
    this.tally.begin(this.context.sockets.nowUs(), head.end - head.start, this.context.templates.of(head));
    this.context.counted(1);
    if (this.context.full?.() === true) return this.fail('queue-full');
    this.police();
    this.route.connect(this);
  }

  connected(callee: Callee, edge: EdgeHandle): void {
    if (this.phase !== 'waiting' || this.request === null) return callee.release(true, this.nowMs());
    this.phase = 'sent';
    this.callee = callee;
    this.tally.sent(this.context.recorder, edge, this.context.sockets.nowUs());
    callee.begin(this);
    writeHead(this.request, this.replaced ?? (this.upgrade ? UPGRADE : NOTHING), callee.stream);
    this.policed?.resend(callee.stream);
    this.held.moveTo(callee.stream);
    if (this.requestDone) this.policed?.sent();
    this.caller.sending();
  }

  unconnected(code: FaultCodeName): void {
    if (this.phase === 'waiting') this.fail(code);
  }

  retried(): void {
    this.tally.retries++;
  }

  /** Content or framing of the request. */
  requestBytes(bytes: Uint8Array, start: number, end: number): void {
    this.tally.bytesIn += end - start;
    this.bodySeen = true;
    const { callee } = this;
    const kept = this.policed?.keep(bytes, start, end, callee === null ? this.held : null) === true;
    if (callee !== null) callee.stream.write(bytes, start, end);
    else if (this.phase === 'waiting' && !kept) this.held.write(bytes, start, end);
  }

  requestEnded(): void {
    this.requestDone = true;
    this.tally.requestUs = this.bodySeen ? this.context.sockets.nowUs() : this.tally.startUs;
    if (this.callee !== null) this.policed?.sent();
    if (this.responseDone) this.finish();
  }

  responseHead(head: Head): void {
    if (head.status < 200 && head.framing !== 'tunnel') return this.interim(head);
    if (this.repeatsAfter({ kind: 'status', status: head.status }, head.status)) return;
    this.policed?.answered();
    this.tally.firstUs = this.context.sockets.nowUs();
    this.tally.status = head.status;
    this.classify(head);
    this.phase = 'answering';
    if (head.framing === 'tunnel') return writeHead(head, this.upgrade ? UPGRADE : NOTHING, this);
    const abandoned = this.abandonsRequest();
    // Whoever was asked in HTTP/1.0 closes, whatever it says.
    const asked = this.minor === 1 || (this.request?.hostStart ?? -1) >= 0;
    this.calleeKeeps = asked && head.persistent && head.framing !== 'until-close' && !abandoned;
    this.body = bodyForm(head, this.minor);
    if (this.caller.retiring || this.body === 'until-close') this.keep = false;
    writeHead(head, addedFields(this.body, this.keep), this);
  }

  /** Content of the response. */
  responseBytes(bytes: Uint8Array, start: number, end: number): void {
    writeContent(this.body, this, bytes, start, end);
  }

  /** Chunk sizes and trailers of the response. */
  responseFraming(bytes: Uint8Array, start: number, end: number): void {
    writeFraming(this.body, this, bytes, start, end);
  }

  responseEnded(): void {
    writeEnd(this.body, this);
    this.responseDone = true;
    if (this.requestDone) this.finish();
  }

  /** The callee agreed to a tunnel; `bytes` from `at` belong to it already. */
  openTunnel(bytes: Uint8Array, at: number): void {
    const { callee } = this;
    if (callee === null) return;
    if (!this.requestDone) return this.calleeFailed();
    this.phase = 'tunnel';
    this.policed?.over(true);
    this.policed = null;
    this.write(bytes, at, bytes.length);
    callee.detach();
    const { recorder } = this.context;
    this.tally.countBytes(recorder);
    const passed = (bytesIn: number, bytesOut: number): void => {
      this.tally.bytesIn = bytesIn;
      this.tally.bytesOut = bytesOut;
      this.tally.countBytes(recorder);
    };
    tunnel(this.context, this.caller, callee.stream, passed, () => {
      this.callee = null;
      this.record();
    });
  }

  /** The callee's connection ended inside the exchange. */
  calleeGone(): void {
    if (this.phase === 'sent') {
      if (this.repeatable()) return this.repeat();
      return this.failOrRepeat(this.callee?.mesh === true ? 'hop-closed' : 'app-closed');
    }
    if (this.responseDone) return this.finishWithoutCallee();
    this.breakOff('app');
  }

  /** The callee sent what is no response. */
  calleeFailed(): void {
    if (this.phase === 'sent') this.failOrRepeat('app-protocol');
    else if (this.responseDone) this.finishWithoutCallee();
    else this.breakOff('app');
  }

  /** The caller went away, or sent what is no request. */
  callerGone(): void {
    if (this.phase === 'none' || this.phase === 'tunnel') return;
    this.breakOff('client');
  }

  /** This proxy ends before the exchange does. */
  stopped(): void {
    if (this.phase === 'none' || this.phase === 'tunnel') return;
    this.breakOff('mesh');
  }

  /** A limit of the service's policy is over. */
  timedOut(name: DeadlineName): void {
    if (this.phase === 'none' || this.phase === 'tunnel') return;
    if (name === 'attempt' && this.repeatsAfter({ kind: 'timeout' }, 0)) return;
    this.policed?.timedOut();
    this.tally.code = TIMEOUT_CODES[name];
    this.fail(TIMEOUT_CODES[name]);
  }

  /** Answers by ourselves where nothing was answered yet. */
  fail(code: FaultCodeName): void {
    if (this.phase === 'answering') return this.breakOff(FAULT_CODES[code].fault);
    this.route.cancel();
    if (!this.requestDone || this.caller.retiring) this.keep = false;
    this.tally.status = FAULT_CODES[code].status;
    this.tally.fault = FAULT_CODES[code].fault;
    this.tally.code = code;
    const answer = answerFor(code, { close: !this.keep, headOnly: this.method === 'HEAD' });
    this.write(answer, 0, answer.length);
    this.dropCallee();
    this.end(this.keep);
  }

  /** The request turned out malformed behind its head. */
  requestMalformed(code: FaultCodeName): void {
    this.keep = false;
    this.requestDone = false;
    this.fail(code);
  }

  /** Answers what never became a request, as an exchange without a route. */
  refuse(code: FaultCodeName): void {
    this.phase = 'waiting';
    this.request = null;
    this.method = 'GET';
    this.clear();
    this.tally.begin(this.context.sockets.nowUs(), 0, null);
    this.context.counted(1);
    this.fail(code);
  }

  calleeCongested(): void {
    this.caller.hold('callee');
  }

  calleeDrained(): void {
    this.caller.unhold('callee');
  }

  callerCongested(): void {
    this.callee?.stream.pause();
  }

  callerDrained(): void {
    this.callee?.stream.resume();
  }

  /** To the caller. */
  write(bytes: Uint8Array, start: number, end: number): void {
    this.tally.bytesOut += end - start;
    this.caller.stream.write(bytes, start, end);
  }

  /** Asks who watches; their fields take the place of the head's. */
  private observe(head: Head): void {
    const { watch, direction } = this.context;
    this.observation = this.replaced = null;
    if (watch?.on !== true) return;
    this.observation = watch.begin(direction, new HeadView(head, this.caller.stream.remoteAddress ?? ''));
    const replace = this.observation?.replace ?? null;
    if (replace === null) return;
    this.replaced = this.upgrade ? [...UPGRADE, ...replaceFields(head, replace)] : replaceFields(head, replace);
  }

  private reset(head: Head): void {
    this.phase = 'waiting';
    this.request = head;
    this.method = head.method;
    this.upgrade = head.upgrade;
    this.minor = head.minor;
    this.clear();
    this.keep = head.persistent;
  }

  private clear(): void {
    this.callee = null;
    this.keep = this.requestDone = this.responseDone = this.bodySeen = this.continued = this.calleeKeeps = false;
    this.body = 'copied';
  }

  /** Another proxy's word is believed about what it answered by itself; an app's 5xx is the app's fault. */
  private classify(head: Head): void {
    const code = this.callee?.mesh === true ? head.proxyError() : null;
    this.tally.fault = faultOfResponse(head.status, code);
    this.tally.code = codeOfResponse(code);
  }

  private interim(head: Head): void {
    if (head.status === 100) this.continued = true;
    // RFC 9110 §15.2: HTTP/1.0 has none.
    if (this.minor === 1) writeHead(head, NOTHING, this);
  }

  /** RFC 9110 §10.1.1: who was answered instead of told to continue won't send the body, or nobody can tell. */
  private abandonsRequest(): boolean {
    if (this.request?.expectContinue !== true || this.continued || this.bodySeen || this.requestDone) return false;
    this.keep = false;
    this.requestDone = true;
    return true;
  }

  private police(): void {
    const policy = this.route.policy ?? null;
    this.policed = policy === null ? null : (this.spare ??= new Policed(this.context.sockets, this));
    if (policy !== null) this.policed?.begin(policy, IDEMPOTENT.has(this.method) && !this.upgrade);
  }

  private failOrRepeat(code: FaultCodeName): void {
    if (!this.repeatsAfter({ kind: 'status', status: FAULT_CODES[code].status }, 0)) this.fail(code);
  }

  /** The attempt ended so: does another follow by the service's policy? `status` 0: no answer came. */
  private repeatsAfter(end: AttemptEnd, status: number): boolean {
    const { tally, route } = this;
    if (this.phase !== 'sent' || route.connectAgain === undefined || this.policed?.repeats(end) !== true) return false;
    const { recorder, direction, sockets } = this.context;
    const nowUs = sockets.nowUs();
    const latencyUs = status > 0 ? nowUs - tally.sentUs : -1;
    tally.status = status;
    tally.fault = 'app';
    tally.attempted(recorder, direction, nowUs);
    tally.retries++;
    this.dropCallee();
    this.caller.unhold('callee');
    this.phase = 'waiting';
    this.caller.waitsAgain();
    route.connectAgain(this, latencyUs, outcomeOf(status, 'app'));
    return true;
  }

  /** A kept connection that its other end closed just then without a word: reading the request again does no harm. */
  private repeatable(): boolean {
    const { callee, request } = this;
    return callee !== null && callee.uses > 1 && callee.silent && this.tally.retries === 0 && request?.framing === 'none' && IDEMPOTENT.has(this.method);
  }

  private repeat(): void {
    this.dropCallee();
    this.tally.retries++;
    this.phase = 'waiting';
    this.caller.waitsAgain();
    this.route.connectFresh(this);
  }

  private finish(): void {
    const { callee } = this;
    this.callee = null;
    callee?.release(this.calleeKeeps, this.nowMs());
    this.end(this.keep);
  }

  /** The response is whole, the request isn't, and nobody reads it any more. */
  private finishWithoutCallee(): void {
    this.dropCallee();
    this.end(false);
  }

  /** A message was cut: the only honest end for the caller is a cut connection. */
  private breakOff(fault: Fault): void {
    this.tally.fault = fault;
    this.route.cancel();
    this.dropCallee();
    this.caller.stream.close();
    this.record();
    this.caller.over();
  }

  private dropCallee(): void {
    const { callee } = this;
    this.callee = null;
    callee?.release(false, 0);
  }

  private end(keep: boolean): void {
    this.held.clear();
    this.caller.answered(keep);
  }

  /** Counts the exchange, once. */
  record(): void {
    if (this.phase === 'none') return;
    this.phase = 'none';
    this.request = null;
    const { tally } = this;
    const { recorder, direction, sockets } = this.context;
    if (this.caller.lost) tally.fault = 'client';
    this.context.counted(-1);
    this.policed?.over(tally.fault === null);
    this.policed = null;
    tally.count(recorder, this.route.unconnectedEdge, direction, sockets.nowUs(), this.observation);
    this.observation = this.replaced = null;
    this.route.finished(tally.answerUs, tally.fault === 'mesh', outcomeOf(tally.status, tally.fault));
  }

  private nowMs(): number {
    return this.context.sockets.nowUs() / 1000;
  }
}
