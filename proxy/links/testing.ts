/** Two links on a pipe in memory, with a clock that a test turns: no socket, no time passes by itself. */
import { FieldList } from '../protocol/hpack/fields.ts';
import type { StreamFault } from '../protocol/http2/codes.ts';
import type { StreamEvents } from '../protocol/http2/events.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import { Sockets } from '../sockets/sockets.ts';
import type { StreamEvents as ByteEvents } from '../sockets/stream.ts';
import { Link, type LinkOptions, type LinkOwner, type LinkSocket } from './link.ts';
import { LinkStream } from './link-stream.ts';

const SILENT: ByteEvents = {
  received: () => undefined, ended: () => undefined, congested: () => undefined, drained: () => undefined, closed: () => undefined,
};

/** One end of a pipe. What is written waits until `carry`; with `full` nothing is taken. */
export class PipeEnd implements LinkSocket {
  events: ByteEvents = SILENT;
  open = true;
  peerEnded = false;
  blocked = false;
  leaving = false;
  full = false;
  /** How our side ended. */
  ending: 'no' | 'ended' | 'closed' = 'no';
  /** Bytes that went out so far. */
  carried = 0;
  flushes = 0;
  private readonly out: Uint8Array[] = [];

  write(bytes: Uint8Array, start: number, end: number): void {
    if (this.open) this.out.push(bytes.slice(start, end));
  }

  flush(): void {
    this.flushes++;
    if (this.full && this.out.length > 0) this.blocked = true;
  }

  pause(): void {}
  resume(): void {}
  finish(): void {}

  end(): void {
    this.ending = 'ended';
    this.events = SILENT;
  }

  close(): void {
    this.ending = 'closed';
    this.open = false;
    this.events = SILENT;
  }

  /** Takes what was written; the other end reads it. */
  carry(to: PipeEnd): boolean {
    if (this.full) return false;
    if (this.out.length === 0) return this.tellEnd(to);
    for (const bytes of this.out.splice(0)) {
      this.carried += bytes.length;
      to.events.received(bytes);
    }
    if (this.blocked) {
      this.blocked = false;
      this.events.drained();
    }
    return true;
  }

  private tellEnd(to: PipeEnd): boolean {
    if (this.ending === 'no' || to.peerEnded) return false;
    to.peerEnded = true;
    to.events.ended();
    return true;
  }
}

/** What became of a link, and what its peer opened. */
export class WatchingOwner implements LinkOwner {
  readonly told: string[] = [];
  readonly accepted: AcceptedStream[] = [];
  ready(): void {
    this.told.push('ready');
  }
  room(): void {
    this.told.push('room');
  }
  retiring(): void {
    this.told.push('retiring');
  }
  gone(): void {
    this.told.push('gone');
  }
  hasOther(): boolean {
    return true;
  }
  accept(link: Link, stream: Http2Stream): StreamEvents {
    const accepted = new AcceptedStream(link, stream);
    this.accepted.push(accepted);
    return accepted;
  }
}

/** A stream that the test answers by hand. */
export class AcceptedStream implements StreamEvents {
  readonly stream: Http2Stream;
  readonly link: Link;
  fields: readonly (readonly [string, string])[] = [];
  received = '';

  constructor(link: Link, stream: Http2Stream) {
    this.link = link;
    this.stream = stream;
  }

  head(fields: FieldList): void {
    this.fields = Array.from({ length: fields.count }, (_, at) => [fields.nameText(at), fields.valueText(at)] as const);
  }
  data(bytes: Uint8Array, start: number, end: number): void {
    this.received += Buffer.from(bytes.subarray(start, end)).toString('latin1');
  }
  trailers(): void {}
  reset(): void {}
  drained(): void {}

  /** The same as bytes. */
  bytes(): ByteWatch {
    return new ByteWatch(new LinkStream(this.link, this.stream));
  }
}

/** Answers a CONNECT. */
export function answerOk({ stream }: AcceptedStream): void {
  const fields = new FieldList();
  fields.addText(':status', '200');
  stream.sendHead(fields, false);
}

/** Writes down what happens to a byte stream. */
export class ByteWatch implements ByteEvents {
  readonly stream: LinkStream;
  readonly told: string[] = [];
  length = 0;
  text = '';

  constructor(stream: LinkStream) {
    this.stream = stream;
    stream.events = this;
  }

  received(bytes: Uint8Array): void {
    this.length += bytes.length;
    if (this.text.length < 1_000) this.text += Buffer.from(bytes).toString('latin1');
  }
  ended(): void {
    this.told.push('ended');
  }
  congested(): void {
    this.told.push('congested');
  }
  drained(): void {
    this.told.push('drained');
  }
  closed(error: Error | null): void {
    this.told.push(error === null ? 'closed' : 'broken');
  }

  say(text: string): void {
    const bytes = new Uint8Array(Buffer.from(text, 'latin1'));
    this.stream.write(bytes, 0, bytes.length);
  }
}

/** What a client hears of a stream that it opened. */
export class OpenedStream implements StreamEvents {
  status = 0;
  received = '';
  fault: StreamFault | null = null;
  head(fields: FieldList): void {
    this.status = fields.status();
  }
  data(bytes: Uint8Array, start: number, end: number): void {
    this.received += Buffer.from(bytes.subarray(start, end)).toString('latin1');
  }
  trailers(): void {}
  reset(fault: StreamFault): void {
    this.fault = fault;
  }
  drained(): void {}
}

export class LinkPair {
  nowUs = 0;
  readonly bugs: Error[] = [];
  readonly sockets = new Sockets(() => this.nowUs, (error) => this.bugs.push(error));
  readonly clientEnd = new PipeEnd();
  readonly serverEnd = new PipeEnd();
  readonly clientOwner = new WatchingOwner();
  readonly serverOwner = new WatchingOwner();
  readonly client: Link;
  readonly server: Link;

  constructor(options: Partial<Pick<LinkOptions, 'retireAtMs' | 'idleMsMax'>> = {}) {
    const shared = { sockets: this.sockets, generation: 1, retireAtMs: Infinity, idleMsMax: 60_000, ...options };
    this.client = new Link({ ...shared, role: 'client', connection: this.clientEnd, owner: this.clientOwner });
    this.server = new Link({ ...shared, role: 'server', connection: this.serverEnd, owner: this.serverOwner });
  }

  /** Carries bytes both ways until nothing moves. */
  settle(): void {
    do for (let again = 0; again < 2; again++) this.sockets.turn.end();
    while (this.clientEnd.carry(this.serverEnd) || this.serverEnd.carry(this.clientEnd));
  }

  /** Lets the clock go on, beat by beat. */
  pass(ms: number, beatMs: number): void {
    for (let left = ms; left > 0; left -= beatMs) {
      this.nowUs += beatMs * 1_000;
      if (!this.clientOwner.told.includes('gone')) this.client.expired();
      if (!this.serverOwner.told.includes('gone')) this.server.expired();
      this.settle();
    }
  }

  /** Frees the timers, so that the test's process can end. */
  stop(): void {
    this.client.close();
    this.server.close();
    this.settle();
  }
}
