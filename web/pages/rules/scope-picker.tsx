/** What a rule watches: a cluster or all, and in it everything, a namespace, a workload or a service. */
import { useQuery } from '@tanstack/react-query';
import { useWatch, type UseFormReturn } from 'react-hook-form';
import type { RuleInput, RuleScope } from '../../../cloud/wire/entities.ts';
import { apiQuery } from '../../api/queries.ts';
import { WINDOWS } from '../../api/range.ts';
import { useSlug } from '../../components/location.ts';
import { shortName } from '../../paths.ts';
import { Choice } from '../../ui/field.tsx';
import { readTarget, targetChoices, writeTarget } from './target.ts';

export function ScopePicker({ form }: { form: UseFormReturn<RuleInput> }): React.JSX.Element {
  const slug = useSlug();
  const scope = useWatch({ control: form.control, name: 'scope' });
  const clusters = useQuery(apiQuery('listClusters', { params: { slug } }));
  const looked = scope.clusterId ?? clusters.data?.clusters[0]?.id ?? '';
  const topology = useQuery(apiQuery('getTopology', { params: { slug, clusterId: looked }, query: { windowSeconds: WINDOWS['1h'].seconds } }, { enabled: looked !== '' }));
  const choices = targetChoices(topology.data, scope);
  const set = (next: RuleScope): void => form.setValue('scope', next, { shouldDirty: true });
  return (
    <>
      <Choice aria-label="What to watch" className="mx-0.5 max-w-72 text-base font-medium" value={writeTarget(scope)} onChange={(event) => set({ ...readTarget(event.target.value), clusterId: scope.clusterId })}>
        <option value="all">everything</option>
        <optgroup label="Namespaces">{choices.namespaces.map((name) => <option key={name} value={`namespace:${name}`}>{name}/*</option>)}</optgroup>
        <optgroup label="Workloads (what they answer)">{choices.workloads.map((key) => <option key={key} value={`workload:${key}`}>{shortName(key)}</option>)}</optgroup>
        <optgroup label="Services (what their callers see)">{choices.services.map((key) => <option key={key} value={`service:${key}`}>{shortName(key)} (service)</option>)}</optgroup>
      </Choice>{' '}
      in{' '}
      <Choice aria-label="Cluster" className="mx-0.5 max-w-60 text-base font-medium" value={scope.clusterId ?? ''} onChange={(event) => set({ ...scope, clusterId: event.target.value === '' ? null : event.target.value })}>
        <option value="">every cluster</option>
        {(clusters.data?.clusters ?? []).map((cluster) => <option key={cluster.id} value={cluster.id}>{cluster.name}</option>)}
      </Choice>
    </>
  );
}
