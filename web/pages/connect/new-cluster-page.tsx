/** Connect: name a cluster, get its token once, and the commands that bring it online. */
import { useState } from 'react';
import { useApiMutation } from '../../api/queries.ts';
import { ApiError } from '../../api/problem.ts';
import { useSlug } from '../../components/location.ts';
import { PageHead, useTitle } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import type { OutputOf } from '../../api/client.ts';
import { Checklist } from './checklist.tsx';
import { InstallSteps } from './install-steps.tsx';

/** What the API takes as a cluster's name. */
const NAME_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export function NewClusterPage(): React.JSX.Element {
  const [made, setMade] = useState<OutputOf<'createCluster'> | null>(null);
  useTitle('Connect a cluster');
  if (made === null) return <NameForm onMade={setMade} />;
  return (
    <div className="max-w-5xl">
      <PageHead title={`Connect ${made.cluster.name}`} text="Paste these on the machine that will run the agent. The list ticks itself off while it happens." />
      <div className="grid grid-cols-1 gap-x-10 gap-y-8 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <InstallSteps token={made.token.token} />
        <Checklist clusterId={made.cluster.id} />
      </div>
    </div>
  );
}

function NameForm({ onMade }: { onMade: (made: OutputOf<'createCluster'>) => void }): React.JSX.Element {
  const slug = useSlug();
  const [name, setName] = useState('');
  const create = useApiMutation('createCluster', ['listClusters', 'getHealth']);
  const shaped = NAME_PATTERN.test(name);
  const taken = create.error instanceof ApiError && create.error.code === 'name_taken' ? create.error.message : undefined;
  return (
    <div className="max-w-md">
      <PageHead title="Connect a cluster" text="A cluster is a set of services with one control plane: some hosts today, Kubernetes next." />
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (shaped) create.mutate({ params: { slug }, body: { name } }, { onSuccess: onMade });
        }}
      >
        <Field
          label="Name of the cluster" name="name" autoFocus autoComplete="off" spellCheck={false} placeholder="eu-west" value={name} onChange={(event) => setName(event.target.value)}
          hint="Lower-case letters, digits and hyphens. It stands in tables and alerts."
          fault={taken ?? (name !== '' && !shaped ? 'Only lower-case letters, digits and hyphens, beginning and ending with a letter or digit.' : undefined)}
        />
        {create.error !== null && taken === undefined && <ProblemNotice error={create.error} />}
        <Button type="submit" look="primary" disabled={!shaped || create.isPending}>{create.isPending ? 'Creating…' : 'Create and show the token'}</Button>
      </form>
    </div>
  );
}
