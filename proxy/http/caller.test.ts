import { expect, test } from 'vitest';
import { Pool } from '../balance/pool.ts';
import type { ExchangeEnd } from '../exchange.ts';
import { RouteTemplates } from '../route/template.ts';
import { CALLER_IDLE_MS_MAX, HEAD_MS_MAX, LINGER_MS_MAX, RESET_MS_MAX, RETIRE_IDLE_MS, WAIT_MS_MAX } from '../sockets/limits.ts';
import type { Timer } from '../sockets/timer-wheel.ts';
import { TimerWheel } from '../sockets/timer-wheel.ts';
import { Turn } from '../sockets/turn.ts';
import type { EdgeHandle, Recorder } from '../telemetry/recorder.ts';
import { Callee } from './callee.ts';
import { Caller } from './caller.ts';
import { FakeStream } from './fake-stream.ts';
import type { Connecting, HttpContext, Route } from './upstream.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const EDGE: EdgeHandle = { key: { direction: 'outbound', source: '', service: 's', destination: '', protocol: 'http1', tls: 'mtls' } };

/** One caller on a fake stream, a clock that the test moves, and connections that the test gives out. */
class Bed implements Route {
  readonly unconnectedEdge = EDGE;
  readonly stream = new FakeStream();
  readonly ends: ExchangeEnd[] = [];
  readonly refusals: string[] = [];
  began = 0;
  open = 0;
  cancelled = 0;
  draining = false;
  full = false;
  connecting: Connecting | null = null;
  fresh = 0;
  gone = false;
  readonly caller: Caller;
  private nowMs = 0;
  private readonly wheel = new TimerWheel(10, 64, 0);
  private readonly pool = new Pool<Callee>({ open: () => undefined, connectionsMax: 9, idleMax: 9, idleMsMax: 1e9, queueMax: 9 });

  constructor() {
    const context: HttpContext = {
      direction: 'outbound',
      sockets: {
        turn: new Turn(() => undefined), nowUs: () => this.nowMs * 1000,
        arm: (timer: Timer, delayMs: number) => this.wheel.arm(timer, this.nowMs, delayMs), remove: (timer: Timer) => this.wheel.remove(timer),
      } as HttpContext['sockets'],
      recorder: this.recorder(), templates: new RouteTemplates(), draining: () => this.draining, full: () => this.full, tunnels: new Set(),
      counted: (change) => (this.open += change), learned: () => undefined,
    };
    this.caller = new Caller({ context, stream: this.stream, route: this, stripMesh: true, gone: () => (this.gone = true) });
  }

  connect(connecting: Connecting): void {
    this.connecting = connecting;
  }

  connectFresh(connecting: Connecting): void {
    this.fresh++;
    this.connecting = connecting;
  }

  cancel(): void {
    this.cancelled++;
  }

  finished(): void {}

  /** Gives the waiting exchange a connection. */
  give(): { readonly stream: FakeStream; readonly callee: Callee } {
    const stream = new FakeStream();
    const callee = new Callee({ stream, pool: this.pool, generation: 1, mesh: true });
    this.connecting?.connected(callee, EDGE);
    return { stream, callee };
  }

  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += 10;
      this.wheel.advance(this.nowMs);
    }
  }

  private recorder(): Recorder {
    return {
      edge: () => EDGE, bytes: () => undefined, connection: () => undefined,
      began: () => void this.began++,
      attempted: () => undefined,
      ended: (_handle, end) => void this.ends.push(end),
      detected: () => undefined, passedThrough: () => undefined,
      dialled: () => undefined,
      refused: (_direction, reason) => void this.refusals.push(reason),
    };
  }
}

test('the request waits for its connection with its caller paused, then goes as it came', () => {
  const bed = new Bed();
  const post = 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n';
  bed.stream.say(`${post}bo`);
  expect(bed.stream.paused).toBe(true);
  bed.pass(100);
  const { stream } = bed.give();
  expect(bed.stream.paused).toBe(false);
  expect(stream.written).toBe(`${post}bo`);
  bed.stream.say('dy');
  stream.say(OK);
  expect(stream.written).toBe(`${post}body`);
  expect(bed.stream.written).toBe(OK);
  expect(bed.ends).toMatchObject([{ fault: null, status: 200, queueUs: 100_000, retries: 0, route: 'POST /a' }]);
  expect([bed.began, bed.open]).toEqual([1, 0]);
});

