import { expect, test } from 'vitest';
import { helpText, OPTIONS, parseHostConfig } from './config.ts';

test('two options are enough, and everything else has its default', () => {
  expect(parseHostConfig(['--mesh', 'mesh.yaml', '--state=/var/lib/sidelight'], {})).toEqual({
    kind: 'config',
    config: {
      meshFile: 'mesh.yaml',
      stateFolder: '/var/lib/sidelight',
      uplink: null,
      windowMs: 10_000,
      leafTtlMs: 86_400_000,
      admin: { host: '127.0.0.1', port: 0 },
      clockOffsetMs: 0,
      logLevel: 'info',
    },
  });
});

test('every option comes from the environment too, and an argument goes before it', () => {
  const env = {
    SIDELIGHT_AGENT_MESH: 'env.yaml',
    SIDELIGHT_AGENT_STATE: 'state',
    SIDELIGHT_AGENT_CLOUD: 'https://cloud.example',
    SIDELIGHT_AGENT_TOKEN_FILE: 'token',
    SIDELIGHT_AGENT_WINDOW_MS: '500',
    SIDELIGHT_AGENT_LEAF_TTL_MS: '5000',
    SIDELIGHT_AGENT_ADMIN: '[::1]:9000',
    SIDELIGHT_AGENT_CLOCK_OFFSET_MS: '-5',
    SIDELIGHT_AGENT_LOG_LEVEL: 'debug',
  };
  expect(Object.keys(env)).toHaveLength(Object.keys(OPTIONS).length);
  expect(parseHostConfig(['--mesh', 'argument.yaml'], env)).toEqual({
    kind: 'config',
    config: {
      meshFile: 'argument.yaml',
      stateFolder: 'state',
      uplink: { cloud: 'https://cloud.example', tokenFile: 'token' },
      windowMs: 500,
      leafTtlMs: 5000,
      admin: { host: '::1', port: 9000 },
      clockOffsetMs: -5,
      logLevel: 'debug',
    },
  });
});

test('all faults are told at once', () => {
  const result = parseHostConfig(['--colour', '--window-ms', '0', '--admin', 'nowhere', '--cloud', 'ftp://x', '--log-level', 'loud'], {});
  const told = result.kind === 'faults' ? result.faults.map(({ code, message }) => `${code} ${message.split(' ')[0]}`) : [];
  expect(told).toEqual([
    'option_unknown "--colour"',
    'option_missing --mesh',
    'option_missing --state',
    'option_invalid --cloud',
    'option_missing --cloud',
    'option_invalid --window-ms',
    'option_invalid --admin:',
    'option_invalid --log-level',
  ]);
});

test('help names every option', () => {
  for (const name of Object.keys(OPTIONS)) expect(helpText()).toContain(`--${name} `);
});
