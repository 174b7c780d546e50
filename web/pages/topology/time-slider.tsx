/** Time under the graph: a slider over what is kept, with incidents and changes on it, and a second thumb to compare with. */
import { ChevronLeft, ChevronRight, GitCompareArrows } from 'lucide-react';
import { clsx } from 'clsx';
import { Slider } from 'radix-ui';
import { useEffect, useRef, useState } from 'react';
import type { Mark } from '../../charts/plot.tsx';
import { axisTick, moment } from '../../format/time.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Menu, MenuItem, MenuLabel } from '../../ui/menu.tsx';
import { markNear, momentAt, nextMark, placeOf, REACH_KEYS, REACHES, shareOf, type ReachKey, type Scale } from './moments.ts';

export interface Moments {
  /** Null: the present. */
  readonly atMs: number | null;
  /** The moment that is compared with; null: none. */
  readonly withMs: number | null;
}

interface Props extends Moments {
  readonly scale: Scale;
  readonly marks: readonly Mark[];
  readonly nowMs: number;
  readonly onMove: (moments: Moments) => void;
  readonly onReach: (reach: ReachKey) => void;
}

/** While a thumb moves, the graph is asked for at most this often. */
const SETTLE_MS = 180;
const HOUR_MS = 3_600_000;
const EARLIER = [['An hour earlier', HOUR_MS], ['A day earlier', 24 * HOUR_MS], ['A week earlier', 168 * HOUR_MS]] as const;

export function TimeSlider({ scale, marks, nowMs, atMs, withMs, onMove, onReach }: Props): React.JSX.Element {
  const [draft, setDraft] = useSettling({ atMs, withMs }, onMove);
  const moveNow = (next: Moments): void => setDraft(next, true);
  const shown = draft ?? { atMs, withMs };
  const jump = (to: number | null): void => {
    if (to !== null) moveNow({ withMs, atMs: momentAt(to, scale) });
  };
  const standing = shown.atMs ?? nowMs;
  const [before, after] = [nextMark(marks, standing, 'before'), nextMark(marks, standing, 'after')];
  return (
    <section aria-label="Time" className="rounded-lg border border-line px-3 pt-2 pb-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Standing shown={shown} near={shown.atMs === null ? null : markNear(marks, shown.atMs, scale)} />
        <div className="ml-auto flex items-center gap-1">
          <Button small look="ghost" disabled={shown.atMs === null} onClick={() => moveNow({ atMs: null, withMs })}>Back to now</Button>
          <Reaches chosen={scale.key} onReach={onReach} />
          <CompareMenu atMs={standing} withMs={withMs} onChoose={(next) => moveNow({ atMs, withMs: next })} />
        </div>
      </div>
      <div className="mt-1 flex items-center gap-1">
        <IconButton label="To the mark before" className="size-7" disabled={before === null} onClick={() => jump(before)}><ChevronLeft size={15} aria-hidden /></IconButton>
        <Track scale={scale} marks={marks} shown={shown} onDraft={(next) => setDraft(next, false)} onSettled={moveNow} />
        <IconButton label="To the mark after" className="size-7" disabled={after === null} onClick={() => jump(after)}><ChevronRight size={15} aria-hidden /></IconButton>
      </div>
    </section>
  );
}

/**
 * What the hand shows before the address knows it; passed on when it rests or lets go. Every move goes through it: a key's
 * change is told after its commit, and its wait must not undo a button that is pressed meanwhile.
 */
function useSettling(settled: Moments, onMove: (moments: Moments) => void): [Moments | null, (moments: Moments, now: boolean) => void] {
  const [draft, setDraft] = useState<Moments | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => setDraft(null), [settled.atMs, settled.withMs]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return [draft, (moments, now) => {
    setDraft(moments);
    clearTimeout(timer.current);
    if (now) onMove(moments);
    else timer.current = setTimeout(() => onMove(moments), SETTLE_MS);
  }];
}

function Standing({ shown, near }: { shown: Moments; near: Mark | null }): React.JSX.Element {
  return (
    <p className="min-w-0 truncate tabular-nums" aria-live="polite" data-testid="standing">
      <span className="font-medium">{shown.atMs === null ? 'Now' : `As of ${moment(shown.atMs)}`}</span>
      {shown.withMs !== null && <span className="text-muted"> against {moment(shown.withMs)}</span>}
      {near !== null && <span className={near.tone === 'change' ? 'text-muted' : 'text-failing'}> · {near.label}</span>}
    </p>
  );
}

