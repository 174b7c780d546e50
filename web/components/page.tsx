/** The frame of a page's content: title, the sentence, what is loading, what failed. */
import type { UseQueryResult } from '@tanstack/react-query';
import { clsx } from 'clsx';
import { useEffect, type ReactNode } from 'react';
import type { HealthStatus } from '../../cloud/wire/entities.ts';
import { StatusGlyph } from '../ui/glyph.tsx';
import { ProblemNotice, StaleNotice } from './problem-notice.tsx';

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Sidelight`;
  }, [title]);
}

/** The one line that a page opens with, made from its data. */
export function Sentence({ text, status, aside }: { text: string; status?: HealthStatus; aside?: ReactNode }): React.JSX.Element {
  return (
    <div className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
      <h1 className="flex max-w-[72ch] min-w-0 items-start gap-2.5 text-lg font-medium tracking-[-0.011em] text-pretty" data-testid="sentence">
        {status !== undefined && <span className="mt-[7px]"><StatusGlyph status={status} label /></span>}
        <span className="min-w-0 break-words">{text}</span>
      </h1>
      {aside}
    </div>
  );
}

export function PageHead({ title, text, children }: { title: string; text?: ReactNode; children?: ReactNode }): React.JSX.Element {
  return (
    <div className="mb-5 flex flex-wrap items-start justify-between gap-3">
      <div>
        <h1 className="text-lg font-medium tracking-[-0.011em]">{title}</h1>
        {text !== undefined && <p className="mt-0.5 max-w-[72ch] text-muted">{text}</p>}
      </div>
      {children}
    </div>
  );
}

export function Section({ title, aside, children, className, id }: { title: string; aside?: ReactNode; children: ReactNode; className?: string; id?: string }): React.JSX.Element {
  return (
    <section className={clsx('min-w-0', className)} aria-label={title} id={id}>
      <div className="mb-2 flex min-h-6 items-center justify-between gap-3">
        <h2 className="text-sm font-medium">{title}</h2>
        {aside !== undefined && <div className="text-xs text-faint">{aside}</div>}
      </div>
      {children}
    </section>
  );
}

/** The data of a query, or its loading shape, or its problem; data that was there stays while newer data fails. */
export function Loaded<T>({ query, children, height = 320 }: { query: UseQueryResult<T>; children: (data: T) => ReactNode; height?: number }): React.JSX.Element {
  if (query.data !== undefined) {
    return (
      <>
        {query.error !== null && <StaleNotice error={query.error} />}
        {children(query.data)}
      </>
    );
  }
  if (query.error !== null) return <ProblemNotice error={query.error} retry={() => void query.refetch()} />;
  return <Skeleton height={height} />;
}

export function Skeleton({ height }: { height: number }): React.JSX.Element {
  return (
    <div role="status" aria-label="Loading" style={{ minHeight: height }} className="space-y-3">
      <div className="h-6 w-96 max-w-full animate-pulse rounded bg-raised" />
      <div className="h-4 w-64 max-w-full animate-pulse rounded bg-raised" />
      <div className="h-40 w-full animate-pulse rounded bg-raised" />
    </div>
  );
}

export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }): React.JSX.Element {
  return (
    <div className="rounded-lg border border-dashed border-line-strong px-6 py-12 text-center">
      <p className="font-medium">{title}</p>
      {children !== undefined && <p className="mx-auto mt-1 max-w-[56ch] text-muted">{children}</p>}
      {action !== undefined && <div className="mt-4">{action}</div>}
    </div>
  );
}
