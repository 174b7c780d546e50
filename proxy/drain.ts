/** The orderly end: what is under way ends first, then the last window goes out and is waited for while the control link lives, then the process. */
import type { ControlLink } from './control/link.ts';
import type { Dataplane } from './dataplane.ts';
import type { Log } from './log.ts';
import type { WindowRing } from './telemetry/window.ts';

/** Requests under way get so long (linkerd2-proxy's shutdown grace). */
export const DRAIN_MS_MAX = 120_000;
/** Behind the end of a window's tick its seal comes within 2 s; the acknowledgement gets one more to arrive. */
export const ACKNOWLEDGE_MS_MAX = 3_000;
const LOOK_MS = 20;

export interface DrainParts {
  readonly dataplane: Dataplane;
  readonly ring: WindowRing;
  readonly link: ControlLink;
  /** Another process accepts in this one's place. */
  readonly handed: boolean;
  /** Monotonic ms. */
  readonly nowMs: () => number;
  readonly log: Log;
}

/** Resolves when the process may end. */
export async function drain({ dataplane, ring, link, handed, nowMs, log }: DrainParts): Promise<void> {
  const beganMs = nowMs();
  log('info', 'draining', { ...dataplane.open(), handed });
  await dataplane.drain(DRAIN_MS_MAX, handed);
  ring.flush(nowMs());
  link.sendWindows();
  // The agent seals the windows of who took leave at once; one that doesn't, at the end of their tick.
  link.goodbye();
  const untilMs = Math.min(nowMs() + (ring.anchor?.tickMs ?? 0) + ACKNOWLEDGE_MS_MAX, Math.max(nowMs(), beganMs + DRAIN_MS_MAX));
  while (ring.waiting > 0 && link.linked && nowMs() < untilMs) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  // Once more: the link may have been dialled anew meanwhile.
  link.goodbye();
  log(ring.waiting > 0 ? 'warn' : 'info', 'drained', { tookMs: Math.round(nowMs() - beganMs), unacknowledgedWindows: ring.waiting });
}
