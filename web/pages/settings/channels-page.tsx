/** Channels: where incidents are sent, what has been sent, and a test. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Channel } from '../../../cloud/wire/entities.ts';
import { apiQuery, useApiMutation } from '../../api/queries.ts';
import { useSlug } from '../../components/location.ts';
import { Empty, Loaded, PageHead, useTitle } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { moment } from '../../format/time.ts';
import { Button } from '../../ui/button.tsx';
import { SecretOnce } from '../../ui/copy.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Deliveries } from './deliveries.tsx';

export function ChannelsPage(): React.JSX.Element {
  const slug = useSlug();
  const channels = useQuery(apiQuery('listChannels', { params: { slug } }));
  useTitle('Channels');
  return (
    <div className="max-w-3xl space-y-8">
      <PageHead title="Channels" text="Incidents go to webhooks, signed by the Standard Webhooks rules, each with a stable id, tried again until they are taken." />
      <NewChannel />
      <Loaded query={channels} height={120}>
        {(data) => (data.channels.length === 0
          ? <Empty title="There is no channel yet">Without one, incidents are seen in this console only.</Empty>
          : <ul className="space-y-8">{data.channels.map((channel) => <ChannelItem key={channel.id} channel={channel} />)}</ul>)}
      </Loaded>
    </div>
  );
}

function NewChannel(): React.JSX.Element {
  const slug = useSlug();
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const create = useApiMutation('createChannel', ['listChannels']);
  const submit = (event: React.FormEvent): void => {
    event.preventDefault();
    create.mutate({ params: { slug }, body: { kind: 'webhook', name, url } }, { onSuccess: () => {
      setName('');
      setUrl('');
    } });
  };
  return (
    <div className="space-y-3">
      <form className="grid gap-3 sm:grid-cols-[11rem_minmax(0,1fr)_auto] sm:items-start" onSubmit={submit} noValidate>
        <Field label="Name" hint="As it reads in a rule." placeholder="on-call" value={name} onChange={(event) => setName(event.target.value)} />
        <Field label="Address" hint="Takes a POST and answers 2xx." type="url" placeholder="https://hooks.example.com/sidelight" value={url} onChange={(event) => setUrl(event.target.value)} fault={url !== '' && !URL.canParse(url) ? 'This is not an address.' : undefined} />
        <Button type="submit" look="primary" className="h-9 sm:mt-6" disabled={name.trim() === '' || !URL.canParse(url) || create.isPending}>Add the webhook</Button>
      </form>
      {create.error !== null && <ProblemNotice error={create.error} />}
      {create.data !== undefined && <SecretOnce name="signing secret" secret={create.data.secret} />}
    </div>
  );
}

function ChannelItem({ channel }: { channel: Channel }): React.JSX.Element {
  const params = { slug: useSlug(), id: channel.id };
  const [asking, setAsking] = useState(false);
  const test = useApiMutation('testChannel', ['listDeliveries', 'listChannels']);
  const remove = useApiMutation('deleteChannel', ['listChannels', 'listRules']);
  return (
    <li aria-label={`Channel ${channel.name}`}>
      <div className="mb-2 flex flex-wrap items-center justify-between gap-2 border-b border-line-strong pb-2">
        <div className="min-w-0">
          <h2 className="font-medium">{channel.name}</h2>
          <p className="truncate font-mono text-xs text-faint">{channel.url}</p>
        </div>
        <div className="flex gap-2">
          <Button small onClick={() => test.mutate({ params })} disabled={test.isPending}>Send a test</Button>
          <Button small look="danger" onClick={() => setAsking(true)}>Remove…</Button>
        </div>
      </div>
      {channel.disabledAt !== null && <p role="status" className="mb-2 rounded-md border border-degraded bg-degraded-tint px-3 py-1.5 text-xs">Its receiver said 410 Gone at {moment(Date.parse(channel.disabledAt))}: nothing is sent until a test arrives.</p>}
      {(test.error ?? remove.error) !== null && <ProblemNotice error={test.error ?? remove.error} />}
      <Deliveries channelId={channel.id} />
      <Confirm open={asking} onOpenChange={setAsking} title={`Remove ${channel.name}?`} text="Rules that tell it tell one channel less.">
        <Button onClick={() => setAsking(false)}>Keep it</Button>
        <Button look="danger" onClick={() => remove.mutate({ params })}>Remove it</Button>
      </Confirm>
    </li>
  );
}
