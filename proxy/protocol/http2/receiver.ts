/** The receiving half of a connection: what each frame does to its stream, and what is refused. RFC 9113 §5, §6, §8. */
import { text } from '../bytes.ts';
import { Decoder } from '../hpack/decoder.ts';
import { FieldList } from '../hpack/fields.ts';
import type { Allowances } from './budget.ts';
import { CODE } from './codes.ts';
import type { Http2Connection } from './connection.ts';
import { ConnectionError, calm } from './error.ts';
import { FLAG, FRAME_HEADER_BYTES } from './frame.ts';
import { ANSWERS_QUEUED_MAX, DEBUG_BYTES_MAX, HEADER_LIST_BYTES_MAX, HEADS_AMPLIFIED_MAX, LIST_KEPT_BYTES, STREAMS_MAX } from './limits.ts';
import { NO_LENGTH } from './message.ts';
import { type Incoming, PayloadReader } from './payload.ts';
import type { Http2Stream } from './stream.ts';
import { MALFORMED, areTrailers, contentOf, requestLength, statusOf } from './verdict.ts';

/** The answer to a head over the limit (RFC 6585 §5). */
const TOO_LARGE = new FieldList(64, 2);
TOO_LARGE.addText(':status', '431');
TOO_LARGE.addText('content-length', '0');

export class Receiver implements Incoming {
  readonly frames: PayloadReader;
  private readonly connection: Http2Connection;
  private readonly decoder = new Decoder();
  private fields: FieldList | null = null;
  private readonly allowances: Allowances;
  /** The DATA frame being read: its stream, null if it goes nowhere; whether it ends it; its content so far. */
  private current: Http2Stream | null = null;
  private currentEnds = false;
  private currentBytes = 0;
  /** Bytes of HEADERS that came ever. */
  private headBytesIn = 0;

  constructor(connection: Http2Connection, allowances: Allowances) {
    this.connection = connection;
    this.allowances = allowances;
    this.frames = new PayloadReader(this, connection.counters);
  }

  headers(id: number, end: boolean, selfDependent: boolean, bytes: Uint8Array, start: number, finish: number): void {
    const { registry } = this.connection;
    const fields = (this.fields ??= new FieldList());
    this.headBytesIn += FRAME_HEADER_BYTES + finish - start;
    const fits = this.decoder.decode(bytes, start, finish, fields, HEADER_LIST_BYTES_MAX);
    if (fields.bytes.length > LIST_KEPT_BYTES) this.fields = null;
    if (!fits) this.connection.counters.listsTooLarge++;
    const stream = registry.streams.get(id);
    if (stream !== undefined) {
      if (selfDependent) this.refuse(stream, CODE.protocolError, 'a stream depends on itself');
      else if (!fits) this.refuse(stream, CODE.enhanceYourCalm, 'a field list is too large');
      else this.headersOf(stream, fields, end);
      return;
    }
    const absence = registry.absence(id);
    switch (absence) {
      case 'idle': return this.opened(id, end, selfDependent, fits, fields);
      case 'closed': throw new ConnectionError(CODE.streamClosed, `HEADERS came for stream ${id}, which is closed`);
      case 'skipped': throw new ConnectionError(CODE.protocolError, `stream ${id} opens below one that was opened before`);
      case 'reset':
      case 'refused': return this.allowances.spendFree();
      default: absence satisfies never;
    }
  }

  /** The connection is idle. */
  rest(): void {
    this.fields = null;
  }

  dataBegins(id: number, end: boolean, length: number): void {
    const { connection } = this;
    if (!connection.window.take(length)) throw new ConnectionError(CODE.flowControlError, "DATA is larger than the connection's window");
    this.currentEnds = end;
    this.currentBytes = 0;
    this.current = connection.registry.streams.get(id) ?? null;
    if (this.current === null) return this.dataNowhere(id);
    const stream = this.current;
    if (!stream.step('receiveData')) this.refuseCurrent(stream, CODE.streamClosed, 'DATA came behind the end of the stream');
    else if (!stream.headReceived) this.refuseCurrent(stream, CODE.protocolError, 'DATA came before a head');
    else if (!stream.receiveWindow.take(length)) this.refuseCurrent(stream, CODE.flowControlError, "DATA is larger than the stream's window");
  }

  data(bytes: Uint8Array, start: number, end: number, complete: boolean): void {
    const { connection } = this;
    const count = end - start;
    this.currentBytes += count;
    if (complete && this.currentBytes === 0 && !this.currentEnds) {
      connection.counters.emptyData++;
      this.allowances.spendEmpty();
    }
    const stream = this.current;
    if (stream === null || stream.state === 'closed') return connection.credit(null, count);
    const last = complete && this.currentEnds;
    if (stream.contentLeft !== NO_LENGTH) {
      stream.contentLeft -= count;
      if (stream.contentLeft < 0 || (last && stream.contentLeft > 0)) {
        connection.credit(null, count);
        return this.malformed(stream, 'the content is not as long as content-length says');
      }
    }
    if (stream.resetBehindEnd) this.passOver(stream, count, last);
    else this.deliver(stream, bytes, start, end, last);
  }

