import { expect, test } from 'vitest';
import { parseBreak } from './break-options.ts';

const options = (service: string, over: object = {}): object => ({ kind: 'options', options: { service, cluster: undefined, seconds: 60, share: 0.5, ...over } });

test.each([
  [['prices'], options('prices')],
  [['shop/prices', '--for', '2m'], options('shop/prices', { seconds: 120 })],
  [['--share=1', 'prices', '--cluster', 'eu-west', '--for=0s'], options('prices', { share: 1, cluster: 'eu-west', seconds: 0 })],
  [['prices', '--for', '90'], options('prices', { seconds: 90 })],
  [['prices', '--help'], { kind: 'help' }],
])('%j is understood', (args, parsed) => {
  expect(parseBreak(args)).toEqual(parsed);
});

test.each([
  [[], ['name the service to break']],
  [['a', 'b'], ['one service at a time; "b" is too much']],
  [['a', '--for', '2h', '--share', '0', '--now'], ['--now is not known', '--for 2h is no duration from 0s to 60m', '--share 0 is not above 0 and at most 1']],
  [['a', '--for'], ['--for needs a value']],
  [['a', '--for', '61m'], ['--for 61m is no duration from 0s to 60m']],
  [['a', '--share', 'half'], ['--share half is not above 0 and at most 1']],
])('%j is refused with every fault', (args, faults) => {
  expect(parseBreak(args)).toEqual({ kind: 'faults', faults });
});
