import { expect, test } from 'vitest';
import type { LogLevel } from '../log.ts';
import { answerAdmin, isLoopback, type AdminSubject } from './answers.ts';

async function* metrics(): AsyncGenerator<string> {
  yield 'request_total 1\n';
  yield 'request_total 2\n';
}

function setUp(reasons: readonly string[] = []) {
  const state = { level: 'info' as LogLevel, shutdowns: 0 };
  const subject: AdminSubject = {
    notReady: () => reasons,
    metrics,
    config: () => ({ orders: null, version: '0.1.0' }),
    logLevel: () => state.level,
    setLogLevel: (level) => void (state.level = level),
    shutdown: () => void (state.shutdowns += 1),
  };
  const ask = (method: string, path: string, { loopback = true, body = '' } = {}) => answerAdmin(subject, { method, path, loopback, body });
  return { state, ask };
}

test('anybody may read metrics, readiness and liveness', async () => {
  const { ask } = setUp();
  for (const path of ['/metrics', '/ready', '/live']) {
    expect(ask('GET', path, { loopback: false }).status).toBe(200);
    expect(ask('HEAD', path, { loopback: false }).status).toBe(200);
  }
  const { contentType, body } = ask('GET', '/metrics');
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(typeof body === 'string' ? body : (await Array.fromAsync(body)).join('')).toBe('request_total 1\nrequest_total 2\n');
});

test('a proxy that is not ready says 503 and why, but lives', () => {
  const { ask } = setUp(['no_orders: …', 'no_certificate: …']);
  expect(ask('GET', '/ready')).toMatchObject({ status: 503, body: 'no_orders: …\nno_certificate: …\n' });
  expect(ask('GET', '/live').status).toBe(200);
});

test.each([
  ['POST', '/shutdown'],
  ['GET', '/config'],
  ['PUT', '/log-level'],
  ['GET', '/log-level'],
  ['PUT', '/proxy-log-level'],
  ['GET', '/proxy-log-level'],
])('%s %s is for the own machine only', (method, path) => {
  const { ask, state } = setUp();
  expect(ask(method, path, { loopback: false, body: 'debug' })).toMatchObject({ status: 403, body: expect.stringContaining('loopback_only') });
  expect(state).toEqual({ level: 'info', shutdowns: 0 });
  expect(ask(method, path, { body: 'debug' }).status).toBeLessThan(300);
});

test('the log level is changed by a level it knows, and by no other', () => {
  const { ask, state } = setUp();
  expect(ask('PUT', '/proxy-log-level', { body: 'debug\n' })).toMatchObject({ status: 200, body: 'debug\n' });
  expect(state.level).toBe('debug');
  expect(ask('PUT', '/proxy-log-level', { body: 'loud' })).toMatchObject({ status: 400, body: expect.stringContaining('log_level_unknown') });
  expect(state.level).toBe('debug');
});

test.each(['POST', 'DELETE', 'PATCH'])('%s of the log level is answered with the methods that there are', (method) => {
  expect(setUp().ask(method, '/log-level', { body: 'debug' })).toMatchObject({ status: 405, allow: 'GET, PUT' });
});

test('a shutdown takes a POST, so that no link or prefetch ends a proxy', () => {
  const { ask, state } = setUp();
  expect(ask('GET', '/shutdown')).toMatchObject({ status: 405, allow: 'POST' });
  expect(state.shutdowns).toBe(0);
  expect(ask('POST', '/shutdown').status).toBe(202);
  expect(state.shutdowns).toBe(1);
});

test.each(['/', '/metric', '/metrics/', '/constructor', '/../config', ''])('%j is not there', (path) => {
  expect(setUp().ask('GET', path).status).toBe(404);
});

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['128.0.0.1', false],
  ['10.127.0.0', false],
  ['::2', false],
  ['::ffff:10.0.0.1', false],
  ['127.0.0.1.example.org', false],
  ['', false],
])('%s is loopback: %s', (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});
