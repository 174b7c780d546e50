/** Two bars of parts: whose fault the failures are, and where a request's time goes. */
import type { Golden } from '../../../cloud/wire/entities.ts';
import { Section } from '../../components/page.tsx';
import { count, latency, percent, plural } from '../../format/number.ts';

interface Part {
  readonly name: string;
  readonly text: string;
  readonly share: number;
  readonly className: string;
  readonly explain: string;
}

export function FaultSplit({ golden }: { golden: Golden }): React.JSX.Element {
  const { app, mesh, client } = golden.failures;
  const all = app + mesh + client;
  const share = (value: number): number => (all === 0 ? 0 : value / all);
  const part = (name: string, value: number, className: string, explain: string): Part => ({ name, text: all === 0 ? '0' : `${count(value)} · ${percent(share(value))}`, share: share(value), className, explain });
  return (
    <Section title="Whose fault" aside={all === 0 ? 'no failures' : plural(all, 'failure')}>
      <Parts parts={[
        part('app', app, 'bg-failing', 'The service itself answered with a failure.'),
        part('mesh', mesh, 'bg-degraded', 'The service never saw the request: connection, identity or policy.'),
        part('client', client, 'bg-faint', 'The caller gave up; this counts against nobody.'),
      ]} />
    </Section>
  );
}

export function TimeSplit({ golden }: { golden: Golden }): React.JSX.Element {
  const time = golden.timeMs ?? { app: 0, network: 0, queue: 0 };
  const all = time.app + time.network + time.queue;
  const part = (name: string, value: number, className: string, explain: string): Part => ({ name, text: golden.timeMs === null ? '–' : latency(value), share: all === 0 ? 0 : value / all, className, explain });
  return (
    <Section title="Where the time goes" aside={golden.timeMs === null ? 'no traffic' : `${latency(all)} on average`}>
      <Parts parts={[
        part('app', time.app, 'bg-ink', 'Spent in the service.'),
        part('network', time.network, 'bg-faint', 'Between the two proxies, encryption included.'),
        part('queue', time.queue, 'bg-line-strong', 'Waiting for an endpoint that takes the request.'),
      ]} />
    </Section>
  );
}

function Parts({ parts }: { parts: readonly Part[] }): React.JSX.Element {
  return (
    <>
      <div aria-hidden className="flex h-1.5 gap-px overflow-hidden rounded-full bg-line">
        {parts.map((part) => part.share > 0 && <div key={part.name} className={part.className} style={{ width: `${part.share * 100}%` }} />)}
      </div>
      <dl className="mt-2 space-y-1">
        {parts.map((part) => (
          <div key={part.name} className="flex items-baseline justify-between gap-3" title={part.explain}>
            <dt className="flex items-center gap-2 text-muted"><span aria-hidden className={`size-2 rounded-[2px] ${part.className}`} />{part.name}</dt>
            <dd className="tabular-nums">{part.text}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
