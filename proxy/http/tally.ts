/** What one exchange is counted with: moments, bytes, outcome. Reused for one exchange after another. */
import type { ExchangeEnd } from '../exchange.ts';
import type { EdgeHandle, Recorder } from '../telemetry/recorder.ts';
import type { Observation } from '../telemetry/watch.ts';
import type { Direction, Fault } from '../wire/labels.ts';
import type { FaultCodeName } from '../wire/mesh.ts';

/** Moments are monotonic µs, 0 for one that hasn't come. */
export class Tally {
  fault: Fault | null = null;
  /** Why a proxy answered by itself; null for the app's answer. */
  code: FaultCodeName | null = null;
  status = 0;
  /** How a gRPC call ended; null for anything else. */
  grpcStatus: number | null = null;
  retries = 0;
  bytesIn = 0;
  bytesOut = 0;
  template: string | null = null;
  /** The request's head had come. */
  startUs = 0;
  /** The request went out. */
  sentUs = 0;
  /** The response's head had come. */
  firstUs = 0;
  /** The request was whole. */
  requestUs = 0;
  /** Bytes of the exchange that are counted already. */
  private passedIn = 0;
  private passedOut = 0;
  private edge: EdgeHandle | null = null;

  begin(nowUs: number, bytesIn: number, template: string | null): void {
    this.startUs = nowUs;
    this.sentUs = this.firstUs = this.requestUs = this.passedIn = this.passedOut = 0;
    this.status = this.retries = this.bytesOut = 0;
    this.bytesIn = bytesIn;
    this.fault = this.code = this.edge = this.grpcStatus = null;
    this.template = template;
  }

  /** The request goes out on that row; the first one stays when it is repeated. */
  sent(recorder: Recorder, edge: EdgeHandle, nowUs: number): void {
    this.sentUs = nowUs;
    if (this.edge !== null) return;
    this.edge = edge;
    recorder.began(edge);
  }

  /** The attempt is over and another follows: what follows is counted on the row that it goes out on. */
  attempted(recorder: Recorder, direction: Direction, nowUs: number): void {
    if (this.edge === null) return;
    recorder.bytes(this.edge, this.bytesIn, this.bytesOut);
    recorder.attempted(this.edge, this.end(direction, nowUs));
    this.edge = null;
    this.bytesPassed();
    this.sentUs = this.firstUs = 0;
    this.status = 0;
    this.fault = this.code = this.grpcStatus = null;
  }

  /** Counts bytes that passed so far, and begins anew with them. */
  countBytes(recorder: Recorder): void {
    if (this.edge === null) return;
    recorder.bytes(this.edge, this.bytesIn, this.bytesOut);
    this.bytesPassed();
  }

  /** Counts the exchange: on its row, or on `unsent` when its request never went out. Who watches it is told the same. */
  count(recorder: Recorder, unsent: EdgeHandle, direction: Direction, nowUs: number, observation: Observation | null = null): void {
    const edge = this.edge ?? unsent;
    if (this.edge === null) recorder.began(edge);
    recorder.bytes(edge, this.bytesIn, this.bytesOut);
    const end = this.end(direction, nowUs);
    recorder.ended(edge, end);
    observation?.ended(edge, end);
  }

  private bytesPassed(): void {
    this.passedIn += this.bytesIn;
    this.passedOut += this.bytesOut;
    this.bytesIn = this.bytesOut = 0;
  }

  /** How long the callee took to answer in µs; −1: it didn't. */
  get answerUs(): number {
    return this.firstUs > 0 ? this.firstUs - this.sentUs : -1;
  }

  private end(direction: Direction, nowUs: number): ExchangeEnd {
    const answeredUs = this.firstUs > 0 ? this.firstUs : nowUs;
    const leftUs = this.sentUs > 0 ? this.sentUs : nowUs;
    return {
      fault: this.fault,
      code: this.code,
      status: this.status,
      latencyUs: this.firstUs > 0 ? Math.round(this.firstUs - this.startUs) : -1,
      durationUs: Math.round(nowUs - this.startUs),
      appUs: direction === 'inbound' && this.sentUs > 0 ? Math.round(answeredUs - this.sentUs) : 0,
      queueUs: Math.round(leftUs - this.startUs),
      retries: this.retries,
      route: this.template,
      grpcStatus: this.grpcStatus,
      responseUs: Math.round(nowUs - (this.requestUs > 0 ? this.requestUs : leftUs)),
      bytesIn: this.passedIn + this.bytesIn,
      bytesOut: this.passedOut + this.bytesOut,
    };
  }
}
