import { expect, test } from 'vitest';
import { STREAM_NEXT, STREAM_STATES, STREAM_STEPS, type StreamState, type StreamStep, nextStreamState } from './state.ts';

/** RFC 9113 §5.1, written down a second time as what each state allows. */
const ALLOWED: Readonly<Record<StreamState, readonly StreamStep[]>> = {
  idle: ['receiveHeaders', 'sendHeaders'],
  open: [...STREAM_STEPS],
  'half-closed (local)': ['receiveHeaders', 'receiveData', 'receiveEnd', 'receiveReset', 'sendReset'],
  'half-closed (remote)': ['receiveReset', 'sendHeaders', 'sendData', 'sendEnd', 'sendReset'],
  closed: [],
};

test.each(STREAM_STATES)('RFC 9113 §5.1: %s allows its steps and no other', (state) => {
  for (const step of STREAM_STEPS) expect([step, nextStreamState(state, step) !== null]).toEqual([step, ALLOWED[state].includes(step)]);
});

test('RFC 9113 §5.1: every way through the table ends in closed, and a reset gets there in one step', () => {
  for (const state of STREAM_STATES) {
    if (state === 'idle' || state === 'closed') continue;
    expect(nextStreamState(state, 'receiveReset')).toBe('closed');
    expect(nextStreamState(state, 'sendReset')).toBe('closed');
  }
  expect(Object.keys(STREAM_NEXT)).toEqual([...STREAM_STATES]);
  expect(nextStreamState('half-closed (local)', 'receiveEnd')).toBe('closed');
  expect(nextStreamState('half-closed (remote)', 'sendEnd')).toBe('closed');
});
