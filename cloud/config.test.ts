import { expect, test } from 'vitest';
import { parseConfig } from './config.ts';

const GOOD = { DATABASE_URL: 'postgres://sidelight_server:x@127.0.0.1:5432/sidelight', SIDELIGHT_SECRET: 'x'.repeat(32) };

test('what is needed is enough', () => {
  expect(parseConfig(GOOD)).toEqual({
    kind: 'config',
    config: { port: 7400, host: '127.0.0.1', databaseUrl: GOOD.DATABASE_URL, secret: GOOD.SIDELIGHT_SECRET, publicUrl: null, outboundAllow: [], mail: null, metricsToken: null, consoleDir: null, clockOffsetMs: 0, logLevel: 'info' },
  });
});

test('every fault is told at once', () => {
  const parsed = parseConfig({ PORT: '70000', DATABASE_URL: 'mysql://x', SIDELIGHT_SECRET: 'short', PUBLIC_URL: 'https://x.test/path', OUTBOUND_ALLOW: 'nonsense', METRICS_TOKEN: 'short', LOG_LEVEL: 'loud' });
  expect(parsed.kind === 'faults' ? parsed.faults.map((fault) => fault.setting) : []).toEqual(['PORT', 'DATABASE_URL', 'SIDELIGHT_SECRET', 'PUBLIC_URL', 'OUTBOUND_ALLOW', 'METRICS_TOKEN', 'LOG_LEVEL']);
});

test('a mail server needs a sender, and both must be what they say', () => {
  expect(parseConfig({ ...GOOD, SMTP_URL: 'smtp://mail.test:25', MAIL_FROM: 'Sidelight <noreply@mail.test>' })).toMatchObject({ config: { mail: { smtpUrl: 'smtp://mail.test:25', from: 'Sidelight <noreply@mail.test>' } } });
  const faults = (env: Record<string, string>): string[] => {
    const parsed = parseConfig({ ...GOOD, ...env });
    return parsed.kind === 'faults' ? parsed.faults.map((fault) => fault.setting) : [];
  };
  expect(faults({ SMTP_URL: 'smtp://mail.test' })).toEqual(['MAIL_FROM']);
  expect(faults({ SMTP_URL: 'https://mail.test', MAIL_FROM: 'nobody' })).toEqual(['SMTP_URL', 'MAIL_FROM']);
});

test('a fault never repeats the secret', () => {
  const parsed = parseConfig({ ...GOOD, SIDELIGHT_SECRET: 'hunter2' });
  expect(JSON.stringify(parsed)).not.toContain('hunter2');
});

test.each([
  ['https://mesh.example', 'https://mesh.example'],
  ['https://mesh.example/', 'https://mesh.example'],
  ['http://127.0.0.1:7400', 'http://127.0.0.1:7400'],
])('PUBLIC_URL %s is the origin %s', (given, origin) => {
  expect(parseConfig({ ...GOOD, PUBLIC_URL: given })).toMatchObject({ config: { publicUrl: origin } });
});