test('latency is from the head to the first byte, duration to the end', () => {
  const bed = new Bed();
  bed.stream.say(GET);
  const { stream } = bed.give();
  bed.pass(50);
  stream.say(OK.slice(0, -1));
  bed.pass(200);
  stream.say('k');
  expect(bed.ends).toMatchObject([{ latencyUs: 50_000, durationUs: 250_000 }]);
});

test('a head that doesn\'t come to its end is answered 408 and counted', () => {
  const bed = new Bed();
  bed.stream.say('GET / HTTP/1.1\r\nHo');
  bed.pass(HEAD_MS_MAX - 20);
  bed.stream.say('st: ');
  bed.pass(40);
  expect(bed.stream.written).toMatch(/^HTTP\/1\.1 408 [^]*l5d-proxy-error: head-timeout/);
  expect(bed.stream.ending).toBe('finished');
  expect(bed.refusals).toEqual(['head-timeout']);
  expect(bed.ends).toMatchObject([{ fault: 'client', status: 408, latencyUs: -1 }]);
});

test('an idle caller is left without a word, and broken off when it stays', () => {
  const bed = new Bed();
  bed.pass(CALLER_IDLE_MS_MAX + 20);
  expect(bed.stream).toMatchObject({ written: '', ending: 'finished' });
  bed.pass(LINGER_MS_MAX + 20);
  expect(bed.stream.ending).toBe('closed');
  expect([bed.gone, bed.ends.length]).toEqual([true, 0]);
});

test('a request that gets no connection in time is answered, and no longer waits', () => {
  const bed = new Bed();
  bed.stream.say(GET);
  bed.pass(WAIT_MS_MAX + 20);
  expect(bed.stream.written).toMatch(/^HTTP\/1\.1 504 [^]*connect-timeout/);
  expect(bed.cancelled).toBe(1);
  expect(bed.ends).toMatchObject([{ fault: 'mesh', status: 504 }]);
  const late = bed.give();
  expect(late.stream.written).toBe('');
});

test('a caller that ended its side has its answer counted when no reset follows', () => {
  const bed = new Bed();
  bed.stream.say(GET);
  bed.stream.hangUp();
  bed.give().stream.say(OK);
  expect(bed.stream.written).toBe(OK);
  expect(bed.ends).toEqual([]);
  bed.pass(RESET_MS_MAX + 20);
  expect(bed.ends).toMatchObject([{ fault: null, status: 200 }]);
  expect(bed.stream.ending).toBe('finished');
});

test('a caller that ended its side and resets our answer was gone: a client fault', () => {
  const bed = new Bed();
  bed.stream.say(GET);
  bed.stream.hangUp();
  bed.give().stream.say(OK);
  bed.stream.break(new Error('ECONNRESET'));
  bed.pass(RESET_MS_MAX + 20);
  expect(bed.ends).toMatchObject([{ fault: 'client', status: 200 }]);
  expect([bed.gone, bed.open]).toEqual([true, 0]);
});

test('a caller that goes away while its request waits is counted once, and waits no longer', () => {
  const bed = new Bed();
  bed.stream.say(GET);
  bed.stream.break(null);
  expect(bed.ends).toMatchObject([{ fault: 'client', status: 0, latencyUs: -1 }]);
  expect([bed.cancelled, bed.open, bed.gone]).toEqual([1, 0, true]);
});

test('a caller that goes away in the middle of an answer breaks the callee off', () => {
  const bed = new Bed();
  bed.stream.say(GET);
  const { stream } = bed.give();
  stream.say('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart');
  bed.stream.break(new Error('ECONNRESET'));
  expect(stream.ending).toBe('closed');
  expect(bed.ends).toMatchObject([{ fault: 'client', status: 200 }]);
});

test('a congested caller pauses the callee, a congested callee the caller, until they are drained', () => {
  const bed = new Bed();
  bed.stream.say('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nb');
  const { stream } = bed.give();
  stream.events.congested();
  expect(bed.stream.paused).toBe(true);
  stream.events.drained();
  expect(bed.stream.paused).toBe(false);
  bed.stream.events.congested();
  expect(stream.paused).toBe(true);
  bed.stream.events.drained();
  expect(stream.paused).toBe(false);
});

test('pipelined requests wait while a caller doesn\'t read its answers', () => {
  const bed = new Bed();
  bed.stream.say(GET + GET + GET);
  bed.stream.blocked = true;
  bed.give().stream.say(OK);
  bed.connecting = null;
  bed.pass(1_000);
  expect(bed.connecting).toBeNull();
  bed.stream.blocked = false;
  bed.stream.events.drained();
  expect(bed.connecting).not.toBeNull();
  expect(bed.ends).toHaveLength(1);
});

