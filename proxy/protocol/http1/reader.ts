/** Reads one side of an HTTP/1.1 connection: bytes in, heads and bodies out, one message at a time. RFC 9112 §2–7. */
import { malformed, tooLarge } from '../error.ts';
import type { MessageSink } from '../sink.ts';
import { ChunkedReader } from './chunked.ts';
import { readFields } from './fields.ts';
import { requestFraming, responseFraming, settleUpgrade } from './framing.ts';
import { CR, HTAB, LF } from './grammar.ts';
import { Head, type Method } from './head.ts';
import { HEAD_BYTES_MAX } from './limits.ts';
import { checkTarget, readRequestLine, readStatusLine } from './startline.ts';
import { type State, type Step, next } from './state.ts';

const PARTIAL_BYTES = 1024;

export interface ReaderOptions {
  readonly kind: 'request' | 'response';
  /** `l5d-*` and `sidelight-*` fields are left out when the head is forwarded. */
  readonly stripMesh: boolean;
}

/**
 * `push` reads at most to the end of one message and returns the offset behind it, so that the caller decides when the
 * next may begin. An interim response (1xx) is a `head` without an `end`. After a head whose framing is `tunnel` the
 * bytes belong to the caller. Whatever is not certain throws ProtocolError, and the reader is `failed` for good.
 */
export class MessageReader {
  readonly head = new Head();
  private state: State = 'idle';
  private readonly options: ReaderOptions;
  private readonly sink: MessageSink<Head>;
  private readonly chunked = new ChunkedReader();
  private remaining = 0;
  private expected = false;
  private method: Method = 'GET';
  private upgrade = false;
  private messageEnded = false;
  /** Bytes of a head that came in more than one piece. */
  private partial: Uint8Array | null = null;
  private partialLength = 0;
  /** Where the current line of the head begins, and the head itself, within the bytes being scanned. */
  private lineStart = 0;
  private headStart = 0;
  /** An empty line before the request line was skipped. */
  private skipped = false;

  constructor(options: ReaderOptions, sink: MessageSink<Head>) {
    this.options = options;
    this.sink = sink;
    this.expected = options.kind === 'request';
  }

  /** Between messages: nothing of the next one has come. */
  get idle(): boolean {
    return this.state === 'idle';
  }

  get current(): State {
    return this.state;
  }

  /** A response to such a request may come now. For responses only; without it bytes are refused. */
  expect(method: Method, upgrade: boolean): void {
    this.expected = true;
    this.method = method;
    this.upgrade = upgrade;
  }

  push(bytes: Uint8Array, start: number, end: number): number {
    try {
      return this.read(bytes, start, end);
    } catch (error) {
      this.state = 'failed';
      this.partial = null;
      throw error;
    }
  }

  /** The peer ended its side. Throws ProtocolError when a message was cut. */
  eof(): void {
    const ends = this.state === 'until-close';
    const state = next(this.state, 'eof');
    if (state === null) {
      this.state = 'failed';
      throw malformed('the connection ended inside a message');
    }
    this.state = state;
    if (ends) this.sink.end();
  }

