import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LineOutput, LINES_BYTES_MAX, writeTo, type WriteBytes } from './line-output.ts';

const LINE = `${'x'.repeat(99)}\n`;

/** An output that takes what it is told to, when it is told to. */
function controlled() {
  const pending: { readonly bytes: Uint8Array; readonly done: Parameters<WriteBytes>[1] }[] = [];
  const output = new LineOutput((bytes, done) => void pending.push({ bytes, done }));
  return { output, pending };
}

test('lines go out in order and once, in pieces if the output takes pieces', async () => {
  const { output, pending } = controlled();
  for (const line of ['a\n', 'b\n', 'c\n']) output.push(line);
  let text = '';
  await expect.poll(() => pending.length).toBe(1);
  while (pending.length > 0) {
    const { bytes, done } = pending.shift() ?? { bytes: new Uint8Array(), done: () => undefined };
    text += new TextDecoder().decode(bytes.subarray(0, 1));
    done(null, 1);
  }
  expect(text).toBe('a\nb\nc\n');
  expect([output.written, output.dropped]).toEqual([3, 0]);
});

test('one write is under way at a time, and what a blocked output leaves over is dropped and counted', async () => {
  const { output, pending } = controlled();
  const lines = (LINES_BYTES_MAX / LINE.length) * 3;
  for (let at = 0; at < lines; at += 1) output.push(LINE);
  await expect.poll(() => pending.length).toBe(1);
  const accepted = Math.ceil(lines) - output.dropped;
  expect(accepted * LINE.length).toBeLessThanOrEqual(LINES_BYTES_MAX + 128 * 1024);
  expect(output.dropped).toBeGreaterThan(lines / 2);
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) next.done(null, next.bytes.length);
  expect(output.written).toBe(accepted);
});

test('an output that says try again is tried again, one that is gone costs its lines only', async () => {
  const { output, pending } = controlled();
  output.push('a\n');
  await expect.poll(() => pending.length).toBe(1);
  pending.shift()?.done(Object.assign(new Error('again'), { code: 'EAGAIN' }), 0);
  await expect.poll(() => pending.length).toBe(1);
  pending.shift()?.done(Object.assign(new Error('gone'), { code: 'EPIPE' }), 0);
  output.push('b\n');
  await expect.poll(() => pending.length).toBe(1);
  pending.shift()?.done(null, 2);
  expect([output.written, output.dropped]).toEqual([1, 1]);
});

test('a full pipe that nobody reads never holds up whoever writes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lines-'));
  const path = join(folder, 'pipe');
  expect(spawnSync('mkfifo', [path]).status).toBe(0);
  const pipe = openSync(path, constants.O_RDWR);
  try {
    const output = new LineOutput(writeTo(pipe));
    let longestMs = 0;
    for (let round = 0; round < 60; round += 1) {
      const beganMs = performance.now();
      for (let at = 0; at < 400; at += 1) output.push(LINE);
      longestMs = Math.max(longestMs, performance.now() - beganMs);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(output.dropped).toBeGreaterThan(0);
    expect(longestMs).toBeLessThan(500);
    const drain = Buffer.alloc(1024 * 1024);
    await expect.poll(() => {
      if (output.written + output.dropped < 24_000) readSync(pipe, drain);
      return output.written + output.dropped;
    }, { interval: 1 }).toBe(24_000);
  } finally {
    closeSync(pipe);
    rmSync(folder, { recursive: true });
  }
});
