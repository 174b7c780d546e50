import { expect, test } from 'vitest';
import { REQUESTS } from './corpus/requests.ts';
import { toBytes, toText } from './latin1.ts';
import { cut, mutant, randomOf } from './mutate.ts';

const BASES = REQUESTS.map(({ payload }) => payload).filter((payload) => payload.length > 0 && payload.length < 500);

test('a seed and an index name one mutant for ever', () => {
  for (let index = 0; index < 200; index++) expect(mutant(BASES, randomOf(7, index))).toBe(mutant(BASES, randomOf(7, index)));
  expect(mutant(BASES, randomOf(7, 1))).not.toBe(mutant(BASES, randomOf(8, 1)));
});

test('mutants are bytes, hardly any is made twice, and few are what they were', () => {
  const mutants = Array.from({ length: 5_000 }, (_, index) => mutant(BASES, randomOf(1, index)));
  for (const one of mutants) expect(toText(toBytes(one))).toBe(one);
  expect(new Set(mutants).size).toBeGreaterThan(4_500);
  expect(mutants.filter((one) => BASES.includes(one)).length).toBeLessThan(500);
});

test('pieces are the payload, cut', () => {
  for (let index = 0; index < 500; index++) {
    const payload = BASES[index % BASES.length] ?? '';
    const pieces = cut(payload, randomOf(3, index));
    expect(pieces.join('')).toBe(payload);
    expect(pieces.every((piece) => piece.length > 0)).toBe(true);
  }
});
