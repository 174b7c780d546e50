/** An incident in words: what fails, since when, starting where. Pure; times are UTC, as the reader's zone isn't known here. */
import type { z } from 'zod';
import { nameOf } from '../series/edge.ts';
import type { PathStep as PathStepSchema, RuleScope as RuleScopeSchema } from '../wire/entities.ts';

export type PathStep = z.infer<typeof PathStepSchema>;
export type RuleScope = z.infer<typeof RuleScopeSchema>;

export interface Story {
  readonly scope: RuleScope;
  readonly clusterName: string;
  /** 0…1 of the window that fired. */
  readonly successRate: number;
  /** Begin of the failing, ms since 1970; at most a window before `nowMs`. */
  readonly sinceMs: number;
  readonly nowMs: number;
  /** From the symptom to where the failures start; may be empty. */
  readonly path: readonly PathStep[];
}

/** `payments fails 8 % of requests in eu-west since 14:02 UTC, starting at ledger-db`. */
export function openedSentence(story: Story): string {
  const where = story.scope.workload ?? story.scope.service ?? story.scope.namespace;
  const place = where === null ? '' : ` in ${story.clusterName}`;
  return `${subject(story.scope, story.clusterName)} fails ${percent(1 - story.successRate)} of requests${place} since ${clock(story.sinceMs, story.nowMs)}${origin(story)}`;
}

/** `payments is back: 99.8 % of 1,204 requests succeeded in the last minute`. */
export function resolvedText(scope: RuleScope, clusterName: string, rate: number, requests: number, windowSeconds: number): string {
  return `${subject(scope, clusterName)} is back: ${percent(rate)} of ${requests.toLocaleString('en-US')} requests succeeded in the last ${duration(windowSeconds)}`;
}

/** What a step of the path is called: the workload's name, else the service's. */
export function stepName(step: PathStep): string {
  return nameOf(step.workload ?? step.service ?? '') || 'outside';
}

/** What the rule watches, in a word or two. */
function subject(scope: RuleScope, clusterName: string): string {
  if (scope.workload !== null) return nameOf(scope.workload);
  if (scope.service !== null) return nameOf(scope.service);
  return scope.namespace === null ? clusterName : `namespace ${scope.namespace}`;
}

function origin(story: Story): string {
  const last = story.path.at(-1);
  if (last === undefined) return '';
  if (last.workload === null) return `, starting at ${stepName(last)}, which no endpoint answers`;
  return stepName(last) === subject(story.scope, story.clusterName) ? ', starting there' : `, starting at ${stepName(last)}`;
}

/** A share as a person says it: never `0 %` or `100 %` when it isn't exactly that. */
export function percent(share: number): string {
  const value = share * 100;
  if (value <= 0 || value >= 100) return value <= 0 ? '0 %' : '100 %';
  if (value < 0.1) return 'less than 0.1 %';
  if (value > 99.9) return 'more than 99.9 %';
  const digits = value < 9.95 || value > 90.05 ? 1 : 0;
  return `${String(Number(value.toFixed(digits)))} %`;
}

/** `14:02 UTC`, with the day where it isn't today's. */
export function clock(atMs: number, nowMs: number): string {
  const at = new Date(atMs).toISOString();
  const day = at.slice(0, 10);
  const time = `${at.slice(11, 16)} UTC`;
  return day === new Date(nowMs).toISOString().slice(0, 10) ? time : `${day} ${time}`;
}

function duration(seconds: number): string {
  if (seconds === 60) return 'minute';
  if (seconds % 3600 === 0) return seconds === 3600 ? 'hour' : `${String(seconds / 3600)} hours`;
  return seconds % 60 === 0 ? `${String(seconds / 60)} minutes` : `${String(seconds)} seconds`;
}
