import { expect, test } from 'vitest';
import { NEXT, STATES, STEPS, type State, type Step, next } from './state.ts';

/** All that is legal, said a second time. Whatever is absent must be refused. */
const LEGAL: readonly (readonly [State, Step, State])[] = [
  ['idle', 'bytes', 'head'], ['idle', 'eof', 'closed'], ['idle', 'error', 'failed'],
  ['head', 'none', 'idle'], ['head', 'length', 'length'], ['head', 'chunked', 'chunked'],
  ['head', 'until-close', 'until-close'], ['head', 'tunnel', 'tunnel'], ['head', 'error', 'failed'],
  ['length', 'end', 'idle'], ['length', 'error', 'failed'],
  ['chunked', 'end', 'idle'], ['chunked', 'error', 'failed'],
  ['until-close', 'eof', 'closed'], ['until-close', 'error', 'failed'],
  ['tunnel', 'eof', 'closed'],
];

test('RFC 9112: each step in each state leads where the standard says, or nowhere', () => {
  for (const state of STATES) {
    for (const step of STEPS) {
      const legal = LEGAL.find(([from, by]) => from === state && by === step);
      expect([state, step, next(state, step)]).toEqual([state, step, legal?.[2] ?? null]);
    }
  }
});

test('each state can be reached from idle', () => {
  const reached = new Set<State>(['idle']);
  for (const state of reached) for (const to of Object.values(NEXT[state])) reached.add(to);
  expect([...reached].sort()).toEqual([...STATES].sort());
});
