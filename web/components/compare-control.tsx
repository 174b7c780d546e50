/** Beside the time control: the earlier range that the charts are held against. It writes the URL. */
import { Check, GitCompareArrows } from 'lucide-react';
import { clsx } from 'clsx';
import { Popover } from 'radix-ui';
import { useState } from 'react';
import { COMPARISONS, type ComparisonKey } from '../api/comparison.ts';
import { useComparisonKey, useSetSearch } from './location.ts';

const KEYS = Object.keys(COMPARISONS) as ComparisonKey[];

export function CompareControl(): React.JSX.Element {
  const key = useComparisonKey();
  const setSearch = useSetSearch();
  const [open, setOpen] = useState(false);
  const label = key === null ? 'nothing' : COMPARISONS[key].name;
  const choose = (next: ComparisonKey | null): void => {
    setSearch({ vs: next ?? undefined });
    setOpen(false);
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger aria-label={`Compare with: ${label}`} className="inline-flex h-8 shrink-0 items-center gap-2 rounded-md border border-line-strong bg-surface px-2.5 whitespace-nowrap transition-colors duration-150 hover:bg-raised">
        <GitCompareArrows size={14} aria-hidden className={key === null ? 'text-faint' : 'text-focus'} />
        <span className="hidden text-muted lg:inline">{key === null ? 'Compare' : `vs ${label}`}</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content align="end" sideOffset={6} collisionPadding={8} aria-label="Compare with" className="z-50 w-60 rounded-lg border border-line-strong bg-surface p-1 shadow-xl shadow-black/10">
          <Choice chosen={key === null} onChoose={() => choose(null)} label="No comparison" />
          {KEYS.map((each) => <Choice key={each} chosen={key === each} onChoose={() => choose(each)} label={COMPARISONS[each].label} />)}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Choice({ chosen, onChoose, label }: { chosen: boolean; onChoose: () => void; label: string }): React.JSX.Element {
  return (
    <button type="button" aria-pressed={chosen} onClick={onChoose} className={clsx('flex h-8 w-full items-center justify-between rounded px-2 hover:bg-raised', chosen && 'font-medium')}>
      {label}
      {chosen && <Check size={13} aria-hidden className="text-muted" />}
    </button>
  );
}
