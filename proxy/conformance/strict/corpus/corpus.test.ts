import { expect, test } from 'vitest';
import { toBytes, toText } from '../latin1.ts';
import { walkRequests } from '../walk.ts';
import { REQUESTS } from './requests.ts';
import { RESPONSES } from './responses.ts';

test('the corpus has 300 payloads or more, each once and under its own name', () => {
  expect(REQUESTS.length + RESPONSES.length).toBeGreaterThanOrEqual(300);
  expect(new Set(REQUESTS.map(({ payload }) => payload)).size).toBe(REQUESTS.length);
  expect(new Set(REQUESTS.map(({ section, name }) => `${section} ${name}`)).size).toBe(REQUESTS.length);
  expect(new Set(RESPONSES.map(({ payload, answers }) => `${answers} ${payload}`)).size).toBe(RESPONSES.length);
  expect(new Set(RESPONSES.map(({ section, name }) => `${section} ${name}`)).size).toBe(RESPONSES.length);
});

test('all payloads are bytes', () => {
  for (const { payload } of [...REQUESTS, ...RESPONSES]) expect(toText(toBytes(payload))).toBe(payload);
});

test('what is promised to pass is what the strict reader takes as so many requests, and it takes no other', () => {
  const lenient = new Set(['§2.2 one empty line before the request', '§9.3 an empty line between requests']);
  for (const { section, name, payload, reached, answers } of REQUESTS) {
    const { messages, tail } = walkRequests(payload);
    const whole = messages.filter(({ complete }) => complete).length;
    if (tail === 'none' && whole > reached && answers.every((list) => list.every((status) => status === 200))) {
      // Whoever closes after an answer doesn't read on.
      expect(`${section} ${name}`).toMatch(/^§9\.6/);
    } else if (!lenient.has(`${section} ${name}`)) expect([`${section} ${name}`, whole >= reached]).toEqual([`${section} ${name}`, true]);
  }
});
