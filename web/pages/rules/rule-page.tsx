/** One alert rule, or a new one: the sentence to fill in, and what it would have done. */
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { Rule, RuleInput } from '../../../cloud/wire/entities.ts';
import { apiQuery, useApiMutation } from '../../api/queries.ts';
import { TextLink } from '../../components/link.tsx';
import { useId, useSlug } from '../../components/location.ts';
import { useNowMs } from '../../components/now.ts';
import { Loaded, PageHead, Section, useTitle } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { percent, plural } from '../../format/number.ts';
import { ago } from '../../format/time.ts';
import { paths } from '../../paths.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { StatusGlyph } from '../../ui/glyph.tsx';
import { RuleForm } from './rule-form.tsx';

const STALE = ['listRules', 'getRule', 'listIncidents', 'getHealth'] as const;
const POLL_MS = 5_000;

const FIRST_RULE: RuleInput = {
  name: '', scope: { clusterId: null, namespace: null, workload: null, service: null },
  threshold: 0.99, windowSeconds: 300, minRequests: 20, severity: 'critical', enabled: true, channelIds: [],
};

export function NewRulePage(): React.JSX.Element {
  const slug = useSlug();
  const navigate = useNavigate();
  const create = useApiMutation('createRule', STALE);
  useTitle('New alert rule');
  return (
    <>
      <PageHead title="New alert rule" />
      <RuleForm initial={FIRST_RULE} submitLabel="Create the rule" pending={create.isPending} error={create.error} onSubmit={(body) => create.mutate({ params: { slug }, body }, { onSuccess: () => void navigate({ to: paths.rules(slug) as '/' }) })} />
    </>
  );
}

export function RulePage(): React.JSX.Element {
  const params = { slug: useSlug(), id: useId() };
  const rule = useQuery(apiQuery('getRule', { params }, { pollMs: POLL_MS }));
  useTitle(rule.data?.name ?? 'Rule');
  return <Loaded query={rule}>{(data) => <RuleView key={data.id} rule={data} />}</Loaded>;
}

function RuleView({ rule }: { rule: Rule }): React.JSX.Element {
  const slug = useSlug();
  const params = { slug, id: rule.id };
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const [initial] = useState<RuleInput>(() => inputOf(rule));
  const update = useApiMutation('updateRule', STALE);
  const remove = useApiMutation('deleteRule', STALE);
  return (
    <>
      <PageHead title={rule.name}><Button look="danger" onClick={() => setAsking(true)}>Delete…</Button></PageHead>
      <States rule={rule} />
      <RuleForm initial={initial} submitLabel="Save" pending={update.isPending} saved={update.isSuccess} error={update.error} onSubmit={(body) => update.mutate({ params, body })} />
      {remove.error !== null && <ProblemNotice error={remove.error} />}
      <Confirm open={asking} onOpenChange={setAsking} title={`Delete ${rule.name}?`} text="Its open incidents resolve.">
        <Button onClick={() => setAsking(false)}>Keep it</Button>
        <Button look="danger" onClick={() => remove.mutate({ params }, { onSuccess: () => void navigate({ to: paths.rules(slug) as '/' }) })}>Delete it</Button>
      </Confirm>
    </>
  );
}

function inputOf({ name, scope, threshold, windowSeconds, minRequests, severity, enabled, channelIds }: Rule): RuleInput {
  return { name, scope, threshold, windowSeconds, minRequests, severity, enabled, channelIds };
}

const LOOKS = { firing: 'failing', ok: 'ok', nodata: 'nodata' } as const satisfies Record<Rule['states'][number]['state'], string>;
const WORDS = { firing: 'firing', ok: 'ok', nodata: 'too little traffic to judge' } as const satisfies Record<Rule['states'][number]['state'], string>;

function States({ rule }: { rule: Rule }): React.JSX.Element | null {
  const slug = useSlug();
  const nowMs = useNowMs();
  if (rule.states.length === 0) return null;
  return (
    <Section title="Now" className="mb-8">
      <ul className="divide-y divide-line border-y border-line">
        {rule.states.map((state) => (
          <li key={state.clusterId} className="flex min-h-8 flex-wrap items-center gap-x-3 gap-y-0.5 py-1">
            <StatusGlyph status={LOOKS[state.state]} />
            <TextLink to={paths.topology(slug, state.clusterId)} className="font-medium">{state.clusterName}</TextLink>
            <span className={state.state === 'firing' ? 'text-failing' : 'text-muted'}>{WORDS[state.state]} for {ago(state.since, nowMs)}</span>
            <span className="ml-auto text-muted">{state.successRate === null ? 'no traffic' : percent(state.successRate)} of {plural(state.requests, 'request')}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
