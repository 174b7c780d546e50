/** Listens for the console's shortcuts and shows them on `?`. */
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useEffectEvent, useRef } from 'react';
import { LIVE } from '../api/range.ts';
import { paths } from '../paths.ts';
import { Dialog } from '../ui/dialog.tsx';
import { readKey, SHORTCUTS, type Pressed, type ShortcutAction } from './keyboard.ts';
import { useMaybeClusterId, useSetRange } from './location.ts';

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

interface Props {
  readonly slug: string;
  readonly onPalette: () => void;
  readonly onHelp: () => void;
}

export function useShortcuts({ slug, onPalette, onHelp }: Props): void {
  const navigate = useNavigate();
  const setRange = useSetRange();
  const clusterId = useMaybeClusterId();
  const first = useRef<Pressed | null>(null);
  const go = (path: string): void => void navigate({ to: path as '/' });
  const perform = (action: ShortcutAction): void => {
    switch (action) {
      case 'fleet': return go(paths.fleet(slug));
      case 'incidents': return go(paths.incidents(slug));
      case 'rules': return go(paths.rules(slug));
      case 'topology': return clusterId === null ? undefined : go(paths.topology(slug, clusterId));
      case 'workloads': return clusterId === null ? undefined : go(paths.workloads(slug, clusterId));
      case 'live': return setRange(LIVE);
      case 'palette': return onPalette();
      case 'help': return onHelp();
      default: return action satisfies never;
    }
  };
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.key === 'k' && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      return onPalette();
    }
    if (event.metaKey || event.ctrlKey || event.altKey || event.repeat || isTyping(event.target)) return;
    const read = readKey(first.current, { key: event.key, atMs: event.timeStamp });
    first.current = read.first;
    if (read.action === null) return;
    event.preventDefault();
    perform(read.action);
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => onKey(event);
    addEventListener('keydown', listener);
    return () => removeEventListener('keydown', listener);
  }, []);
}

export function ShortcutsDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }): React.JSX.Element {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keyboard shortcuts">
      <dl className="grid grid-cols-[1fr_auto] gap-y-2">
        {[{ keys: '⌘ k', does: 'Go to anything' }, ...SHORTCUTS].map((shortcut) => (
          <div key={shortcut.keys} className="contents">
            <dt className="text-muted">{shortcut.does}</dt>
            <dd className="flex gap-1">{shortcut.keys.split(' ').map((key) => <Key key={key} text={key} />)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

export function Key({ text }: { text: string }): React.JSX.Element {
  return <kbd className="inline-flex h-5 min-w-5 items-center justify-center rounded border border-line-strong bg-raised px-1 font-sans text-2xs text-muted">{text}</kbd>;
}
