import { expect, test } from 'vitest';
import { FAULT_CODES } from '../wire/mesh.ts';
import { classificationOf, codeOfResponse, faultOfResponse } from './classify.ts';
import { exchangeEnd } from './testing.ts';

test.each([
  [200, null],
  [301, null],
  [404, null],
  [429, null],
  [499, null],
  [500, 'app'],
  [503, 'app'],
  [599, 'app'],
] as const)('an answer %i of the app itself is the fault of %s', (status, fault) => {
  expect(faultOfResponse(status, null)).toBe(fault);
});

test('a proxy that made the answer says whose fault it is, whatever the status', () => {
  for (const [code, entry] of Object.entries(FAULT_CODES)) {
    for (const status of [200, 403, 502]) expect(faultOfResponse(status, code)).toBe(entry.fault);
  }
});

test("a code that this version doesn't know is the mesh's fault", () => {
  expect(faultOfResponse(502, 'new-in-version-9')).toBe('mesh');
  expect(faultOfResponse(502, '')).toBe('mesh');
});

test("only codes of this version's table become labels", () => {
  expect([null, '', 'new-in-version-9', 'constructor', 'denied'].map(codeOfResponse)).toEqual([null, null, null, null, 'denied']);
});

test.each([
  [null, 'success'],
  ['client', 'success'],
  ['app', 'failure'],
  ['mesh', 'failure'],
] as const)('fault %s is classified as %s', (fault, classification) => {
  expect(classificationOf(exchangeEnd({ fault }))).toBe(classification);
});
