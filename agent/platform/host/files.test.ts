import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeWorkload } from '../../inventory/testing.ts';
import { JoinTokens } from './tokens.ts';
import { FileWatch } from './watch.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidelight-host-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const web = makeWorkload('shop/web', []);
const cart = makeWorkload('shop/cart', []);

test('each workload has a token of its own, kept between starts and readable by its owner only', () => {
  const tokens = new JoinTokens(join(folder, 'tokens'));
  tokens.ensure([web, cart]);
  const token = readFileSync(join(folder, 'tokens/shop.web'), 'utf8');
  expect(statSync(join(folder, 'tokens/shop.web')).mode & 0o777).toBe(0o600);
  new JoinTokens(join(folder, 'tokens')).ensure([web]);
  expect(readFileSync(join(folder, 'tokens/shop.web'), 'utf8')).toBe(token);
  expect(tokens.matches(web, token.trim())).toBe(true);
  expect(tokens.matches(cart, token.trim())).toBe(false);
});

test('a token that was removed lets nobody in, not even an empty one', () => {
  const tokens = new JoinTokens(join(folder, 'tokens'));
  tokens.ensure([web]);
  unlinkSync(tokens.fileOf(web));
  expect(tokens.matches(web, '')).toBe(false);
  writeFileSync(tokens.fileOf(web), '\n');
  expect(tokens.matches(web, '')).toBe(false);
  // An older agent that met a full disk has left it so.
  tokens.ensure([web]);
  expect(readFileSync(tokens.fileOf(web), 'utf8')).toMatch(/^slj_[\w-]{43}\n$/);
});

test('a changed file is told once, whether edited, replaced, or gone for a moment', async () => {
  const file = join(folder, 'mesh.yaml');
  writeFileSync(file, 'one');
  const seen: string[] = [];
  const watch = new FileWatch(file, 'one', (text) => seen.push(text));
  await watch.look();
  writeFileSync(file, 'two, longer');
  await watch.look();
  await watch.look();
  writeFileSync(`${file}.new`, 'three');
  renameSync(`${file}.new`, file);
  await watch.look();
  unlinkSync(file);
  await watch.look();
  writeFileSync(file, 'three');
  await watch.look();
  writeFileSync(file, 'four, longer again');
  await watch.look();
  expect(seen).toEqual(['two, longer', 'three', 'four, longer again']);
});
