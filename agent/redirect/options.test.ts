import { expect, test } from 'vitest';
import { initUsage, parseInit } from './options.ts';
import type { InitOptions } from './options.ts';
import { DEFAULT_REDIRECTION } from './rules.ts';

function options(args: readonly string[], env: Record<string, string> = {}): InitOptions {
  const result = parseInit(args, env);
  if (result.kind === 'faults') throw new Error(result.faults.map(({ message }) => message).join('; '));
  return result.options;
}

test('the defaults are the field’s numbers', () => {
  expect(options([])).toMatchObject({ redirection: DEFAULT_REDIRECTION, mode: 'auto', ipv6: 'auto', action: 'apply' });
});

test('options come from arguments, then from the environment', () => {
  const read = options(['--skip-inbound-ports', '22,8000-8010', '--mode=legacy'], { SIDELIGHT_INIT_SKIP_INBOUND_PORTS: '1', SIDELIGHT_INIT_SKIP_SUBNETS: '10.0.0.0/8, fd00::/8,192.0.2.1' });
  expect(read.redirection.skipInboundPorts).toEqual([{ from: 22, to: 22 }, { from: 8000, to: 8010 }]);
  expect(read.redirection.skipSubnets).toEqual(['10.0.0.0/8', 'fd00::/8', '192.0.2.1/32']);
  expect(read.mode).toBe('legacy');
});

test('an empty list skips nothing', () => {
  expect(options(['--skip-outbound-ports=']).redirection.skipOutboundPorts).toEqual([]);
});

test.each([
  [['--remove'], 'remove'], [['--dry-run'], 'print'], [['--validate'], 'validate'],
] as const)('%s asks for %s', (args, action) => {
  expect(options(args).action).toBe(action);
});

test('all faults are told at once', () => {
  const result = parseInit(['--outbound-port', '0', '--skip-subnets', '10.0.0.0/33', '--mode', 'ebpf', '--skip-inbound-ports', '9-8', '--proxy-uid', '0', '--remove', '--validate', '--wat', '--connect', 'localhost:1', '--ipv6'], {});
  expect(result.kind === 'faults' && result.faults.map(({ code }) => code).toSorted()).toEqual([
    ...Array.from({ length: 7 }, () => 'option_invalid'), 'option_missing', 'option_unknown',
  ]);
});

test('the help names every option', () => {
  expect(initUsage()).toContain('--skip-subnets CIDRS');
  expect(initUsage()).toContain('--dry-run');
});
