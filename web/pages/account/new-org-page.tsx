/** Make an organization: its name, and the short name that stands in links. */
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiError } from '../../api/problem.ts';
import { useApiMutation } from '../../api/queries.ts';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { paths } from '../../paths.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { AccountFrame } from './frame.tsx';
import { SLUG_PATTERN, slugOf } from './slug.ts';

export function NewOrgPage(): React.JSX.Element {
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [own, setOwn] = useState<string | null>(null);
  const create = useApiMutation('createOrg', ['getMe']);
  const slug = own ?? slugOf(name);
  const shaped = SLUG_PATTERN.test(slug);
  const taken = create.error instanceof ApiError && create.error.code === 'name_taken' ? create.error.message : undefined;
  return (
    <AccountFrame title="Name your organization" text="Clusters, rules and people belong to it.">
      <form className="space-y-4" onSubmit={(event) => {
        event.preventDefault();
        if (shaped) create.mutate({ body: { name, slug } }, { onSuccess: (org) => void navigate({ to: paths.connect(org.slug) as '/' }) });
      }}>
        <Field label="Name" name="name" value={name} onChange={(event) => setName(event.target.value)} placeholder="Acme" required autoFocus maxLength={80} />
        <Field label="Short name" name="slug" value={slug} onChange={(event) => setOwn(event.target.value)} spellCheck={false} hint={`Links begin ${location.origin}/o/${slug || 'acme'}`} fault={taken ?? (slug !== '' && !shaped ? 'Lower-case letters, digits and hyphens, at most 40.' : undefined)} />
        {create.error !== null && taken === undefined && <ProblemNotice error={create.error} />}
        <Button type="submit" look="primary" className="h-9 w-full" disabled={name.trim() === '' || !shaped || create.isPending}>{create.isPending ? 'Creating…' : 'Create the organization'}</Button>
      </form>
    </AccountFrame>
  );
}
