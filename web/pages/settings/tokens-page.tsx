/** API tokens of the organization. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { apiQuery, useApiMutation } from '../../api/queries.ts';
import { useSlug } from '../../components/location.ts';
import { Loaded, PageHead, Section, useTitle } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { TokenTable } from '../../components/token-table.tsx';
import { Button } from '../../ui/button.tsx';
import { Command, SecretOnce } from '../../ui/copy.tsx';
import { Field } from '../../ui/field.tsx';

export function TokensPage(): React.JSX.Element {
  const slug = useSlug();
  const [name, setName] = useState('');
  const tokens = useQuery(apiQuery('listTokens', { params: { slug } }));
  const create = useApiMutation('createToken', ['listTokens']);
  useTitle('API tokens');
  return (
    <div className="max-w-3xl space-y-8">
      <PageHead title="API tokens" text="For scripts and CI: a token reads and writes this organization through the public API, and nothing else." />
      <form className="flex max-w-md items-start gap-2" onSubmit={(event) => {
        event.preventDefault();
        create.mutate({ params: { slug }, body: { name } }, { onSuccess: () => setName('') });
      }}>
        <Field className="flex-1" label="New token" hint="What it is for, so that you dare to revoke it later." placeholder="ci" value={name} onChange={(event) => setName(event.target.value)} />
        <Button type="submit" look="primary" className="mt-6 h-9" disabled={name.trim() === '' || create.isPending}>Create</Button>
      </form>
      {create.error !== null && <ProblemNotice error={create.error} />}
      {create.data !== undefined && (
        <div className="space-y-2">
          <SecretOnce name="token" secret={create.data.token} />
          <Command label="example" text={`curl -H "Authorization: Bearer ${create.data.token}" ${location.origin}/api/v1/health`} />
        </div>
      )}
      <Section title="Tokens"><Loaded query={tokens} height={80}>{(data) => <TokenTable label="API tokens" tokens={data.tokens} stale={['listTokens']} />}</Loaded></Section>
    </div>
  );
}