  padding(count: number): void {
    const stream = this.current;
    this.connection.credit(stream !== null && stream.state !== 'closed' ? stream : null, count);
  }

  reset(id: number, code: number): void {
    const { connection } = this;
    const stream = connection.registry.streams.get(id);
    if (stream === undefined && connection.registry.absence(id) === 'idle') throw new ConnectionError(CODE.protocolError, `RST_STREAM came for stream ${id}, which is idle`);
    connection.counters.resetsReceived++;
    this.allowances.spendReset();
    if (stream === undefined) return;
    connection.dropStream(stream, { by: 'peer', code, unprocessed: code === CODE.refusedStream, message: `the peer reset the stream with code ${code}` });
  }

  settings(bytes: Uint8Array, start: number, end: number): void {
    const { connection } = this;
    connection.counters.settings++;
    this.allowances.spendFree();
    this.answers();
    const before = connection.peer.initialWindowSize;
    connection.peer.read(bytes, start, end, this.unknownSetting);
    connection.peerSettled(connection.peer.initialWindowSize - before);
  }

  settingsAcknowledged(): void {
    this.allowances.spendFree();
    this.connection.peerAcknowledged();
  }

  ping(bytes: Uint8Array, start: number, acknowledges: boolean): void {
    const { connection } = this;
    this.allowances.spendFree();
    if (acknowledges) return connection.ponged(bytes, start);
    connection.counters.pings++;
    this.answers();
    connection.sender.ping(FLAG.ack, bytes, start);
    connection.sender.answers++;
    connection.wake();
  }

  goaway(lastStream: number, code: number, bytes: Uint8Array, debugStart: number, debugEnd: number): void {
    this.allowances.spendFree();
    this.connection.peerGoesAway(lastStream, code, text(bytes, debugStart, Math.min(debugEnd, debugStart + DEBUG_BYTES_MAX)));
  }

  windowUpdate(id: number, increment: number): void {
    const { connection } = this;
    connection.counters.windowUpdates++;
    this.allowances.spendFree();
    if (id === 0) {
      if (increment === 0) throw new ConnectionError(CODE.protocolError, 'a WINDOW_UPDATE adds nothing');
      if (!connection.sender.widen(increment)) throw new ConnectionError(CODE.flowControlError, "the connection's window is too large");
    } else this.widenStream(id, increment);
    if (connection.sender.anyReady) connection.wake();
  }

  /** §5.3.2: ignored, but not when it is wrong. */
  priority(id: number, selfDependent: boolean, length: number): void {
    this.allowances.spendFree();
    const stream = this.connection.registry.streams.get(id);
    if (length !== 5) {
      if (stream === undefined) throw new ConnectionError(CODE.frameSizeError, `a PRIORITY frame has ${length} octets instead of 5`);
      this.refuse(stream, CODE.frameSizeError, `a PRIORITY frame has ${length} octets instead of 5`);
    } else if (selfDependent) {
      if (stream === undefined) throw new ConnectionError(CODE.protocolError, 'a stream depends on itself');
      this.refuse(stream, CODE.protocolError, 'a stream depends on itself');
    }
  }

  unknown(): void {
    this.allowances.spendFree();
  }

  private readonly unknownSetting = (id: number, value: number): void => this.connection.events.setting(id, value);

  private widenStream(id: number, increment: number): void {
    const { registry, sender } = this.connection;
    const stream = registry.streams.get(id);
    if (stream === undefined) {
      if (registry.absence(id) === 'idle') throw new ConnectionError(CODE.protocolError, `WINDOW_UPDATE came for stream ${id}, which is idle`);
      // A stream error of a stream that is no more, which may be one of the connection (§5.4.2).
      if (increment === 0) throw new ConnectionError(CODE.protocolError, 'a WINDOW_UPDATE adds nothing');
      return;
    }
    if (increment === 0) this.refuse(stream, CODE.protocolError, 'a WINDOW_UPDATE adds nothing');
    else if (!sender.widenStream(stream, increment)) this.refuse(stream, CODE.flowControlError, "the stream's window is too large");
  }

