/** A scope's target as one text for a select, and the choices that a topology offers. Pure. */
import type { RuleScope, Topology } from '../../../cloud/wire/entities.ts';

type Target = Omit<RuleScope, 'clusterId'>;
const NOTHING: Target = { namespace: null, workload: null, service: null };

export function writeTarget({ namespace, workload, service }: Target): string {
  if (workload !== null) return `workload:${workload}`;
  if (service !== null) return `service:${service}`;
  return namespace === null ? 'all' : `namespace:${namespace}`;
}

/** The target of a text; an unknown one watches everything. */
export function readTarget(text: string): Target {
  const [kind, value] = [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)];
  if (kind === 'workload' || kind === 'service' || kind === 'namespace') return { ...NOTHING, [kind]: value };
  return NOTHING;
}

export interface TargetChoices {
  readonly namespaces: readonly string[];
  readonly workloads: readonly string[];
  readonly services: readonly string[];
}

/** What there is to watch; what the rule watches already is among it, even when it is silent now. */
export function targetChoices(topology: Topology | undefined, scope: RuleScope): TargetChoices {
  const workloads = (topology?.nodes ?? []).filter((node) => node.kind === 'workload');
  const services = (topology?.edges ?? []).map((edge) => edge.service);
  const choices = (found: readonly string[], chosen: string | null): string[] => [...new Set([...found, ...(chosen === null ? [] : [chosen])])].filter((key) => key !== '').toSorted();
  return {
    namespaces: choices(workloads.map((node) => node.namespace), scope.namespace),
    workloads: choices(workloads.map((node) => node.key), scope.workload),
    services: choices(services, scope.service),
  };
}

/** The series whose sum is what the rule judges in one cluster; null while the namespace's workloads aren't known. */
export function subjectsOf(scope: Target, topology: Topology | undefined): readonly string[] | null {
  if (scope.workload !== null) return [`workload:${scope.workload}`];
  if (scope.service !== null) return [`service:${scope.service}`];
  if (scope.namespace === null) return ['cluster'];
  if (topology === undefined) return null;
  return topology.nodes.filter((node) => node.kind === 'workload' && node.namespace === scope.namespace).map((node) => `workload:${node.key}`).slice(0, SUBJECTS_MAX);
}

/** A preview reads at most this many series. */
export const SUBJECTS_MAX = 16;
