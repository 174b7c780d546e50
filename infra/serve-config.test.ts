import { expect, test } from 'vitest';
import { parseServeConfig } from './serve-config.ts';

test('nothing set means port 7400 on loopback with the embedded Postgres', () => {
  expect(parseServeConfig({})).toEqual({
    kind: 'config',
    config: { host: '127.0.0.1', port: 7400, data: '.sidelight', databaseUrl: undefined, secret: undefined, publicUrl: undefined, outboundAllow: '', mail: undefined, metricsToken: undefined },
  });
});

test('every fault is listed at once, by name', () => {
  const parsed = parseServeConfig({
    PORT: '70000', HOST: 'a b', DATABASE_URL: 'mysql://x', SIDELIGHT_SECRET: 'short', PUBLIC_URL: 'ftp://x', OUTBOUND_ALLOW: 'ok:1,bad', SMTP_URL: 'https://x', METRICS_TOKEN: 'short',
  });
  expect(parsed.kind === 'faults' && parsed.faults.map((fault) => fault.name)).toEqual([
    'PORT', 'HOST', 'DATABASE_URL', 'SIDELIGHT_SECRET', 'PUBLIC_URL', 'OUTBOUND_ALLOW', 'SMTP_URL', 'MAIL_FROM', 'METRICS_TOKEN',
  ]);
});

const cases: readonly [string, string, boolean][] = [
  ['PORT', '0', true], ['PORT', '65535', true], ['PORT', '65536', false], ['PORT', '-1', false], ['PORT', '74oo', false], ['PORT', '7400.5', false], ['PORT', '', true],
  ['HOST', '0.0.0.0', true], ['HOST', '::1', true], ['HOST', 'http://x', false],
  ['DATABASE_URL', 'postgres://owner:pw@db:5432/sidelight', true], ['DATABASE_URL', 'postgresql://owner@db/sidelight', true],
  ['DATABASE_URL', 'postgres://db/sidelight', false], ['DATABASE_URL', 'postgres://owner@db', false], ['DATABASE_URL', 'db', false],
  ['SIDELIGHT_SECRET', 'x'.repeat(31), false], ['SIDELIGHT_SECRET', 'x'.repeat(32), true],
  ['PUBLIC_URL', 'https://mesh.example.com', true], ['PUBLIC_URL', 'https://mesh.example.com/path', false],
  ['OUTBOUND_ALLOW', '127.0.0.1:9,[::1]:80,hooks.local:443', true], ['OUTBOUND_ALLOW', '127.0.0.1', false], ['OUTBOUND_ALLOW', 'x:0', false],
];
test.each(cases)('%s=%s is taken: %s', (name, value, taken) => {
  expect(parseServeConfig({ [name]: value }).kind).toBe(taken ? 'config' : 'faults');
});
