/** Alert rules with their states. */
import { useQuery } from '@tanstack/react-query';
import type { Rule } from '../../../cloud/wire/entities.ts';
import { apiQuery } from '../../api/queries.ts';
import { DataTable, type Column } from '../../components/data-table.tsx';
import { To } from '../../components/link.tsx';
import { useSlug } from '../../components/location.ts';
import { Empty, Loaded, PageHead, useTitle } from '../../components/page.tsx';
import { plural } from '../../format/number.ts';
import { STATUS_LOOKS } from '../../format/status.ts';
import { paths } from '../../paths.ts';
import { buttonClass } from '../../ui/button.tsx';
import { StatusGlyph } from '../../ui/glyph.tsx';
import { conditionText, scopeText, standingOf } from './scope-text.ts';

const POLL_MS = 5_000;

export function RulesPage(): React.JSX.Element {
  const slug = useSlug();
  useTitle('Alert rules');
  const rules = useQuery(apiQuery('listRules', { params: { slug } }, { pollMs: POLL_MS }));
  const clusters = useQuery(apiQuery('listClusters', { params: { slug } }));
  const nameOf = (id: string): string | undefined => clusters.data?.clusters.find((cluster) => cluster.id === id)?.name;
  const create = <To to={paths.newRule(slug)} className={buttonClass('primary')}>New rule</To>;
  return (
    <>
      <PageHead title="Alert rules" text="Each rule watches a success rate. When it falls below the line, one incident opens and its channels are told.">{create}</PageHead>
      <Loaded query={rules}>
        {(data) => (
          <DataTable
            label="Alert rules" rows={data.rules} columns={columnsWith(nameOf)} rowKey={(rule) => rule.id} initialSort={{ key: 'state', descending: false }} href={(rule) => paths.rule(slug, rule.id)}
            empty={<Empty title="There is no alert rule yet" action={create}>A good first one: success below 99 % over 5 minutes, in every cluster.</Empty>}
          />
        )}
      </Loaded>
    </>
  );
}

function columnsWith(nameOf: (id: string) => string | undefined): Column<Rule>[] {
  return [
    { key: 'name', head: 'rule', sort: (rule) => rule.name, cell: (rule) => <span className="font-medium">{rule.name}</span> },
    { key: 'state', head: 'state', sort: (rule) => STATUS_LOOKS[standingOf(rule).status].rank, cell: (rule) => <Standing rule={rule} /> },
    { key: 'scope', head: 'watches', className: 'hidden sm:table-cell', cell: (rule) => scopeText(rule.scope, nameOf) },
    { key: 'condition', head: 'fires when success is', className: 'hidden lg:table-cell', cell: (rule) => <span className="text-muted">{conditionText(rule)}</span> },
    { key: 'severity', head: 'severity', className: 'hidden md:table-cell', sort: (rule) => rule.severity, cell: (rule) => <span className="text-muted">{rule.severity}</span> },
    { key: 'channels', head: 'tells', numeric: true, sort: (rule) => rule.channelIds.length, cell: (rule) => (rule.channelIds.length === 0 ? <span className="text-faint">nobody</span> : <span className="text-muted">{plural(rule.channelIds.length, 'channel')}</span>) },
  ];
}

export function Standing({ rule }: { rule: Pick<Rule, 'enabled' | 'states'> }): React.JSX.Element {
  const { status, word } = standingOf(rule);
  return <span className="inline-flex items-center gap-1.5"><StatusGlyph status={status} /><span className={status === 'failing' ? 'text-failing' : status === 'ok' ? '' : 'text-faint'}>{word}</span></span>;
}
