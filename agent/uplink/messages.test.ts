import { expect, test } from 'vitest';
import { encodeMessage } from '../wire/envelope.ts';
import { SAMPLES } from '../wire/samples.ts';
import { readDown } from './messages.ts';

test.each(['welcome', 'acknowledge', 'resend', 'refused'] as const)('a %s is read as it was sent', (kind) => {
  expect(readDown(encodeMessage(SAMPLES[kind]))).toEqual({ kind: 'message', message: SAMPLES[kind] });
});

test('fields of a newer cloud are left out', () => {
  const newer = { ...SAMPLES.acknowledge, colour: 'green' };
  expect(readDown(encodeMessage(newer))).toEqual({ kind: 'message', message: SAMPLES.acknowledge });
});

test('a refusal with a newer cloud’s code is still a refusal', () => {
  const newer = { ...SAMPLES.refused, code: 'bored' };
  expect(readDown(encodeMessage(newer as never))).toEqual({ kind: 'message', message: newer });
});

test.each([
  { what: 'a welcome without epoch', message: { ...SAMPLES.welcome, epoch: null } },
  { what: 'a negative sequence', message: { ...SAMPLES.acknowledge, sequence: -1 } },
  { what: 'marks that aren’t numbers', message: { ...SAMPLES.welcome, marks: { a: '1' } } },
])('$what is invalid', ({ message }) => {
  expect(readDown(encodeMessage(message as never)).kind).toBe('invalid');
});

test('a message of an unknown kind is told apart from a broken one', () => {
  expect(readDown(encodeMessage({ kind: 'dance' } as never))).toEqual({ kind: 'unknown', name: 'dance' });
  expect(readDown(Uint8Array.from([1, 0]))).toMatchObject({ kind: 'invalid' });
});
