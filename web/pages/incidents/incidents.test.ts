import { expect, test } from 'vitest';
import type { Incident } from '../../../cloud/wire/entities.ts';
import { incidentMarks, incidentsWithin } from '../../charts/marks.ts';
import { advice } from './advice.ts';
import { around, subjectOf } from './around.ts';

const OPENED = Date.parse('2026-11-22T14:00:00Z');
const iso = (ms: number): string => new Date(ms).toISOString();
const SCOPE = { clusterId: null, namespace: null, workload: null, service: null };
const step = (workload: string | null, service: string | null = null): Incident['path'][number] => ({ workload, service, failureShare: 1, requests: 10 });

test('the chart reaches from ten minutes before to five after, but never into the future', () => {
  expect(around({ openedAt: iso(OPENED), resolvedAt: null }, OPENED + 90_000)).toEqual({ fromMs: OPENED - 600_000, toMs: OPENED + 90_000 });
  expect(around({ openedAt: iso(OPENED), resolvedAt: iso(OPENED + 60_000) }, OPENED + 9e9).toMs).toBe(OPENED + 360_000);
  expect(around({ openedAt: iso(OPENED), resolvedAt: iso(OPENED + 60_000) }, OPENED + 70_000).toMs).toBe(OPENED + 70_000);
});

test('the chart shows where failures start, else what the rule watches', () => {
  expect(subjectOf({ path: [step('a/b/web'), step('a/b/db')], scope: SCOPE })).toEqual({ subject: 'workload:a/b/db', name: 'db' });
  expect(subjectOf({ path: [step('a/b/web'), step(null, 'a/db')], scope: SCOPE })).toEqual({ subject: 'service:a/db', name: 'db' });
  expect(subjectOf({ path: [], scope: { ...SCOPE, service: 'a/web' } }).subject).toBe('service:a/web');
  expect(subjectOf({ path: [], scope: SCOPE }).subject).toBe('cluster');
});

test('advice names the origin first and tells which service to leave alone', () => {
  const lines = advice({ state: 'open', path: [step('a/b/web'), step('a/b/db')] });
  expect(lines[0]).toContain('db');
  expect(lines.at(-1)).toBe('Leave web alone: it recovers when db does.');
  expect(advice({ state: 'open', path: [step('a/b/db')] }).join(' ')).not.toContain('Leave');
  expect(advice({ state: 'open', path: [step(null, 'a/db')] })[0]).toContain('No endpoint of db');
  expect(advice({ state: 'open', path: [] })[0]).toContain('spread');
});

test('an open incident is marked until now', () => {
  const incident = { ruleName: 'r', openedAt: iso(OPENED), resolvedAt: null } as Incident;
  expect(incidentMarks([incident, { ...incident, resolvedAt: iso(OPENED + 5) }], OPENED + 99).map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([[OPENED, OPENED + 99], [OPENED, OPENED + 5]]);
});

test('the incidents of a range are those that reach into it', () => {
  const incident = { ruleName: 'r', openedAt: iso(OPENED), resolvedAt: iso(OPENED + 60_000) } as Incident;
  const within = (fromMs: number, toMs: number): number => incidentsWithin([incident], OPENED + fromMs, OPENED + toMs, OPENED + 9e6).length;
  expect([within(-9, 0), within(-9, 1), within(10, 20), within(59_999, 90_000), within(60_000, 90_000)]).toEqual([0, 1, 1, 1, 0]);
  expect(incidentsWithin([{ ...incident, resolvedAt: null }], OPENED + 70_000, OPENED + 80_000, OPENED + 90_000)).toHaveLength(1);
});
