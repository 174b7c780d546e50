/** ⌘K: go to a cluster, a workload, a rule or a page by typing some of its name. */
import { useQueries, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import type { ReactNode } from 'react';
import { apiQuery } from '../api/queries.ts';
import { LIVE_SECONDS } from '../api/range.ts';
import { paths } from '../paths.ts';
import { matchScore } from './match.ts';
import { StatusGlyph } from '../ui/glyph.tsx';

/** Clusters whose workloads the palette looks through. */
const CLUSTERS_MAX = 20;
const itemClass = 'flex h-9 cursor-default items-center gap-2.5 rounded px-2.5 data-[selected=true]:bg-raised';

export function Palette({ slug, open, onOpenChange }: { slug: string; open: boolean; onOpenChange: (open: boolean) => void }): React.JSX.Element {
  const navigate = useNavigate();
  const go = (path: string): void => {
    onOpenChange(false);
    void navigate({ to: path as '/' });
  };
  return (
    <Command.Dialog
      open={open}
      onOpenChange={onOpenChange}
      label="Go to"
      filter={(_, search, keywords) => matchScore(keywords ?? [], search)}
      overlayClassName="fixed inset-0 z-40 bg-black/35"
      contentClassName="fixed top-[14dvh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-lg border border-line-strong bg-surface shadow-2xl shadow-black/20"
    >
      <Command.Input placeholder="Go to a cluster, workload, rule or page" className="h-12 w-full border-b border-line bg-transparent px-4 text-base outline-none placeholder:text-faint" />
      <Command.List className="max-h-[50dvh] overflow-y-auto p-1.5 [&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-2xs [&_[cmdk-group-heading]]:text-faint">
        <Command.Empty className="px-3 py-8 text-center text-muted">Nothing has that name.</Command.Empty>
        {open && <Things slug={slug} go={go} />}
        <Command.Group heading="Pages">
          <Entry text="Fleet" go={() => go(paths.fleet(slug))} />
          <Entry text="Incidents" go={() => go(paths.incidents(slug))} />
          <Entry text="Alert rules" go={() => go(paths.rules(slug))} />
          <Entry text="New alert rule" go={() => go(paths.newRule(slug))} />
          <Entry text="Connect a cluster" go={() => go(paths.connect(slug))} />
          <Entry text="Channels" go={() => go(paths.channels(slug))} />
          <Entry text="API tokens" go={() => go(paths.tokens(slug))} />
          <Entry text="Members" go={() => go(paths.members(slug))} />
          <Entry text="Audit log" go={() => go(paths.audit(slug))} />
          <Entry text="Your sessions" go={() => go(paths.sessions(slug))} />
        </Command.Group>
      </Command.List>
    </Command.Dialog>
  );
}

function Things({ slug, go }: { slug: string; go: (path: string) => void }): React.JSX.Element {
  const health = useQuery(apiQuery('getHealth', { params: { slug }, query: { windowSeconds: LIVE_SECONDS } }));
  const rules = useQuery(apiQuery('listRules', { params: { slug } }));
  const clusters = (health.data?.clusters ?? []).slice(0, CLUSTERS_MAX);
  const workloads = useQueries({ queries: clusters.map((cluster) => apiQuery('listWorkloads', { params: { slug, clusterId: cluster.id }, query: { windowSeconds: LIVE_SECONDS } })) });
  return (
    <>
      <Command.Group heading="Clusters">
        {clusters.map((cluster) => <Entry key={cluster.id} text={cluster.name} id={cluster.id} note="cluster" glyph={<StatusGlyph status={cluster.status} label />} go={() => go(paths.topology(slug, cluster.id))} />)}
      </Command.Group>
      <Command.Group heading="Workloads">
        {clusters.flatMap((cluster, at) => (workloads[at]?.data?.workloads ?? []).map((workload) => (
          <Entry key={`${cluster.id}/${workload.key}`} text={workload.name} id={`${cluster.id}/${workload.key}`} note={`${cluster.name} · ${workload.namespace}`} glyph={<StatusGlyph status={workload.status} label />} go={() => go(paths.workload(slug, cluster.id, workload.key))} />
        )))}
      </Command.Group>
      <Command.Group heading="Rules">
        {(rules.data?.rules ?? []).map((rule) => <Entry key={rule.id} id={rule.id} text={rule.name} note="rule" go={() => go(paths.rule(slug, rule.id))} />)}
      </Command.Group>
    </>
  );
}

function Entry({ text, id, note, glyph, go }: { text: string; id?: string; note?: string; glyph?: ReactNode; go: () => void }): React.JSX.Element {
  return (
    <Command.Item value={id ?? text} keywords={note === undefined ? [text] : [text, note]} onSelect={go} className={itemClass}>
      {glyph}
      <span className="truncate">{text}</span>
      {note !== undefined && <span className="ml-auto truncate text-xs text-faint">{note}</span>}
    </Command.Item>
  );
}
