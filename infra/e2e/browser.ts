/** The browser of the tests: CHROMIUM_PATH, else the one that `npm ci` brought, else the machine's own. Never skipped. */
import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sparticuz from '@sparticuz/chromium';
import { type Browser, type Page, chromium } from 'playwright-core';
import { Fault } from '../fault.ts';

/** Starting a browser on a noisy machine. */
const START_MS_MAX = 60_000;
const MACHINE_BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'] as const;

interface Program {
  readonly path: string;
  readonly args: readonly string[];
}

/** `folder`: a folder of the caller's own, where the browser unpacks and keeps its profile. Fault: `browser_missing`. */
export async function openBrowser(folder: string): Promise<Browser> {
  const temporary = join(folder, 'browser');
  await mkdir(temporary, { recursive: true });
  const reasons: string[] = [];
  for (const find of [fromEnvironment, fromPackage, fromMachine]) {
    try {
      const program = await find(temporary);
      if (program === undefined) continue;
      return await chromium.launch({ executablePath: program.path, args: [...program.args], headless: true, timeout: START_MS_MAX, env: { ...process.env, TMPDIR: temporary } });
    } catch (error) {
      reasons.push(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
      if (find === fromEnvironment) break;
    }
  }
  throw new Fault('browser_missing', `No browser for the tests could be started:\n  ${reasons.join('\n  ')}`, 'Install one with "apt-get install -y chromium" (Debian, Ubuntu), or set CHROMIUM_PATH to a Chromium or Chrome.');
}

async function fromEnvironment(): Promise<Program | undefined> {
  const path = process.env['CHROMIUM_PATH'];
  return path === undefined || path === '' ? undefined : { path, args: ['--no-sandbox'] };
}

/** The package unpacks a headless shell for Linux on x64 into TMPDIR. */
async function fromPackage(temporary: string): Promise<Program | undefined> {
  if (process.platform !== 'linux') return undefined;
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = temporary;
  try {
    const path = await sparticuz.executablePath();
    await promisify(execFile)(path, ['--version'], { timeout: START_MS_MAX });
    return { path, args: sparticuz.args };
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
}

async function fromMachine(): Promise<Program | undefined> {
  for (const path of MACHINE_BROWSERS) if (await access(path).then(() => true, () => false)) return { path, args: ['--no-sandbox'] };
  return undefined;
}

/** A page that fails the test when its scripts throw. */
export async function openPage(browser: Browser, faults: string[]): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'UTC' });
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  return page;
}
