import { expect, test } from 'vitest';
import { FieldList } from '../protocol/hpack/fields.ts';
import type { ConnectionFault } from '../protocol/http2/codes.ts';
import { Http2Connection } from '../protocol/http2/connection.ts';
import type { StreamEvents } from '../protocol/http2/events.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import type { Sockets } from '../sockets/sockets.ts';
import { type Timer, TimerWheel } from '../sockets/timer-wheel.ts';
import { Turn } from '../sockets/turn.ts';
import { FakeStream } from './fake-stream.ts';
import { Session } from './streams-session.ts';

const SILENT: StreamEvents = { head: () => undefined, data: () => undefined, trailers: () => undefined, reset: () => undefined, drained: () => undefined };

/** A server's session on a clock that the test turns, with a client's engine to speak to it. */
class Bench {
  readonly stream = new FakeStream();
  readonly turn = new Turn(() => undefined);
  readonly session: Session;
  readonly client: Http2Connection;
  readonly accepted: Http2Stream[] = [];
  gone: ConnectionFault | null | 'no' = 'no';
  private nowMs = 0;
  private readonly wheel = new TimerWheel(10, 64, 0);

  constructor() {
    const sockets = {
      turn: this.turn, nowUs: () => this.nowMs * 1000,
      arm: (timer: Timer, delayMs: number) => this.wheel.arm(timer, this.nowMs, delayMs), remove: (timer: Timer) => this.wheel.remove(timer),
    } as unknown as Sockets;
    const owner = {
      accept: (stream: Http2Stream) => {
        this.accepted.push(stream);
        return SILENT;
      },
      room: () => undefined, retired: () => undefined, tick: () => undefined,
      gone: (fault: ConnectionFault | null) => (this.gone = fault),
    };
    this.session = new Session(sockets, this.stream, { role: 'server' }, owner);
    this.client = new Http2Connection({ role: 'client' }, {
      accept: () => SILENT, ready: () => undefined, setting: () => undefined, room: () => undefined, pong: () => undefined,
      goingAway: () => undefined, wake: () => undefined, done: () => undefined, closed: () => undefined,
    });
  }

  /** Both sides hear all that the other has said. */
  exchange(): void {
    for (let round = 0; round < 3; round++) {
      this.say();
      this.turn.flush();
      const bytes = Buffer.from(this.stream.written, 'latin1');
      this.stream.written = '';
      this.client.push(bytes, 0, bytes.length);
    }
  }

  /** The client says what it has to. */
  say(): void {
    let said = '';
    this.client.produce({ write: (bytes, start, end) => (said += Buffer.from(bytes.subarray(start, end)).toString('latin1')) }, 64 * 1024);
    if (said !== '') this.stream.say(said);
  }

  request(): void {
    const head = new FieldList();
    for (const [name, value] of [[':method', 'GET'], [':scheme', 'http'], [':authority', 'a'], [':path', '/']] as const) head.addText(name, value);
    this.client.openStream(head, true, SILENT);
  }

  /** Seconds pass, and nobody says anything. */
  pass(seconds: number): void {
    for (let tick = 0; tick < seconds * 10; tick++) {
      this.nowMs += 100;
      this.wheel.advance(this.nowMs);
      this.turn.flush();
    }
  }
}

function withRequest(): Bench {
  const bench = new Bench();
  bench.exchange();
  bench.request();
  bench.exchange();
  expect(bench.accepted).toHaveLength(1);
  return bench;
}

test('a peer with a stream open that says nothing for 10 s and doesn’t answer within 3 s is given up', () => {
  const bench = withRequest();
  // The last word was the peer's: its acknowledgement of our settings.
  bench.session.received(new Uint8Array([0, 0, 8, 6, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]));
  bench.pass(12);
  expect(bench.gone).toBe('no');
  bench.pass(3);
  expect([bench.gone, bench.stream.ending]).toEqual([null, 'closed']);
});

test('a peer that answers is asked again and kept', () => {
  const bench = withRequest();
  for (let minute = 0; minute < 4; minute++) {
    bench.pass(11);
    bench.exchange();
  }
  expect(bench.gone).toBe('no');
});

test('behind an answer that a slow network still carries the question gets a minute', () => {
  const bench = withRequest();
  const head = new FieldList();
  head.addText(':status', '200');
  bench.accepted[0]?.sendHead(head, false);
  bench.accepted[0]?.sendData(new Uint8Array(30_000), 0, 30_000, false);
  bench.turn.flush();
  bench.pass(60);
  expect(bench.gone).toBe('no');
  bench.pass(15);
  expect(bench.gone).toBe(null);
});

test('a connection without streams is asked nothing', () => {
  const bench = new Bench();
  bench.exchange();
  bench.pass(60);
  expect([bench.gone, bench.stream.written]).toEqual(['no', '']);
});

test('a head that comes byte by byte ends the connection after 10 s', () => {
  const bench = new Bench();
  bench.exchange();
  // HEADERS of 200 bytes on stream 1, of which a byte comes each second.
  bench.stream.say('\0\0\xc8\x01\x05\0\0\0\x01');
  for (let second = 0; second < 9; second++) {
    bench.stream.say('\0');
    bench.pass(1);
  }
  expect(bench.gone).toBe('no');
  bench.pass(3);
  expect(bench.gone).toMatchObject({ by: 'local' });
});
