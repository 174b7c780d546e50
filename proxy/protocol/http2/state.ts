/** Which step may follow which in the life of a stream. RFC 9113 §5.1; pushed streams don't exist here. All that changes state is in this table. */

export type StreamState = 'idle' | 'open' | 'half-closed (local)' | 'half-closed (remote)' | 'closed';

/** Frames that were received or sent; an `End` comes behind the HEADERS or DATA that carries END_STREAM. */
export type StreamStep = 'receiveHeaders' | 'receiveData' | 'receiveEnd' | 'receiveReset' | 'sendHeaders' | 'sendData' | 'sendEnd' | 'sendReset';

export const STREAM_STATES = ['idle', 'open', 'half-closed (local)', 'half-closed (remote)', 'closed'] as const satisfies readonly StreamState[];
export const STREAM_STEPS = [
  'receiveHeaders', 'receiveData', 'receiveEnd', 'receiveReset', 'sendHeaders', 'sendData', 'sendEnd', 'sendReset',
] as const satisfies readonly StreamStep[];

/** A received step that a state doesn't name is the peer's fault (STREAM_CLOSED), a sent one is ours. */
export const STREAM_NEXT = {
  idle: { receiveHeaders: 'open', sendHeaders: 'open' },
  open: {
    receiveHeaders: 'open', receiveData: 'open', receiveEnd: 'half-closed (remote)', receiveReset: 'closed',
    sendHeaders: 'open', sendData: 'open', sendEnd: 'half-closed (local)', sendReset: 'closed',
  },
  'half-closed (local)': {
    receiveHeaders: 'half-closed (local)', receiveData: 'half-closed (local)', receiveEnd: 'closed', receiveReset: 'closed', sendReset: 'closed',
  },
  'half-closed (remote)': {
    receiveReset: 'closed', sendHeaders: 'half-closed (remote)', sendData: 'half-closed (remote)', sendEnd: 'closed', sendReset: 'closed',
  },
  closed: {},
} as const satisfies Record<StreamState, Partial<Record<StreamStep, StreamState>>>;

/** The state after a step, or null when the step is illegal there. */
export function nextStreamState(state: StreamState, step: StreamStep): StreamState | null {
  const steps: Partial<Record<StreamStep, StreamState>> = STREAM_NEXT[state];
  return steps[step] ?? null;
}
