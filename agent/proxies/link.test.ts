import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { STATUS_MS_MAX } from '../../proxy/wire/orders.ts';
import { encodeFrame } from './framing.ts';
import { Link, SWEEP_MS } from './link.ts';

/** A peer's socket that takes everything and says what the test pushes. */
class QuietSocket extends Duplex {
  setNoDelay(): void {}
  setKeepAlive(): void {}
  override _read(): void {}
  override _write(_: unknown, __: string, done: () => void): void {
    done();
  }
}

function setUp() {
  const socket = new QuietSocket();
  const state = { closed: false, nowMs: 1_000_000 };
  const link = new Link(socket as unknown as TLSSocket, state.nowMs, { message: () => {}, closed: () => void (state.closed = true) });
  link.admitted = true;
  const sweep = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += SWEEP_MS) link.sweep((state.nowMs += SWEEP_MS));
    await new Promise(setImmediate);
  };
  return { socket, link, state, sweep };
}

test('a proxy whose host vanished is gone within a minute of its last word', async () => {
  const { link, state, sweep } = setUp();
  await sweep(60_000);
  expect([state.closed, link.endedHere]).toEqual([true, true]);
  expect(link.silentMs).toBeGreaterThan(STATUS_MS_MAX);
});

test('a proxy that says its status as often as agreed stays, also when one status is lost on the way', async () => {
  const { socket, state, sweep } = setUp();
  const status = encodeFrame({ kind: 'status', ready: true, revision: 1, certificateNotAfter: null } as never);
  for (let round = 0; round < 5; round++) {
    await sweep(2 * STATUS_MS_MAX);
    socket.push(status);
    await new Promise(setImmediate);
  }
  expect(state.closed).toBe(false);
});

test('an agent that stood still, or whose clock was set, blames nobody', async () => {
  const { link, state } = setUp();
  link.sweep(state.nowMs + 3_600_000);
  await new Promise(setImmediate);
  expect(state.closed).toBe(false);
});