function Track({ scale, marks, shown, onDraft, onSettled }: { scale: Scale; marks: readonly Mark[]; shown: Moments; onDraft: (moments: Moments) => void; onSettled: (moments: Moments) => void }): React.JSX.Element {
  const at = placeOf(shown.atMs, scale);
  const values = shown.withMs === null ? [at] : [placeOf(shown.withMs, scale), at];
  const read = (next: readonly number[]): Moments => (next.length === 1 ? { atMs: momentAt(next[0] ?? at, scale), withMs: null } : { withMs: next[0] ?? null, atMs: momentAt(next[1] ?? at, scale) });
  const ticks = [0, 0.25, 0.5, 0.75];
  return (
    <div className="min-w-0 flex-1">
      <Slider.Root
        value={values} min={scale.fromMs} max={scale.toMs} step={scale.stepMs} minStepsBetweenThumbs={1}
        onValueChange={(next) => onDraft(read(next))} onValueCommit={(next) => onSettled(read(next))}
        className="relative flex h-7 touch-none items-center select-none"
      >
        <Slider.Track className="relative h-1 grow rounded-full bg-line">
          {shown.withMs !== null && <Slider.Range className="absolute h-full rounded-full bg-focus/50" />}
          {marks.map((mark, index) => <MarkOnTrack key={`${mark.fromMs} ${mark.label} ${index}`} mark={mark} scale={scale} />)}
        </Slider.Track>
        {shown.withMs !== null && <Thumb label="Compare with the moment" at={shown.withMs} comparing />}
        <Thumb label="Moment of the graph" at={shown.atMs} />
      </Slider.Root>
      <div aria-hidden className="flex text-2xs text-faint tabular-nums">
        {ticks.map((share) => <span key={share} className="w-1/4 truncate">{axisTick(scale.fromMs + (scale.toMs - scale.fromMs) * share, scale.toMs - scale.fromMs)}</span>)}
        <span>now</span>
      </div>
    </div>
  );
}

function MarkOnTrack({ mark, scale }: { mark: Mark; scale: Scale }): React.JSX.Element | null {
  if (mark.fromMs > scale.toMs || mark.toMs < scale.fromMs) return null;
  const [from, to] = [shareOf(mark.fromMs, scale), shareOf(mark.toMs, scale)];
  const change = mark.tone === 'change';
  return <span title={`${moment(mark.fromMs)}: ${mark.label}`} className={clsx('absolute rounded-[1px]', change ? '-top-1 h-3 min-w-[2px] bg-faint' : '-top-1 h-3 min-w-[3px] bg-failing')} style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%` }} />;
}

function Thumb({ label, at, comparing = false }: { label: string; at: number | null; comparing?: boolean }): React.JSX.Element {
  return <Slider.Thumb aria-label={label} aria-valuetext={at === null ? 'now' : moment(at)} className={clsx('block size-4 rounded-full border-2 shadow-sm', comparing ? 'border-focus bg-surface' : 'border-ground bg-ink')} />;
}

function Reaches({ chosen, onReach }: { chosen: ReachKey; onReach: (reach: ReachKey) => void }): React.JSX.Element {
  return (
    <div role="group" aria-label="Reach of the slider" className="flex overflow-hidden rounded-md border border-line-strong">
      {REACH_KEYS.map((key) => (
        <button key={key} type="button" aria-pressed={key === chosen} onClick={() => onReach(key)} className={clsx('h-7 px-2 text-xs hover:bg-raised', key === chosen ? 'bg-raised font-medium' : 'text-muted')}>{REACHES[key].label}</button>
      ))}
    </div>
  );
}

function CompareMenu({ atMs, withMs, onChoose }: { atMs: number; withMs: number | null; onChoose: (withMs: number | null) => void }): React.JSX.Element {
  return (
    <Menu align="end" trigger={<Button small aria-label={`Compare the graph with: ${withMs === null ? 'nothing' : moment(withMs)}`}><GitCompareArrows size={13} aria-hidden className={withMs === null ? 'text-faint' : 'text-focus'} /><span className="hidden sm:inline">Compare with</span></Button>}>
      <MenuLabel>Compare the graph with</MenuLabel>
      <MenuItem checked={withMs === null} onSelect={() => onChoose(null)}>Nothing</MenuItem>
      {EARLIER.map(([name, beforeMs]) => <MenuItem key={name} checked={withMs !== null && Math.abs(atMs - beforeMs - withMs) < 60_000} onSelect={() => onChoose(Math.floor((atMs - beforeMs) / 60_000) * 60_000)}>{name}</MenuItem>)}
    </Menu>
  );
}
