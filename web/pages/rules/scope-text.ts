/** A rule's scope and condition in words. Pure. */
import type { Rule, RuleInput, RuleScope } from '../../../cloud/wire/entities.ts';
import { percent, plural } from '../../format/number.ts';
import { span } from '../../format/time.ts';
import { shortName } from '../../paths.ts';

/** `payments in eu-west`, `the service orders`, `everything`. */
export function scopeText(scope: RuleScope, clusterName: (id: string) => string | undefined): string {
  const where = scope.clusterId === null ? '' : ` in ${clusterName(scope.clusterId) ?? 'a removed cluster'}`;
  if (scope.workload !== null) return `${shortName(scope.workload)}${where}`;
  if (scope.service !== null) return `the service ${shortName(scope.service)}${where}`;
  if (scope.namespace !== null) return `the namespace ${scope.namespace}${where}`;
  return where === '' ? 'every cluster' : `everything${where}`;
}

/** `below 99.00 % over 5 min, from 20 requests`. */
export function conditionText({ threshold, windowSeconds, minRequests }: Pick<RuleInput, 'threshold' | 'windowSeconds' | 'minRequests'>): string {
  return `below ${percent(threshold)} over ${span(windowSeconds * 1000)}, from ${plural(minRequests, 'request')}`;
}

export interface RuleStanding {
  readonly status: 'failing' | 'ok' | 'nodata' | 'stale';
  readonly word: string;
}

/** The one state to show for a rule that has a state per cluster: the worst. */
export function standingOf({ enabled, states }: Pick<Rule, 'enabled' | 'states'>): RuleStanding {
  if (!enabled) return { status: 'stale', word: 'off' };
  const firing = states.filter((state) => state.state === 'firing');
  if (firing.length > 0) return { status: 'failing', word: firing.length === 1 ? `firing in ${firing[0]?.clusterName ?? ''}` : `firing in ${firing.length} clusters` };
  return states.some((state) => state.state === 'ok') ? { status: 'ok', word: 'ok' } : { status: 'nodata', word: 'too little traffic' };
}
