/** Feeds a machine whole, byte by byte and cut at every position, and writes down what it said. For tests. */
import { ascii, concat, text } from './bytes.ts';
import { ProtocolError } from './error.ts';
import type { Head, Method } from './http1/head.ts';
import { MessageReader, type ReaderOptions } from './http1/reader.ts';
import { writeHead } from './http1/writer.ts';
import type { MessageSink } from './sink.ts';

/** One message as it was read; texts are ISO 8859-1. */
export interface Recorded {
  /** The head as it would be forwarded. */
  head: string;
  framing: string;
  persistent: boolean;
  data: string;
  /** Data, framing and trailers, as they would be copied. */
  raw: string;
  trailers: string;
  ended: boolean;
}

export interface Reading {
  readonly messages: readonly Recorded[];
  /** What was refused, or null. */
  readonly error: { readonly code: string; readonly status: number; readonly message: string } | null;
  /** Bytes behind the last message that the reader left to its caller. */
  readonly rest: string;
  readonly state: string;
}

class RecordingSink implements MessageSink<Head> {
  readonly messages: Recorded[] = [];

  head(head: Head): void {
    const parts: Uint8Array[] = [];
    writeHead(head, [], { write: (bytes, start, end) => parts.push(bytes.slice(start, end)) });
    const whole = concat(parts);
    this.messages.push({
      head: text(whole, 0, whole.length), framing: head.framing, persistent: head.persistent, data: '', raw: '', trailers: '', ended: false,
    });
  }

  data(bytes: Uint8Array, start: number, end: number): void {
    this.last().data += text(bytes, start, end);
    this.last().raw += text(bytes, start, end);
  }

  framing(bytes: Uint8Array, start: number, end: number): void {
    this.last().raw += text(bytes, start, end);
  }

  trailers(bytes: Uint8Array, start: number, end: number): void {
    this.last().trailers += text(bytes, start, end);
    this.last().raw += text(bytes, start, end);
  }

  end(): void {
    this.last().ended = true;
  }

  private last(): Recorded {
    const last = this.messages.at(-1);
    if (last === undefined) throw new Error('the reader said something before a head');
    return last;
  }
}

/** What a response answers. */
export interface Answered {
  readonly method: Method;
  readonly upgrade?: boolean;
}

export interface ReadOptions extends ReaderOptions {
  /** For responses: the requests that they answer, in order; the default is one GET. */
  readonly answers?: readonly Answered[];
  /** The peer ends its side behind the last byte. */
  readonly eof?: boolean;
}

/** Reads these pieces, message after message, until they end, a tunnel begins or something is refused. */
export function readPieces(options: ReadOptions, pieces: readonly Uint8Array[]): Reading {
  const sink = new RecordingSink();
  const reader = new MessageReader(options, sink);
  const answers = [...(options.answers ?? [{ method: 'GET' as const }])];
  const expectNext = (): void => {
    const answer = options.kind === 'response' && reader.idle ? answers.shift() : undefined;
    if (answer !== undefined) reader.expect(answer.method, answer.upgrade ?? false);
  };
  let rest = '';
  try {
    expectNext();
    for (const piece of pieces) {
      let at = 0;
      while (at < piece.length && reader.current !== 'tunnel') {
        at = reader.push(piece, at, piece.length);
        if (sink.messages.at(-1)?.ended === true) expectNext();
      }
      rest += text(piece, at, piece.length);
    }
    if (options.eof === true) reader.eof();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { messages: sink.messages, error: { code: error.code, status: error.status, message: error.message }, rest, state: reader.current };
  }
  return { messages: sink.messages, error: null, rest, state: reader.current };
}

/** All ways to cut the bytes that a test tries: whole, byte by byte, and in two at every position. */
export function* cuts(bytes: Uint8Array): Generator<readonly Uint8Array[]> {
  yield [bytes];
  yield Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  for (let at = 1; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
}

/** Reads the text in every way of `cuts`; throws when two ways read it differently. */
export function readEveryWay(options: ReadOptions, input: string): Reading {
  const bytes = latin1(input);
  const whole = readPieces(options, [bytes]);
  const expected = JSON.stringify(comparable(whole));
  for (const pieces of cuts(bytes)) {
    const other = JSON.stringify(comparable(readPieces(options, pieces)));
    if (other !== expected) {
      throw new Error(`cut into ${pieces.map((piece) => piece.length).join('+')} it reads ${other}\nwhole it reads ${expected}`);
    }
  }
  return whole;
}

/** A refused message may have given away more or less of its body before; the refusal and what came before it may not differ. */
function comparable(reading: Reading): unknown {
  if (reading.error === null) return reading;
  return { error: reading.error, complete: reading.messages.filter((message) => message.ended) };
}

/** Bytes of a text with characters up to U+00FF. */
export function latin1(input: string): Uint8Array {
  const plain = ascii(''.padEnd(input.length));
  for (let at = 0; at < input.length; at++) plain[at] = input.charCodeAt(at);
  return plain;
}