  private read(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      switch (this.state) {
        case 'idle':
          if (!this.expected) throw malformed('bytes came that nobody asked for');
          this.go('bytes');
          break;
        case 'head':
          at = this.readHead(bytes, at, end);
          if (this.messageEnded || this.current === 'tunnel') return at;
          break;
        case 'length':
          at = this.readLength(bytes, at, end);
          if (this.remaining === 0) return at;
          break;
        case 'chunked': {
          at = this.chunked.push(bytes, at, end, this.sink);
          if (at >= 0) break;
          this.finish('end');
          return -at - 1;
        }
        case 'until-close':
        case 'tunnel':
          this.sink.data(bytes, at, end);
          return end;
        case 'closed':
        case 'failed':
          throw malformed('bytes came behind the end');
        default:
          this.state satisfies never;
      }
    }
    return at;
  }

  private go(step: Step): void {
    const state = next(this.state, step);
    if (state === null) throw new Error(`HTTP/1.1 reader: ${step} in ${this.state}`);
    this.state = state;
  }

  private finish(step: Step): void {
    this.go(step);
    this.messageEnded = true;
    this.expected = this.options.kind === 'request';
    this.sink.end();
  }

  private readLength(bytes: Uint8Array, at: number, end: number): number {
    const upTo = Math.min(end, at + this.remaining);
    this.remaining -= upTo - at;
    this.sink.data(bytes, at, upTo);
    if (this.remaining === 0) this.finish('end');
    return upTo;
  }

  /** Returns the offset behind the head, or `end` when more is needed. */
  private readHead(bytes: Uint8Array, at: number, end: number): number {
    if (this.partial !== null) return this.continueHead(this.partial, bytes, at, end);
    this.lineStart = this.headStart = at;
    const headEnd = this.findEnd(bytes, at, end);
    if (headEnd > 0) {
      this.take(bytes, this.headStart, headEnd);
      return headEnd;
    }
    this.partial = new Uint8Array(Math.max(PARTIAL_BYTES, (end - at) * 2));
    this.partial.set(bytes.subarray(at, end));
    this.partialLength = end - at;
    this.lineStart -= at;
    this.headStart -= at;
    return end;
  }

  private continueHead(partial: Uint8Array, bytes: Uint8Array, at: number, end: number): number {
    const taken = Math.min(end - at, HEAD_BYTES_MAX + 4 - this.partialLength);
    const length = this.partialLength + taken;
    let whole = partial;
    if (length > whole.length) {
      whole = new Uint8Array(Math.max(length, whole.length * 2));
      whole.set(partial.subarray(0, this.partialLength));
      this.partial = whole;
    }
    whole.set(bytes.subarray(at, at + taken), this.partialLength);
    const headEnd = this.findEnd(whole, this.partialLength, length);
    if (headEnd === 0) {
      this.partialLength = length;
      return at + taken;
    }
    const behind = at + (headEnd - this.partialLength);
    this.partial = null;
    this.take(whole, this.headStart, headEnd);
    return behind;
  }

  /** The offset behind the empty line, or 0. Goes on where the last call stopped; one empty line before a request is skipped (§2.2). */
  private findEnd(bytes: Uint8Array, from: number, end: number): number {
    const limit = this.headStart + HEAD_BYTES_MAX;
    for (let at = from; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (byte >= 0x20) continue;
      if (byte === LF) {
        if (at === this.lineStart || bytes[at - 1] !== CR) throw malformed('a line ends in a bare LF');
        if (at - this.lineStart > 1) this.lineStart = at + 1;
        else if (this.lineStart > this.headStart) return this.bounded(at + 1, limit);
        else this.skipEmptyLine(at + 1);
      } else if (byte !== CR && byte !== HTAB) throw malformed('a head has a control character');
    }
    if (end > limit) throw tooLarge(`the head is larger than ${HEAD_BYTES_MAX} bytes`);
    return 0;
  }

  private bounded(headEnd: number, limit: number): number {
    if (headEnd > limit) throw tooLarge(`the head is larger than ${HEAD_BYTES_MAX} bytes`);
    return headEnd;
  }

  private skipEmptyLine(at: number): void {
    if (this.options.kind === 'response' || this.skipped) throw malformed('an empty line stands before the head');
    this.skipped = true;
    this.headStart = this.lineStart = at;
  }

  /** Parses a whole head, tells the sink, and settles what follows it. */
  private take(bytes: Uint8Array, start: number, end: number): void {
    const { head } = this;
    this.messageEnded = this.skipped = false;
    head.reset(this.options.kind, bytes, start, end);
    if (this.options.kind === 'request') readRequestLine(head);
    else readStatusLine(head);
    readFields(head, this.options.stripMesh);
    settleUpgrade(head);
    if (this.options.kind === 'request') {
      checkTarget(head);
      head.framing = requestFraming(head);
    } else head.framing = responseFraming(head, this.method, this.upgrade);
    this.begin(head);
  }

  private begin(head: Head): void {
    const interim = head.kind === 'response' && head.status < 200 && head.framing !== 'tunnel';
    if (head.framing === 'length') this.remaining = head.length;
    if (head.framing === 'chunked') this.chunked.reset();
    this.sink.head(head);
    if (interim) {
      this.go('none');
      return;
    }
    if (head.framing === 'none') this.finish('none');
    else this.go(head.framing);
  }
}
