/** A cluster's connection: how far it is, its agent tokens, the commands again, and its removal. */
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { apiQuery, useApiMutation } from '../../api/queries.ts';
import { useClusterId, useSlug } from '../../components/location.ts';
import { Loaded, PageHead, Section, useTitle } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { TokenTable } from '../../components/token-table.tsx';
import { paths } from '../../paths.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { Checklist } from './checklist.tsx';
import { InstallSteps } from './install-steps.tsx';

export function ConnectionPage(): React.JSX.Element {
  const params = { slug: useSlug(), clusterId: useClusterId() };
  const cluster = useQuery(apiQuery('getCluster', { params }));
  const tokens = useQuery(apiQuery('listClusterTokens', { params }));
  const make = useApiMutation('createClusterToken', ['listClusterTokens']);
  useTitle('Connection');
  const name = cluster.data?.name ?? '…';
  return (
    <div className="max-w-5xl">
      <PageHead title={`Connection of ${name}`} text="How far the cluster is, and the commands to bring it online again." />
      <div className="grid grid-cols-1 gap-x-10 gap-y-8 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="min-w-0 space-y-10">
          <InstallSteps token={make.data?.token ?? null} another={<Button small onClick={() => make.mutate({ params })} disabled={make.isPending}>Make another token</Button>} />
          {make.error !== null && <ProblemNotice error={make.error} />}
          <Section title="Agent tokens">
            <Loaded query={tokens} height={80}>{(data) => <TokenTable label="Agent tokens" tokens={data.tokens} stale={['listClusterTokens']} />}</Loaded>
          </Section>
          <Removal name={name} />
        </div>
        <Checklist clusterId={params.clusterId} />
      </div>
    </div>
  );
}

function Removal({ name }: { name: string }): React.JSX.Element {
  const params = { slug: useSlug(), clusterId: useClusterId() };
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const remove = useApiMutation('deleteCluster', ['listClusters', 'getHealth']);
  return (
    <Section title="Remove the cluster">
      <p className="mb-3 max-w-[60ch] text-muted">Removes {name} and its history from Sidelight. Its proxies keep serving: the data plane is not touched.</p>
      <Button look="danger" onClick={() => setAsking(true)}>Remove {name}…</Button>
      {remove.error !== null && <div className="mt-3"><ProblemNotice error={remove.error} /></div>}
      <Confirm open={asking} onOpenChange={setAsking} title={`Remove ${name}?`} text="Its metrics, incidents and tokens are deleted. This can't be undone.">
        <Button onClick={() => setAsking(false)}>Keep it</Button>
        <Button look="danger" onClick={() => {
          setAsking(false);
          remove.mutate({ params }, { onSuccess: () => void navigate({ to: paths.fleet(params.slug) as '/' }) });
        }}>Remove it</Button>
      </Confirm>
    </Section>
  );
}