test('a request that goes once more waits no longer for its connection than one that goes first', () => {
  const bed = new Bed();
  bed.stream.say(GET);
  const { stream, callee } = bed.give();
  stream.say(OK);
  bed.stream.say(GET);
  bed.connecting?.connected(callee, EDGE);
  stream.break(null);
  expect(bed.fresh).toBe(1);
  bed.pass(WAIT_MS_MAX - 20);
  expect(bed.stream.written).toBe(OK);
  bed.pass(40);
  expect(bed.stream.written.slice(OK.length)).toMatch(/^HTTP\/1\.1 504 [^]*l5d-proxy-error: connect-timeout/);
  expect(bed.open).toBe(0);
});

test.each(['DELETE', 'POST'])('a %s whose fresh connection breaks is not sent again', (method) => {
  const bed = new Bed();
  bed.stream.say(GET.replace('GET', method));
  bed.give().stream.break(null);
  expect(bed.fresh).toBe(0);
  expect(bed.stream.written).toMatch(/^HTTP\/1\.1 502 [^]*hop-closed/);
});

test('an answer by another proxy is classified by its code, and passed on', () => {
  for (const [code, fault, counted] of [['app-unreachable', 'app', 'app-unreachable'], ['denied', 'mesh', 'denied'], ['from-the-future', 'mesh', null]] as const) {
    const bed = new Bed();
    bed.stream.say(GET);
    bed.give().stream.say(`HTTP/1.1 502 Bad Gateway\r\nl5d-proxy-error: ${code}\r\nContent-Length: 0\r\n\r\n`);
    expect(bed.ends).toMatchObject([{ fault, code: counted, status: 502 }]);
    expect(bed.stream.written).toContain(`l5d-proxy-error: ${code}`);
  }
});

test('what is no response becomes 502 while nothing was passed on, and a broken connection afterwards', () => {
  const early = new Bed();
  early.stream.say(GET);
  early.give().stream.say('SSH-2.0-x\r\n\r\n');
  expect(early.stream.written).toMatch(/^HTTP\/1\.1 502 [^]*app-protocol/);
  expect(early.ends).toMatchObject([{ fault: 'app', status: 502 }]);
  const late = new Bed();
  late.stream.say(GET);
  late.give().stream.say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n');
  expect(late.stream.ending).toBe('closed');
  expect(late.ends).toMatchObject([{ fault: 'app', status: 200 }]);
});

test('a malformed body ends the request at the callee and is answered 400', () => {
  const bed = new Bed();
  bed.stream.say('POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n');
  const { stream } = bed.give();
  bed.stream.say('+1\r\ny\r\n');
  expect(stream.ending).toBe('closed');
  expect(stream.written).not.toContain('+1');
  expect(bed.stream.written).toMatch(/^HTTP\/1\.1 400 [^]*connection: close/);
  expect(bed.ends).toMatchObject([{ fault: 'client', status: 400 }]);
});

test('a caller that is to go is told by its next answer, or left when it says nothing', () => {
  const told = new Bed();
  told.caller.retire(null);
  told.stream.say(GET);
  told.give().stream.say(OK);
  expect(told.stream.written).toContain('connection: close\r\n');
  expect(told.stream.ending).toBe('finished');
  const silent = new Bed();
  silent.caller.retire(RETIRE_IDLE_MS);
  silent.pass(RETIRE_IDLE_MS - 20);
  expect(silent.stream.ending).toBe('no');
  silent.pass(40);
  expect(silent.stream).toMatchObject({ written: '', ending: 'finished' });
});

test('whoever answers instead of saying 100 has its answer passed on, and the unsent body is not awaited', () => {
  const bed = new Bed();
  bed.stream.say('POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
  const { stream } = bed.give();
  stream.say('HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n');
  expect(bed.stream.written).toMatch(/^HTTP\/1\.1 417 No\r\nContent-Length: 0\r\nconnection: close\r\n\r\n$/);
  expect(bed.ends).toMatchObject([{ fault: null, status: 417 }]);
  expect(stream.open).toBe(false);
});

test('a request beyond what the proxy takes at a time is answered 503 with a code, looks for no endpoint, and is counted', () => {
  const bed = new Bed();
  bed.full = true;
  bed.stream.say('GET /a HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(bed.stream.written).toMatch(/^HTTP\/1\.1 503 [^]*l5d-proxy-error: queue-full\r\n/);
  expect(bed.connecting).toBeNull();
  expect(bed.ends).toMatchObject([{ fault: 'mesh', code: 'queue-full', status: 503 }]);
  expect(bed.open).toBe(0);
});
