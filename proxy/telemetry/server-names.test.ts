import { expect, test } from 'vitest';
import { OTHER } from '../wire/report.ts';
import { SERVER_NAMES_MAX, ServerNames } from './server-names.ts';

test('connections are counted by name and direction, nameless ones too', () => {
  const names = new ServerNames();
  for (const name of ['b.example', 'a.example', null, 'a.example']) names.count('outbound', name);
  names.count('inbound', 'a.example');
  expect([...names.entries()].map(({ direction, name, count }) => `${direction} ${name} ${count}`)).toEqual(['inbound a.example 1', 'outbound  1', 'outbound a.example 2', 'outbound b.example 1']);
});

test('strangers who invent names fill no memory: what is over the cap is other, and known names go on', () => {
  const names = new ServerNames();
  for (let at = 0; at < SERVER_NAMES_MAX + 1_000; at++) names.count('inbound', `n${at}.example`);
  names.count('inbound', 'n0.example');
  const entries = [...names.entries()];
  expect(entries).toHaveLength(SERVER_NAMES_MAX + 1);
  expect(entries.find(({ name }) => name === OTHER)?.count).toBe(1_000);
  expect(entries.find(({ name }) => name === 'n0.example')?.count).toBe(2);
});
