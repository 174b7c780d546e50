/** Two bars of parts: whose fault the failures are, and where a request's time goes. */
import type { Golden } from '../../../cloud/wire/entities.ts';
import { Section } from '../../components/page.tsx';
import { latencyChange, shareChange } from '../../format/compared.ts';
import { count, latency, percent, plural } from '../../format/number.ts';

interface Part {
  readonly name: string;
  readonly text: string;
  readonly share: number;
  readonly className: string;
  readonly explain: string;
  /** How it differs from the earlier range; null without one. */
  readonly change?: string | null;
}

/** The same numbers of an earlier range, and its name: `last week`. */
export interface Before {
  readonly golden: Golden;
  readonly name: string;
}

interface Props {
  readonly golden: Golden;
  readonly before?: Before | null;
}

export function FaultSplit({ golden, before = null }: Props): React.JSX.Element {
  const { app, mesh, client } = golden.failures;
  const all = app + mesh + client;
  const share = (value: number): number => (all === 0 ? 0 : value / all);
  const change = (fault: keyof Golden['failures']): string | null => (before === null ? null : shareChange(shareOf(golden, fault), shareOf(before.golden, fault)));
  const part = (name: keyof Golden['failures'], value: number, className: string, explain: string): Part => ({ name, change: change(name), text: all === 0 ? '0' : `${count(value)} · ${percent(share(value))}`, share: share(value), className, explain });
  return (
    <Section title="Whose fault" aside={all === 0 ? 'no failures' : plural(all, 'failure')}>
      <Parts against={before?.name ?? null} parts={[
        part('app', app, 'bg-failing', 'The service itself answered with a failure.'),
        part('mesh', mesh, 'bg-degraded', 'The service never saw the request: connection, identity or policy.'),
        part('client', client, 'bg-faint', 'The caller gave up; this counts against nobody.'),
      ]} />
    </Section>
  );
}

export function TimeSplit({ golden, before = null }: Props): React.JSX.Element {
  const time = golden.timeMs ?? { app: 0, network: 0, queue: 0 };
  const all = time.app + time.network + time.queue;
  const change = (name: keyof typeof time): string | null => (golden.timeMs === null || before === null ? null : latencyChange(time[name], before.golden.timeMs?.[name] ?? null));
  const part = (name: keyof typeof time, value: number, className: string, explain: string): Part => ({ name, change: change(name), text: golden.timeMs === null ? '–' : latency(value), share: all === 0 ? 0 : value / all, className, explain });
  return (
    <Section title="Where the time goes" aside={golden.timeMs === null ? 'no traffic' : `${latency(all)} on average`}>
      <Parts against={before?.name ?? null} parts={[
        part('app', time.app, 'bg-ink', 'Spent in the service.'),
        part('network', time.network, 'bg-faint', 'Between the two proxies, encryption included.'),
        part('queue', time.queue, 'bg-line-strong', 'Waiting for an endpoint that takes the request.'),
      ]} />
    </Section>
  );
}

/** The caller's proxy can't tell the callee's work from the way to it: of a meshed caller's edge both are one part. */
export function CallerTimeSplit({ golden, before = null }: Props): React.JSX.Element {
  const there = (each: Golden): number | null => (each.timeMs === null ? null : each.timeMs.app + each.timeMs.network);
  const queue = (each: Golden): number | null => each.timeMs?.queue ?? null;
  const all = (there(golden) ?? 0) + (queue(golden) ?? 0);
  const part = (name: string, read: (each: Golden) => number | null, className: string, explain: string): Part => ({
    name, text: latency(read(golden)), share: all === 0 ? 0 : (read(golden) ?? 0) / all, className, explain, change: before === null ? null : latencyChange(read(golden), read(before.golden)),
  });
  return (
    <Section title="Where the time goes" aside={golden.timeMs === null ? 'no traffic' : `${latency(all)} on average`}>
      <Parts against={before?.name ?? null} parts={[
        part('callee and network', there, 'bg-ink', "The callee's page tells the two apart."),
        part('queue', queue, 'bg-line-strong', 'Waiting for an endpoint that takes the request.'),
      ]} />
    </Section>
  );
}

/** Share of all requests that failed by one fault; null without requests. */
function shareOf({ requests, failures }: Golden, fault: keyof Golden['failures']): number | null {
  return requests === 0 ? null : failures[fault] / requests;
}

function Parts({ parts, against }: { parts: readonly Part[]; against: string | null }): React.JSX.Element {
  return (
    <>
      <div aria-hidden className="flex h-1.5 gap-px overflow-hidden rounded-full bg-line">
        {parts.map((part) => part.share > 0 && <div key={part.name} className={part.className} style={{ width: `${part.share * 100}%` }} />)}
      </div>
      <dl className="mt-2 space-y-1">
        {parts.map((part) => (
          <div key={part.name} className="flex items-baseline justify-between gap-3" title={part.explain}>
            <dt className="flex items-center gap-2 text-muted"><span aria-hidden className={`size-2 rounded-[2px] ${part.className}`} />{part.name}</dt>
            <dd className="text-right tabular-nums">
              {part.text}
              {part.change != null && <span className="block text-2xs text-faint">{part.change}</span>}
            </dd>
          </div>
        ))}
      </dl>
      {against !== null && <p className="mt-1 text-2xs text-faint">Beneath each: against {against}.</p>}
    </>
  );
}
