/** Keyboard shortcuts: the table that the console obeys and that `?` shows, and the pure reader of key sequences. */

export const SHORTCUTS = [
  { keys: 'g f', does: 'Go to the fleet', action: 'fleet' },
  { keys: 'g i', does: 'Go to incidents', action: 'incidents' },
  { keys: 'g r', does: 'Go to alert rules', action: 'rules' },
  { keys: 'g t', does: "Go to the cluster's topology", action: 'topology' },
  { keys: 'g w', does: "Go to the cluster's workloads", action: 'workloads' },
  { keys: 'l', does: 'Back to live', action: 'live' },
  { keys: '/', does: 'Search everything', action: 'palette' },
  { keys: '?', does: 'Show these shortcuts', action: 'help' },
] as const;

export type ShortcutAction = (typeof SHORTCUTS)[number]['action'];

/** Longest pause between two keys of a sequence. */
export const SEQUENCE_MS_MAX = 1_000;

export interface Pressed {
  readonly key: string;
  readonly atMs: number;
}

/** What a key does after the one before it; `first` is kept for the next key when it begins a sequence. */
export function readKey(first: Pressed | null, pressed: Pressed): { readonly action: ShortcutAction | null; readonly first: Pressed | null } {
  const sequence = first !== null && pressed.atMs - first.atMs <= SEQUENCE_MS_MAX ? `${first.key} ${pressed.key}` : null;
  const pair = SHORTCUTS.find((shortcut) => shortcut.keys === sequence);
  if (pair !== undefined) return { action: pair.action, first: null };
  const single = SHORTCUTS.find((shortcut) => shortcut.keys === pressed.key);
  if (single !== undefined) return { action: single.action, first: null };
  return { action: null, first: SHORTCUTS.some((shortcut) => shortcut.keys.startsWith(`${pressed.key} `)) ? pressed : null };
}
