/** The four steps of connecting, ticking themselves off while the page is watched. */
import { useQuery } from '@tanstack/react-query';
import { Check } from 'lucide-react';
import { clsx } from 'clsx';
import type { Connection } from '../../../cloud/wire/entities.ts';
import { apiQuery } from '../../api/queries.ts';
import { To } from '../../components/link.tsx';
import { useSlug } from '../../components/location.ts';
import { Loaded } from '../../components/page.tsx';
import { clock } from '../../format/time.ts';
import { paths } from '../../paths.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Command } from '../../ui/copy.tsx';

/** While it is under way, and once it is done. */
const POLL_MS = 1_000;
const DONE_POLL_MS = 10_000;

type ConnectionStep = Connection['steps'][number];

export function Checklist({ clusterId }: { clusterId: string }): React.JSX.Element {
  const slug = useSlug();
  const query = apiQuery('getConnection', { params: { slug, clusterId } });
  const connection = useQuery({ ...query, refetchInterval: (state) => (state.state.data?.complete === true ? DONE_POLL_MS : POLL_MS) });
  return (
    <section aria-label="Connection checklist" className="lg:sticky lg:top-18 lg:self-start">
      <Loaded query={connection} height={220}>
        {({ steps, complete }) => (
          <>
            <h2 className="mb-3 font-medium">{complete ? 'Connected' : 'Waiting for the cluster'}</h2>
            <ol aria-live="polite">{steps.map((step) => <Step key={step.key} step={step} />)}</ol>
            {complete && <To to={paths.topology(slug, clusterId)} className={`${buttonClass('primary')} mt-2 w-full`}>Watch it live</To>}
          </>
        )}
      </Loaded>
    </section>
  );
}

const WORDS = { done: 'done', current: 'under way', waiting: 'not yet' } as const satisfies Record<ConnectionStep['state'], string>;

function Step({ step }: { step: ConnectionStep }): React.JSX.Element {
  return (
    <li className="relative flex gap-3 pb-5 last:pb-2" data-step={step.key} data-state={step.state}>
      <span aria-hidden className="absolute top-6 bottom-0 left-[9.5px] w-px bg-line last:hidden" />
      <Dot state={step.state} />
      <div className="min-w-0 flex-1">
        <p className={clsx('flex items-baseline justify-between gap-2', step.state === 'waiting' ? 'text-faint' : 'font-medium')}>
          <span>{step.title}<span className="sr-only">: {WORDS[step.state]}</span></span>
          {step.at !== null && <span className="text-xs font-normal text-faint">{clock(Date.parse(step.at))}</span>}
        </p>
        {step.state !== 'waiting' && <p className="text-xs text-muted">{step.seen}</p>}
        {step.state === 'current' && step.remedy !== null && (
          <div className="mt-2 space-y-2 text-xs text-muted">
            <p>{step.remedy}</p>
            {step.command !== null && <Command label={`command for ${step.title}`} text={step.command} />}
          </div>
        )}
      </div>
    </li>
  );
}

function Dot({ state }: { state: ConnectionStep['state'] }): React.JSX.Element {
  switch (state) {
    case 'done':
      return <span className="mt-px flex size-5 shrink-0 items-center justify-center rounded-full bg-ok text-ground"><Check size={12} strokeWidth={3} aria-hidden /></span>;
    case 'current':
      return <span className="relative mt-px flex size-5 shrink-0 items-center justify-center rounded-full border-2 border-ink"><span className="size-2 animate-pulse rounded-full bg-ink" /></span>;
    case 'waiting':
      return <span className="mt-px size-5 shrink-0 rounded-full border border-line-strong" />;
    default:
      return state satisfies never;
  }
}
