/** The one time control: live, a last stretch, or two moments of one's own. It writes the URL. */
import { CalendarRange, ChevronDown } from 'lucide-react';
import { Popover } from 'radix-ui';
import { useState } from 'react';
import { clsx } from 'clsx';
import { asOf, customRange, LIVE, rangeQuery, WINDOWS, type TimeRange, type WindowKey } from '../api/range.ts';
import { clockMinutes, localInput, moment } from '../format/time.ts';
import { Button } from '../ui/button.tsx';
import { inputClass } from '../ui/field.tsx';
import { useSetRange, useTimeRange } from './location.ts';
import { useNowMs } from './now.ts';

/** The range in words, as the control and the charts name it. */
export function rangeLabel(range: TimeRange): string {
  switch (range.kind) {
    case 'live':
      return 'Live';
    case 'last':
      return `Last ${WINDOWS[range.window].label}`;
    case 'asof':
      return `${range.window === null ? '5 min' : WINDOWS[range.window].label} as of ${moment(range.atMs)}`;
    case 'custom':
      return range.toMs - range.fromMs < 86_400_000 ? `${moment(range.fromMs)} – ${clockMinutes(range.toMs)}` : `${moment(range.fromMs)} – ${moment(range.toMs)}`;
    default:
      return range satisfies never;
  }
}

export function TimeControl(): React.JSX.Element {
  const range = useTimeRange();
  const setRange = useSetRange();
  const [open, setOpen] = useState(false);
  const choose = (next: TimeRange): void => {
    setRange(next);
    setOpen(false);
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger aria-label={`Time range: ${rangeLabel(range)}`} className="inline-flex h-8 items-center gap-2 rounded-md border border-line-strong bg-surface px-2.5 whitespace-nowrap transition-colors duration-150 hover:bg-raised">
        {range.kind === 'live' ? <LiveDot /> : <CalendarRange size={14} aria-hidden className="text-faint" />}
        <span>{rangeLabel(range)}</span>
        {range.kind === 'live' && <span className="hidden text-faint sm:inline">5 min</span>}
        <ChevronDown size={13} aria-hidden className="text-faint" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content align="end" sideOffset={6} collisionPadding={8} aria-label="Time range" className="z-50 w-72 rounded-lg border border-line-strong bg-surface p-1 shadow-xl shadow-black/10">
          <Option chosen={range.kind === 'live'} onChoose={() => choose(LIVE)} label="Live" note="last 5 min, follows along" />
          <div className="grid grid-cols-2">
            {(Object.keys(WINDOWS) as WindowKey[]).map((key) => (
              <Option key={key} chosen={(range.kind === 'last' || range.kind === 'asof') && range.window === key} onChoose={() => choose(range.kind === 'asof' ? { ...range, window: key } : { kind: 'last', window: key })} label={`Last ${WINDOWS[key].label}`} />
            ))}
          </div>
          <AsOfForm key={open ? 'asof-open' : 'asof-closed'} range={range} onChoose={choose} />
          <CustomForm key={open ? 'open' : 'closed'} range={range} onChoose={choose} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function LiveDot(): React.JSX.Element {
  return (
    <span aria-hidden className="relative flex size-2">
      <span className="absolute inset-0 animate-ping rounded-full bg-ok opacity-50 [animation-duration:2s]" />
      <span className="relative size-2 rounded-full bg-ok" />
    </span>
  );
}

function Option({ chosen, onChoose, label, note }: { chosen: boolean; onChoose: () => void; label: string; note?: string }): React.JSX.Element {
  return (
    <button type="button" aria-pressed={chosen} onClick={onChoose} className={clsx('flex h-8 w-full items-center justify-between rounded px-2 hover:bg-raised', chosen && 'bg-raised font-medium')}>
      {label}
      {note !== undefined && <span className="text-xs font-normal text-faint">{note}</span>}
    </button>
  );
}

/** The end of the range: now, or a past moment; the length stays. */
function AsOfForm({ range, onChoose }: { range: TimeRange; onChoose: (range: TimeRange) => void }): React.JSX.Element {
  const nowMs = useNowMs();
  const [at, setAt] = useState(() => localInput(range.kind === 'asof' ? range.atMs : nowMs));
  const atMs = Date.parse(at);
  const valid = atMs > 0 && atMs <= nowMs;
  return (
    <form
      className="mt-1 space-y-2 border-t border-line p-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (valid) onChoose(asOf(range, atMs));
      }}
    >
      <Moment label="As of" value={at} onChange={setAt} />
      <div className="flex items-center justify-between gap-2">
        <span className="mr-auto text-xs text-failing" role="status">{valid ? '' : 'Choose a moment of the past.'}</span>
        {range.kind === 'asof' && <Button small onClick={() => onChoose(asOf(range, null))}>Back to now</Button>}
        <Button small type="submit" disabled={!valid}>Show as of then</Button>
      </div>
    </form>
  );
}

function CustomForm({ range, onChoose }: { range: TimeRange; onChoose: (range: TimeRange) => void }): React.JSX.Element {
  const nowMs = useNowMs();
  const query = rangeQuery(range);
  const [from, setFrom] = useState(() => localInput('fromMs' in query ? query.fromMs : nowMs - query.windowSeconds * 1000));
  const [to, setTo] = useState(() => localInput('toMs' in query ? query.toMs : nowMs));
  const valid = Date.parse(from) < Date.parse(to);
  return (
    <form
      className="mt-1 space-y-2 border-t border-line p-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (valid) onChoose(customRange(Date.parse(from), Date.parse(to)));
      }}
    >
      <Moment label="From" value={from} onChange={setFrom} />
      <Moment label="To" value={to} onChange={setTo} />
      <div className="flex items-center justify-between">
        <span className="text-xs text-failing" role="status">{valid ? '' : 'From must be before to.'}</span>
        <Button small type="submit" disabled={!valid}>Show</Button>
      </div>
    </form>
  );
}

function Moment({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }): React.JSX.Element {
  return (
    <label className="flex items-center justify-between gap-2 text-muted">
      {label}
      <input type="datetime-local" value={value} onChange={(event) => onChange(event.target.value)} className={clsx(inputClass, 'w-52')} />
    </label>
  );
}
