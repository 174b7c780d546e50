import { expect, test } from 'vitest';
import { FAULTS } from './labels.ts';
import { FAULT_CODES, faultOf } from './mesh.ts';

test('each fault code says whose fault it is, with an error status and a sentence', () => {
  for (const [code, entry] of Object.entries(FAULT_CODES)) {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(FAULTS).toContain(entry.fault);
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
    expect(entry.message.length).toBeGreaterThan(10);
    expect(faultOf(code)).toBe(entry.fault);
  }
});

test.each(['', 'something-new', 'constructor', '__proto__', 'toString'])('%j is no fault code of this version', (code) => {
  expect(faultOf(code)).toBeNull();
});