  /** HEADERS on an id that was never used: a request, if we are the server. */
  private opened(id: number, end: boolean, selfDependent: boolean, fits: boolean, fields: FieldList): void {
    const { connection } = this;
    const { registry } = connection;
    if (!connection.server || id % 2 === 0) throw new ConnectionError(CODE.protocolError, `HEADERS came for stream ${id}, which the peer may not open`);
    registry.openedByPeer(id);
    if (registry.active >= (connection.options.streamsMax ?? STREAMS_MAX)) {
      connection.counters.refused++;
      return this.refuseId(id, CODE.refusedStream);
    }
    if (registry.headBytes + fields.length > HEADS_AMPLIFIED_MAX * this.headBytesIn) {
      connection.counters.bombs++;
      return this.refuseId(id, CODE.refusedStream);
    }
    if (selfDependent) return this.refuseId(id, CODE.protocolError);
    if (!fits) return this.answerTooLarge(id, end);
    const length = requestLength(fields, connection.options.extendedConnect === true);
    if (length === MALFORMED || (end && length > 0)) {
      connection.counters.malformed++;
      return this.refuseId(id, CODE.protocolError);
    }
    const stream = connection.newStream(id);
    stream.step('receiveHeaders');
    stream.headReceived = true;
    stream.contentLeft = length;
    registry.headBytes += stream.headBytes = fields.length;
    if (end) stream.step('receiveEnd');
    stream.events = connection.events.accept(stream);
    stream.events.head(fields, end);
    this.allowances.opened();
  }

  /** HEADERS on a stream that is there: a response's head, or trailers. */
  private headersOf(stream: Http2Stream, fields: FieldList, end: boolean): void {
    if (!stream.step('receiveHeaders')) return this.refuse(stream, CODE.streamClosed, 'HEADERS came behind the end of the stream');
    if (stream.headReceived) return this.trailers(stream, fields, end);
    const status = statusOf(fields);
    if (status === MALFORMED) return this.malformed(stream, 'the head of the response is malformed');
    if (status < 200) {
      if (end) return this.malformed(stream, 'an interim response ends the stream');
      return stream.events.head(fields, false);
    }
    stream.headReceived = true;
    stream.contentLeft = contentOf(stream, status);
    if (end && stream.contentLeft > 0) return this.malformed(stream, 'the content is not as long as content-length says');
    if (end) stream.step('receiveEnd');
    const { events } = stream;
    if (end) this.connection.stepped(stream);
    events.head(fields, end);
  }

  private trailers(stream: Http2Stream, fields: FieldList, end: boolean): void {
    if (!end) return this.malformed(stream, 'trailers do not end the stream');
    if (stream.contentLeft > 0) return this.malformed(stream, 'the content is not as long as content-length says');
    if (!areTrailers(fields)) return this.malformed(stream, 'the trailers are malformed');
    stream.step('receiveEnd');
    const { events } = stream;
    this.connection.stepped(stream);
    events.trailers(fields);
  }

  private deliver(stream: Http2Stream, bytes: Uint8Array, start: number, end: number, last: boolean): void {
    const count = end - start;
    if (count === 0 && !last) return;
    this.connection.hold(stream, count);
    stream.progress += count;
    if (count > 0) this.allowances.received();
    const { events } = stream;
    if (last) {
      stream.step('receiveEnd');
      this.connection.stepped(stream);
    }
    events.data(bytes, start, end, last);
  }

  /** Data that the owner wants no more. */
  private passOver(stream: Http2Stream, count: number, last: boolean): void {
    if (!last) return this.connection.lingered(stream, count);
    this.connection.credit(null, count);
    stream.step('receiveEnd');
    this.connection.stepped(stream);
  }

  /** DATA for an id without a stream goes nowhere, and mostly is an error. */
  private dataNowhere(id: number): void {
    const { registry } = this.connection;
    const absence = registry.absence(id);
    switch (absence) {
      case 'idle':
      case 'skipped': throw new ConnectionError(CODE.protocolError, `DATA came for stream ${id}, which is idle`);
      case 'closed': throw new ConnectionError(CODE.streamClosed, `DATA came for stream ${id}, which is closed`);
      case 'reset':
      case 'refused': return this.allowances.spendFree();
      default: absence satisfies never;
    }
  }

  private refuseCurrent(stream: Http2Stream, code: number, message: string): void {
    this.current = null;
    this.refuse(stream, code, message);
  }

  private malformed(stream: Http2Stream, message: string): void {
    this.connection.counters.malformed++;
    this.refuse(stream, CODE.protocolError, message);
  }

  /** The peer made us reset a stream, which counts like a reset of its own. */
  private refuse(stream: Http2Stream, code: number, message: string): void {
    this.connection.counters.resetsMade++;
    this.connection.breakOff(stream, code, message);
    this.allowances.spendReset();
  }

  /** The same for a stream that never came to be. */
  private refuseId(id: number, code: number): void {
    const { connection } = this;
    connection.counters.resetsMade++;
    connection.sender.rstStream(id, code);
    connection.registry.rememberReset(id);
    connection.wake();
    this.allowances.spendReset();
  }

  private answerTooLarge(id: number, end: boolean): void {
    this.connection.sender.block(id, TOO_LARGE, true);
    if (!end) return this.refuseId(id, CODE.noError);
    this.connection.wake();
    this.allowances.spendReset();
  }

  private answers(): void {
    if (this.connection.sender.answers >= ANSWERS_QUEUED_MAX) throw calm('too many answers wait for a peer that does not read');
  }
}
