import { expect, test } from 'vitest';
import type { ControlLink } from './control/link.ts';
import type { Dataplane } from './dataplane.ts';
import { DRAIN_MS_MAX, drain } from './drain.ts';
import { WindowRing } from './telemetry/window.ts';

interface Facts {
  readonly linked: boolean;
  /** How long the data path drains. */
  readonly drainMs: number;
  /** When the acknowledgement comes, ms from the begin; null: never. */
  readonly acknowledgedMs: number | null;
}

/** Drains with one window in the ring and ticks of 10 s; each look at the clock is half a second later. Returns the ms it took. */
async function drained({ linked, drainMs, acknowledgedMs }: Facts): Promise<{ readonly tookMs: number; readonly waiting: number }> {
  let now = 0;
  let full = true;
  const farewells: boolean[] = [];
  const ring = new WindowRing('0123456789abcdef', () => (full ? { edges: [], routes: [], folded: 1 } : null), 0);
  ring.announce(100, 10_000, 0, 0);
  const nowMs = (): number => {
    now += 500;
    if (acknowledgedMs !== null && now >= acknowledgedMs) ring.acknowledge(1);
    return now;
  };
  const dataplane = { open: () => ({ connections: 0, exchanges: 0 }), drain: async () => void (now += drainMs) } as unknown as Dataplane;
  const link = { linked, sendWindows: () => (full = false), goodbye: () => void farewells.push(full) } as unknown as ControlLink;
  await drain({ dataplane, ring, link, handed: false, nowMs, log: () => undefined });
  // It takes leave behind its last window, so that nothing of it is missing, and before the wait, so that it is short.
  expect(farewells).toEqual([false, false]);
  return { tookMs: now, waiting: ring.waiting };
}

test('the last window waits for its seal while the control link lives', async () => {
  const { tookMs, waiting } = await drained({ linked: true, drainMs: 0, acknowledgedMs: 12_000 });
  expect(waiting).toBe(0);
  expect(tookMs).toBeLessThan(13_000);
});

test('a control plane that says nothing holds the end up for a tick and three seconds', async () => {
  const { tookMs, waiting } = await drained({ linked: true, drainMs: 0, acknowledgedMs: null });
  expect(waiting).toBe(1);
  expect(tookMs).toBeGreaterThanOrEqual(13_000);
  expect(tookMs).toBeLessThan(17_000);
});

test('without a control link nobody waits', async () => {
  expect((await drained({ linked: false, drainMs: 0, acknowledgedMs: null })).tookMs).toBeLessThan(3_000);
});

test('the wait stays within the limit of the whole drain', async () => {
  const { tookMs } = await drained({ linked: true, drainMs: DRAIN_MS_MAX - 4_000, acknowledgedMs: null });
  expect(tookMs).toBeLessThan(DRAIN_MS_MAX + 2_000);
});
