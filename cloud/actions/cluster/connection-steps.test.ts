import { expect, test } from 'vitest';
import { connectionSteps } from './connection-steps.ts';
import type { ConnectionFacts } from './connection-steps.ts';

const NOTHING: ConnectionFacts = {
  publicUrl: 'https://mesh.example', nowMs: 1_000_000, tokenUsedMs: null, agentOnlineMs: null, agent: { version: null, platform: null, connected: false, lastSeenMs: null },
  firstProxyMs: null, proxies: { total: 0, ready: 0 }, firstRequestMs: null,
};
const ONLINE: ConnectionFacts = { ...NOTHING, tokenUsedMs: 1, agentOnlineMs: 2, agent: { version: '0.1.0', platform: 'host', connected: true, lastSeenMs: 999_000 } };

test.each<[string, ConnectionFacts, string]>([
  ['nothing has come', NOTHING, 'current waiting waiting waiting'],
  ['the token was used', { ...NOTHING, tokenUsedMs: 1 }, 'done current waiting waiting'],
  ['the agent is online', ONLINE, 'done done current waiting'],
  ['a proxy runs', { ...ONLINE, firstProxyMs: 3 }, 'done done done current'],
  ['a request came', { ...ONLINE, firstProxyMs: 3, firstRequestMs: 4 }, 'done done done done'],
])('when %s the steps stand so', (_, facts, states) => {
  expect(connectionSteps(facts).map((step) => step.state).join(' ')).toBe(states);
});

test('only the step that is stuck carries a remedy, with a command that can be pasted', () => {
  for (const facts of [NOTHING, ONLINE]) {
    const steps = connectionSteps(facts);
    for (const step of steps) expect([step.remedy !== null, step.command !== null]).toEqual([step.state === 'current', step.state === 'current']);
  }
  expect(connectionSteps(NOTHING)[0]?.command).toBe('curl -sS https://mesh.example/healthz');
});

test('what was seen is told, also when the agent is gone again', () => {
  expect(connectionSteps(ONLINE)[1]?.seen).toBe('Agent 0.1.0 on host is connected.');
  expect(connectionSteps({ ...ONLINE, agent: { ...ONLINE.agent, connected: false } })[1]?.seen).toBe('Agent 0.1.0 on host is not connected now, last heard of 1 s ago.');
  expect(connectionSteps({ ...ONLINE, firstProxyMs: 3, proxies: { total: 3, ready: 2 } })[2]?.seen).toBe('3 proxies, 2 of them ready.');
  expect(connectionSteps({ ...ONLINE, firstProxyMs: 3, proxies: { total: 1, ready: 1 } })[2]?.seen).toBe('1 proxy, 1 of them ready.');
});
