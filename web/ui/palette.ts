/** Every colour of the console, for both themes; contrast.test.ts holds them to 4.5 : 1. */

export type Shown = 'light' | 'dark';

export const PALETTE = {
  ground: { light: '#fbfbfa', dark: '#0c0e0f' },
  surface: { light: '#ffffff', dark: '#121516' },
  raised: { light: '#f3f3f1', dark: '#1a1e20' },
  line: { light: '#e6e6e2', dark: '#24292c' },
  'line-strong': { light: '#cdcdc7', dark: '#3c4347' },
  ink: { light: '#16181a', dark: '#eceeee' },
  muted: { light: '#50565b', dark: '#a9b1b5' },
  faint: { light: '#666c71', dark: '#8b9398' },
  ok: { light: '#0a736a', dark: '#45c4b0' },
  degraded: { light: '#875100', dark: '#e9a93c' },
  failing: { light: '#b9330a', dark: '#ff8159' },
  nodata: { light: '#666c71', dark: '#8b9398' },
  stale: { light: '#666c71', dark: '#8b9398' },
  'failing-tint': { light: '#fdf2ed', dark: '#241712' },
  'degraded-tint': { light: '#fbf6ea', dark: '#211b10' },
  focus: { light: '#1f5fc4', dark: '#84b4ff' },
} as const satisfies Record<string, Readonly<Record<Shown, string>>>;

export type Token = keyof typeof PALETTE;

/** The palette as custom properties `--<token>`, each following the page's colour scheme. */
export function paletteSheet(): string {
  const lines = Object.entries(PALETTE).map(([token, { light, dark }]) => `--${token}: light-dark(${light}, ${dark});`);
  return `:root { ${lines.join(' ')} }`;
}
