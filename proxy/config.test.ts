import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { controlIdentity, parseConfig, SETTINGS, settingsTable } from './config.ts';
import { PROXY_VERSION } from './version.ts';

const GOOD = {
  SIDELIGHT_PROXY_CONTROL: '127.0.0.1:8086',
  SIDELIGHT_PROXY_TRUST_BUNDLE_FILE: '/state/trust-bundle.pem',
  SIDELIGHT_PROXY_TOKEN_FILE: '/state/tokens/shop.web',
  SIDELIGHT_PROXY_WORKLOAD: 'shop/host/web',
  SIDELIGHT_PROXY_INSTANCE: 'web-1',
};

const faults = (env: Record<string, string | undefined>) => {
  const parsed = parseConfig(env);
  return parsed.kind === 'faults' ? parsed.faults : [];
};

test('what must be set is enough, the rest has its default', () => {
  expect(parseConfig({ ...GOOD, PATH: '/bin', SIDELIGHT_PROXY_ADMIN: '' })).toEqual({
    kind: 'config',
    warnings: [],
    config: {
      control: { host: '127.0.0.1', port: 8_086 },
      trustBundleFile: '/state/trust-bundle.pem',
      tokenFile: '/state/tokens/shop.web',
      workload: 'shop/host/web',
      instance: 'web-1',
      trustDomain: 'cluster.local',
      admin: { host: '127.0.0.1', port: 4_191 },
      stateDir: null,
      exchangeFile: null,
      logLevel: 'info',
      accessLog: 'off',
      traceCollector: null,
      traceShare: 0,
    },
  });
});

test('all that can be set is taken', () => {
  const env = {
    ...GOOD,
    SIDELIGHT_PROXY_CONTROL: '[fd00::1]:9',
    SIDELIGHT_PROXY_TRUST_DOMAIN: 'mesh.example.org',
    SIDELIGHT_PROXY_ADMIN: '0.0.0.0:0',
    SIDELIGHT_PROXY_STATE_DIR: '/state',
    SIDELIGHT_PROXY_LOG_LEVEL: 'debug',
    SIDELIGHT_PROXY_ACCESS_LOG: 'json',
    SIDELIGHT_PROXY_TRACE_COLLECTOR: 'http://127.0.0.1:4318/v1/traces',
    SIDELIGHT_PROXY_TRACE_SHARE: '0.25',
  };
  expect(parseConfig(env)).toMatchObject({
    config: { control: { host: 'fd00::1', port: 9 }, trustDomain: 'mesh.example.org', admin: { host: '0.0.0.0', port: 0 }, stateDir: '/state', logLevel: 'debug', accessLog: 'json', traceCollector: 'http://127.0.0.1:4318/v1/traces', traceShare: 0.25 },
  });
});

test('every fault is told at once, each with code, name and what would be right', () => {
  const found = faults({ SIDELIGHT_PROXY_CONTROL: 'localhost:8086', SIDELIGHT_PROXY_WORKLOAD: 'web', SIDELIGHT_PROXY_LOG_LEVEL: 'loud', SIDELIGHT_PROXY_TOKEN_FILE: '' });
  expect(found.map(({ code, name }) => `${code} ${name}`).toSorted()).toEqual([
    'setting_invalid SIDELIGHT_PROXY_CONTROL',
    'setting_invalid SIDELIGHT_PROXY_LOG_LEVEL',
    'setting_invalid SIDELIGHT_PROXY_WORKLOAD',
    'setting_missing SIDELIGHT_PROXY_INSTANCE',
    'setting_missing SIDELIGHT_PROXY_TOKEN_FILE',
    'setting_missing SIDELIGHT_PROXY_TRUST_BUNDLE_FILE',
  ]);
  for (const { name, message } of found) expect(message).toContain(name);
});

test.each([
  ['CONTROL', ['127.0.0.1', '127.0.0.1:0', '127.0.0.1:65536', '256.0.0.1:80', 'fd00::1:80', ':80', 'host:80', '127.0.0.1:80 ']],
  ['WORKLOAD', ['web', 'shop/web', 'shop/host/web/1', 'Shop/host/web', 'shop//web', '/host/web', 'shop/host/', 'shop/host/we b']],
  ['INSTANCE', ['-web', 'we b', 'a/b', 'x'.repeat(300)]],
  ['TRUST_DOMAIN', ['Cluster.local', '*.local', 'cluster..local', '.local', 'a b', '-a.local']],
  ['ADMIN', ['4191', 'localhost:4191', '127.0.0.1:99999']],
  ['LOG_LEVEL', ['INFO', 'trace']],
  ['ACCESS_LOG', ['on', 'JSON']],
  ['TRACE_COLLECTOR', ['127.0.0.1:4318', 'grpc://127.0.0.1', 'file:///etc/passwd']],
  ['TRACE_SHARE', ['1.1', '-0.1', 'half']],
] as const)('a wrong %s is refused', (name, values) => {
  for (const value of values) expect(faults({ ...GOOD, [`SIDELIGHT_PROXY_${name}`]: value })).toMatchObject([{ code: 'setting_invalid', name: `SIDELIGHT_PROXY_${name}` }]);
});

test('a name that looks misspelt is warned of and has no effect', () => {
  const parsed = parseConfig({ ...GOOD, SIDELIGHT_PROXY_LOGLEVEL: 'debug', OTHER: 'x' });
  expect(parsed).toMatchObject({ kind: 'config', warnings: [expect.stringContaining('SIDELIGHT_PROXY_LOGLEVEL')], config: { logLevel: 'info' } });
});

test('the table names every setting', () => {
  for (const { name } of Object.values(SETTINGS)) expect(settingsTable()).toContain(`| \`${name}\` |`);
});

test("the control plane's identity is one of the trust domain", () => {
  expect(controlIdentity('cluster.local')).toBe('control.sidelight.serviceaccount.identity.sidelight.cluster.local');
});

test("the proxy's version is the package's", () => {
  const { version } = JSON.parse(readFileSync(`${import.meta.dirname}/../package.json`, 'utf8')) as { version: string };
  expect(PROXY_VERSION).toBe(version);
});
