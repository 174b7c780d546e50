/** Light, dark, or what the system says; kept in this browser. */
import { useSyncExternalStore } from 'react';
import type { Shown } from './palette.ts';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'sidelight.theme';
const listeners = new Set<() => void>();

function stored(): Theme {
  const value = localStorage.getItem(KEY);
  return value === 'light' || value === 'dark' ? value : 'system';
}

export function setTheme(theme: Theme): void {
  if (theme === 'system') {
    localStorage.removeItem(KEY);
    delete document.documentElement.dataset['theme'];
  } else {
    localStorage.setItem(KEY, theme);
    document.documentElement.dataset['theme'] = theme;
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  const media = matchMedia('(prefers-color-scheme: dark)');
  listeners.add(listener);
  media.addEventListener('change', listener);
  return () => {
    listeners.delete(listener);
    media.removeEventListener('change', listener);
  };
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, stored);
}

/** What is on the screen now; changes when the choice or the system does, so that canvases draw again. */
export function useShownTheme(): Shown {
  return useSyncExternalStore(subscribe, () => {
    const theme = stored();
    if (theme !== 'system') return theme;
    return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  });
}
