import { expect, test } from 'vitest';
import { HealthStatus } from '../../cloud/wire/entities.ts';
import { contrast } from './contrast.ts';
import { PALETTE, paletteSheet, type Shown, type Token } from './palette.ts';

const THEMES: Shown[] = ['light', 'dark'];
const TEXT_CONTRAST_MIN = 4.5;

function weak(texts: readonly Token[], grounds: readonly Token[], theme: Shown): string[] {
  return grounds.flatMap((ground) => texts.map((text) => ({ name: `${text} on ${ground}`, ratio: contrast(PALETTE[text][theme], PALETTE[ground][theme]) })))
    .filter(({ ratio }) => ratio < TEXT_CONTRAST_MIN)
    .map(({ name, ratio }) => `${name}: ${ratio.toFixed(2)}`);
}

test('black on white is 21 and a colour on itself is 1', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 1);
  expect(contrast('#b9330a', '#b9330a')).toBe(1);
});

test.each(THEMES)('every text and state colour reads on every ground in the %s theme', (theme) => {
  expect(weak(['ink', 'muted', 'faint', 'focus', ...HealthStatus.options], ['ground', 'surface', 'raised'], theme)).toEqual([]);
});

test.each(THEMES)('tinted rows stay readable in the %s theme', (theme) => {
  expect(weak(['ink', 'muted', 'faint', 'failing', 'degraded'], ['failing-tint', 'degraded-tint'], theme)).toEqual([]);
});

test('the page gets every token for both themes', () => {
  const sheet = paletteSheet();
  for (const [token, { light, dark }] of Object.entries(PALETTE)) expect(sheet).toContain(`--${token}: light-dark(${light}, ${dark});`);
});
