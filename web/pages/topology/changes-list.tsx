/** What differs between two moments, as a list: the same as the graph draws, for reading and for the keyboard. */
import { useQuery } from '@tanstack/react-query';
import type { TopologyChange, TopologyChanges } from '../../../cloud/wire/history.ts';
import { apiQuery } from '../../api/queries.ts';
import { To } from '../../components/link.tsx';
import { useClusterId, useSlug } from '../../components/location.ts';
import { Loaded, Section } from '../../components/page.tsx';
import { plural } from '../../format/number.ts';
import { moment } from '../../format/time.ts';
import { paths } from '../../paths.ts';
import { CHANGE_LOOKS, type Change } from './compared.ts';

const KINDS: readonly Change[] = ['added', 'gone', 'changed'];
const HEADS = { added: 'New', gone: 'Gone', changed: 'Changed' } as const satisfies Record<Change, string>;
/** Rows of each kind; the rest is counted. */
const ROWS_MAX = 40;

export interface TwoMoments {
  readonly fromMs: number;
  readonly toMs: number;
}

export function changesQuery(params: { slug: string; clusterId: string }, moments: TwoMoments | null) {
  return apiQuery('getTopologyChanges', { params, query: { fromMs: moments?.fromMs ?? 1, toMs: moments?.toMs ?? 2 } }, { enabled: moments !== null });
}

export function ChangesList({ moments, onSelect }: { moments: TwoMoments; onSelect: (key: string) => void }): React.JSX.Element {
  const params = { slug: useSlug(), clusterId: useClusterId() };
  const changes = useQuery(changesQuery(params, moments));
  return (
    <Section title="What differs" aside={`${moment(moments.fromMs)} → ${moment(moments.toMs)}`} className="mb-6">
      <Loaded query={changes} height={160}>{(data) => <Changes changes={data} onSelect={onSelect} />}</Loaded>
    </Section>
  );
}

function Changes({ changes, onSelect }: { changes: TopologyChanges; onSelect: (key: string) => void }): React.JSX.Element {
  return (
    <>
      <p className="mb-2" data-testid="changes">{changes.sentence}</p>
      {KINDS.map((kind) => <Kind key={kind} kind={kind} changes={changes.changes.filter((each) => each.change === kind)} onSelect={onSelect} />)}
      {changes.omitted > 0 && <p className="mt-2 text-xs text-faint">{plural(changes.omitted, 'further change')} are not listed.</p>}
    </>
  );
}

function Kind({ kind, changes, onSelect }: { kind: Change; changes: readonly TopologyChange[]; onSelect: (key: string) => void }): React.JSX.Element | null {
  if (changes.length === 0) return null;
  return (
    <>
      <h3 className="mt-3 border-b border-line-strong pb-1 text-xs text-muted">{HEADS[kind]} · {changes.length}</h3>
      <ul aria-label={HEADS[kind]}>
        {changes.slice(0, ROWS_MAX).map((change) => <Row key={`${change.kind} ${change.key}`} change={change} onSelect={onSelect} />)}
      </ul>
      {changes.length > ROWS_MAX && <p className="mt-1 text-xs text-faint">and {changes.length - ROWS_MAX} more</p>}
    </>
  );
}

function Row({ change, onSelect }: { change: TopologyChange; onSelect: (key: string) => void }): React.JSX.Element {
  return (
    <li className="flex items-baseline gap-2 border-b border-line py-1">
      <span aria-hidden className="w-3 shrink-0 text-center text-muted">{CHANGE_LOOKS[change.change].sign}</span>
      <span className="min-w-0 flex-1">
        <span className="block break-words"><Door change={change} onSelect={onSelect} /> <span className="text-xs text-faint">{change.kind}</span></span>
        {change.fields.map(({ field, before, after }) => <span key={field} className="block text-xs break-words text-muted">{field}: {before || 'none'} → {after || 'none'}</span>)}
      </span>
      {change.atMs !== null && <time dateTime={new Date(change.atMs).toISOString()} className="shrink-0 text-xs text-faint tabular-nums">{moment(change.atMs)}</time>}
    </li>
  );
}

/** An edge leads to its page, a workload to its box; a service and a proxy have neither. */
function Door({ change, onSelect }: { change: TopologyChange; onSelect: (key: string) => void }): React.JSX.Element {
  const slug = useSlug();
  const clusterId = useClusterId();
  const look = 'text-left underline decoration-line-strong underline-offset-3 hover:decoration-ink';
  switch (change.kind) {
    case 'edge':
      return <To to={paths.edge(slug, clusterId)} search={{ id: change.key }} className={look}>{change.name}</To>;
    case 'workload':
      return <button type="button" className={look} onClick={() => onSelect(change.key)}>{change.name}</button>;
    case 'service':
    case 'proxy':
      return <span>{change.name}</span>;
    default:
      return change.kind satisfies never;
  }
}
