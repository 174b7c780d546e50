/** What to paste to bring a cluster online, by platform. */
import { useState, type ReactNode } from 'react';
import { Command, SecretOnce } from '../../ui/copy.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { agentCommand, meshExample, proxyCommand, requestCommand, tokenCommand } from './commands.ts';

/** `token` is null when it was shown before: the steps then say where to get another one. */
export function InstallSteps({ token, another }: { token: string | null; another?: ReactNode }): React.JSX.Element {
  const [platform, setPlatform] = useState('host');
  return (
    <Tabs
      label="Platform" open={platform} onOpen={setPlatform}
      tabs={[
        { key: 'host', label: 'Plain hosts', content: <HostSteps token={token} another={another} /> },
        { key: 'kubernetes', label: 'Kubernetes', content: <p className="max-w-[60ch] py-2 text-muted">Kubernetes comes with a later release. Until then Sidelight runs on plain hosts, virtual machines and laptops; the console will show both kinds of cluster the same way.</p> },
      ]}
    />
  );
}

function HostSteps({ token, another }: { token: string | null; another?: ReactNode }): React.JSX.Element {
  return (
    <ol className="space-y-6">
      <Step number={1} title="Keep the token in a file that only you can read">
        {token === null ? <div className="text-muted">The token was shown when it was made. {another}</div> : <SecretOnce name="token" secret={token} />}
        <Command label="token command" text={tokenCommand(token)} />
      </Step>
      <Step number={2} title="Say what your services are" text="mesh.yaml names services, their ports and where they run: here two, to be changed into yours. All mistakes in it are told at once.">
        <Command label="mesh file" text={meshExample()} />
      </Step>
      <Step number={3} title="Start the agent, from a checkout of Sidelight" text="It makes the certificate authority on its first start and speaks only outwards, to this address. Nothing in the cluster waits for the cloud.">
        <Command label="agent command" text={agentCommand(location.origin)} />
      </Step>
      <Step number={4} title="Start a proxy beside each service" text="Then send a request through it: the checklist notices. Without a service on port 8080 yet, it is counted as a failure, which is fair.">
        <Command label="proxy command" text={proxyCommand()} />
        <Command label="request command" text={requestCommand()} />
      </Step>
    </ol>
  );
}

function Step({ number, title, text, children }: { number: number; title: string; text?: string; children: ReactNode }): React.JSX.Element {
  return (
    <li className="flex gap-3">
      <span aria-hidden className="mt-px flex size-5 shrink-0 items-center justify-center rounded-full border border-line-strong text-2xs text-muted">{number}</span>
      <div className="min-w-0 flex-1 space-y-2">
        <div>
          <h3 className="font-medium">{title}</h3>
          {text !== undefined && <p className="text-muted">{text}</p>}
        </div>
        {children}
      </div>
    </li>
  );
}
