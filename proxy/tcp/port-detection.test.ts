import { expect, test } from 'vitest';
import { SPEAKS_FIRST_MS_MAX } from '../sockets/limits.ts';
import { PortDetection } from './port-detection.ts';

test.each([
  ['the server greets at once', 'callee', 5, true],
  ['the server greets at the limit', 'callee', SPEAKS_FIRST_MS_MAX, true],
  ['an HTTP server tired of waiting', 'callee', SPEAKS_FIRST_MS_MAX + 1, false],
  ['the caller was only slow', 'caller', 5, false],
] as const)('%s behind the limit of detection', (_, by, afterMs, learned) => {
  const port = new PortDetection();
  port.saw({ kind: 'opaque', silent: true });
  expect(port.spoke(by, afterMs)).toBe(learned);
  expect(port.opaque).toBe(learned);
});

test('a port is learned once', () => {
  const port = new PortDetection();
  expect([port.spoke('callee', 1), port.spoke('callee', 1)]).toEqual([true, false]);
});

test.each([{ kind: 'http1' }, { kind: 'http2' }, { kind: 'tls', serverName: null }] as const)('a port where %o was spoken is never learned', (detected) => {
  const port = new PortDetection();
  port.saw(detected);
  expect(port.spoke('callee', 1)).toBe(false);
  expect(port.opaque).toBe(false);
});
