/** The way of a failure as a chain: who shows it on the left, where it starts on the right. */
import { ArrowRight } from 'lucide-react';
import { clsx } from 'clsx';
import type { Incident } from '../../../cloud/wire/entities.ts';
import { To } from '../../components/link.tsx';
import { useSlug } from '../../components/location.ts';
import { count, percent } from '../../format/number.ts';
import { paths, shortName } from '../../paths.ts';

type Step = Incident['path'][number];

export function PathChain({ incident }: { incident: Incident }): React.JSX.Element {
  if (incident.path.length === 0) return <p className="text-muted">No single way stands out: the failures are spread over the scope.</p>;
  return (
    <ol className="flex flex-col items-stretch gap-2 sm:flex-row sm:flex-wrap sm:items-center lg:flex-nowrap" aria-label="From symptom to origin">
      {incident.path.map((step, at) => (
        <li key={`${step.workload ?? ''}${step.service ?? ''}${at}`} className="flex min-w-0 flex-col items-center gap-2 sm:flex-1 sm:flex-row">
          {at > 0 && <ArrowRight size={15} aria-hidden className="shrink-0 rotate-90 text-failing sm:rotate-0" />}
          <Link incident={incident} step={step} role={roleOf(at, incident.path.length)} />
        </li>
      ))}
    </ol>
  );
}

function roleOf(at: number, length: number): string {
  if (at === length - 1) return length === 1 ? 'failures start and end here' : 'failures start here';
  return at === 0 ? 'shows the symptom' : 'passes it on';
}

function Link({ incident, step, role }: { incident: Incident; step: Step; role: string }): React.JSX.Element {
  const slug = useSlug();
  const origin = role.includes('start');
  const name = shortName(step.workload ?? step.service ?? 'unknown');
  const body = (
    <>
      <span className={clsx('block text-2xs', origin ? 'text-failing' : 'text-faint')}>{role}</span>
      <span className="block truncate text-base font-medium">{name}</span>
      <span className="block text-xs text-muted">{percent(step.failureShare)} of {count(step.requests)} fail</span>
    </>
  );
  const look = clsx('block w-full min-w-0 rounded-lg border px-3.5 py-2', origin ? 'border-failing bg-failing-tint' : 'border-line-strong bg-surface');
  return step.workload === null ? <div className={look}>{body}</div> : <To to={paths.workload(slug, incident.clusterId, step.workload)} className={clsx(look, 'transition-colors duration-150 hover:border-ink')}>{body}</To>;
}
