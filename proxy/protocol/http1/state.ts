/** Which step may follow which while one side of an HTTP/1.1 connection is read. All that changes state is here. */

/** `idle` is between two messages; `failed` and `closed` are ends. */
export type State = 'idle' | 'head' | 'length' | 'chunked' | 'until-close' | 'tunnel' | 'closed' | 'failed';

/** What was read: bytes of a head, the framing that a head announced, the end of a body or of the connection. */
export type Step = 'bytes' | 'none' | 'length' | 'chunked' | 'until-close' | 'tunnel' | 'end' | 'eof' | 'error';

export const STATES = ['idle', 'head', 'length', 'chunked', 'until-close', 'tunnel', 'closed', 'failed'] as const satisfies readonly State[];
export const STEPS = ['bytes', 'none', 'length', 'chunked', 'until-close', 'tunnel', 'end', 'eof', 'error'] as const satisfies readonly Step[];

/** A step that a state doesn't name is illegal: an `eof` there means a cut message, anything else is a bug. */
export const NEXT = {
  idle: { bytes: 'head', eof: 'closed', error: 'failed' },
  head: { none: 'idle', length: 'length', chunked: 'chunked', 'until-close': 'until-close', tunnel: 'tunnel', error: 'failed' },
  length: { end: 'idle', error: 'failed' },
  chunked: { end: 'idle', error: 'failed' },
  'until-close': { eof: 'closed', error: 'failed' },
  tunnel: { eof: 'closed' },
  closed: {},
  failed: {},
} as const satisfies Record<State, Partial<Record<Step, State>>>;

/** The state after a step, or null when the step is illegal there. */
export function next(state: State, step: Step): State | null {
  const steps: Partial<Record<Step, State>> = NEXT[state];
  return steps[step] ?? null;
}
