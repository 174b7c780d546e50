/** Tap: which exchanges pass just now, and why do some of them fail? */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { allows } from '../../../cloud/wire/roles.ts';
import { apiQuery } from '../../api/queries.ts';
import { LIVE_SECONDS } from '../../api/range.ts';
import { useClusterId, useSearchText, useSetSearch, useSlug } from '../../components/location.ts';
import { Empty, PageHead, Sentence, useTitle } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { useRole } from '../../components/role.ts';
import { shortName } from '../../paths.ts';
import { Button } from '../../ui/button.tsx';
import { Choice, inputClass } from '../../ui/field.tsx';
import { DIRECTIONS, filterWords, METHODS, searchOf, STATUSES, type TapFilter } from './tap-filter.ts';
import { shownSentence, type TapRow } from './tap-stream.ts';
import { TapTable } from './tap-table.tsx';
import { useTap, type RunningTap } from './use-tap.ts';

export function TapPage(): React.JSX.Element {
  const slug = useSlug();
  const clusterId = useClusterId();
  const filter = useFilter();
  const tap = useTap({ slug, clusterId });
  const mayTap = allows(useRole(slug), 'write');
  useTitle('Tap');
  return (
    <>
      <PageHead title="Tap" text="Exchanges as they happen: method, path, status and time, never a body, a query or another header. Who looks is recorded." />
      {mayTap ? (
        <>
          <FilterForm filter={filter} tap={tap} />
          <Seen tap={tap} filter={filter} />
        </>
      ) : <Empty title="Your role may not tap">Paths can tell more than numbers do, so this takes an editor. An owner can change your role.</Empty>}
    </>
  );
}

function useFilter(): TapFilter {
  const text = (key: keyof TapFilter): string => useSearchText(key) ?? '';
  return { workload: text('workload'), direction: text('direction'), method: text('method'), path: text('path'), status: text('status'), peer: text('peer') };
}

/** The fields stand in the address; a change while it runs begins anew. */
function FilterForm({ filter, tap }: { filter: TapFilter; tap: RunningTap }): React.JSX.Element {
  const setSearch = useSetSearch();
  const workloads = useQuery(apiQuery('listWorkloads', { params: { slug: useSlug(), clusterId: useClusterId() }, query: { windowSeconds: LIVE_SECONDS } }));
  const keys = (workloads.data?.workloads ?? []).map(({ key }) => key);
  const change = (patch: Partial<TapFilter>): void => {
    const next = { ...filter, ...patch };
    setSearch(searchOf(next), true);
    if (tap.running) tap.start(next);
  };
  return (
    <form className="mb-5 flex flex-wrap items-end gap-x-3 gap-y-2" aria-label="Filter" onSubmit={(event) => { event.preventDefault(); tap.start(filter); }}>
      <Pick label="Workload" value={filter.workload} onChange={(workload) => change({ workload })} options={[['', 'All workloads'], ...keys.map((key) => [key, shortName(key)] as const)]} />
      <Pick label="Seen by" value={filter.direction} onChange={(direction) => change({ direction })} options={DIRECTIONS} />
      <Pick label="Method" value={filter.method} onChange={(method) => change({ method })} options={METHODS.map((method) => [method, method === '' ? 'Any method' : method] as const)} />
      <label className="flex flex-col gap-1 text-xs text-muted">
        Path begins with
        <input className={`${inputClass} w-44`} defaultValue={filter.path} placeholder="/" onBlur={(event) => { if (event.target.value !== filter.path) change({ path: event.target.value }); }} />
      </label>
      <Pick label="Status" value={filter.status} onChange={(status) => change({ status })} options={STATUSES} />
      <Pick label="Other end" value={filter.peer} onChange={(peer) => change({ peer })} options={[['', 'Anybody'], ...keys.map((key) => [key, shortName(key)] as const)]} />
      {/* Apart by their keys: a button that turned into the other under the pointer would submit the form. */}
      {tap.running ? <Button key="stop" onClick={tap.stop}>Stop</Button> : <Button key="start" type="submit" look="primary">Start</Button>}
    </form>
  );
}

function Pick({ label, value, options, onChange }: { label: string; value: string; options: readonly (readonly [string, string])[]; onChange: (value: string) => void }): React.JSX.Element {
  return (
    <label className="flex flex-col gap-1 text-xs text-muted">
      {label}
      <Choice value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map(([key, text]) => <option key={key} value={key}>{text}</option>)}
      </Choice>
    </label>
  );
}

function Seen({ tap, filter }: { tap: RunningTap; filter: TapFilter }): React.JSX.Element {
  const [held, setHeld] = useState<readonly TapRow[] | null>(null);
  const { stream, running, error } = tap;
  if (error !== null && stream.tap === null) return <ProblemNotice error={error} retry={() => tap.start(filter)} />;
  if (stream.tap === null) return <Empty title="Nothing is looked at yet">Choose what to look at, and start. A tap ends by itself after five minutes, or when nobody looks.</Empty>;
  const state = held !== null ? 'Paused' : running ? 'Live' : 'Ended';
  return (
    <>
      <Sentence text={`${state}: ${filterWords(filter, shortName)}`} aside={<Button small onClick={() => setHeld(held === null ? stream.rows : null)} aria-pressed={held !== null}>{held === null ? 'Pause' : 'Go on'}</Button>} />
      <p className="mb-3 text-muted" role="status" data-testid="tap-count">{shownSentence(stream)}</p>
      {(held ?? stream.rows).length > 0 && <TapTable rows={held ?? stream.rows} />}
    </>
  );
}
