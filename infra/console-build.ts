/** Builds the console into web/dist when that is missing or older than its sources. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from './fault.ts';
import { ROOT } from './root.ts';

const DIST = join(ROOT, 'web/dist');
/** What the bundle is made from. */
const SOURCES = ['web', 'cloud/wire', 'package-lock.json'] as const;
const SKIPPED = new Set(['dist', 'node_modules', 'e2e', 'mock']);

export interface ConsoleBuild {
  readonly built: boolean;
  readonly ms: number;
}

/** Fault: `console_build_failed` with vite's output. A build that is cut off leaves the old one in place. */
export async function buildConsole(): Promise<ConsoleBuild> {
  const started = performance.now();
  if (await isFresh()) return { built: false, ms: performance.now() - started };
  const begun = new Date();
  const fresh = join(ROOT, 'build', `console-${process.pid}`);
  try {
    await runVite(fresh);
    // As old as the sources that it was made of, should one have changed meanwhile.
    await utimes(join(fresh, 'index.html'), begun, begun);
    await rm(DIST, { recursive: true, force: true });
    await rename(fresh, DIST);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return { built: true, ms: performance.now() - started };
}

async function isFresh(): Promise<boolean> {
  const page = await stat(join(DIST, 'index.html')).catch(() => undefined);
  if (page === undefined) return false;
  const newest = await Promise.all(SOURCES.map((source) => newestChange(join(ROOT, source))));
  return Math.max(...newest) < page.mtimeMs;
}

/** Time of the last change below a path, ms since 1970. */
async function newestChange(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isDirectory()) return found.mtimeMs;
  const entries = (await readdir(path)).filter((name) => !SKIPPED.has(name) && !name.endsWith('.test.ts'));
  return Math.max(0, ...(await Promise.all(entries.map((name) => newestChange(join(path, name))))));
}

async function runVite(outDir: string): Promise<void> {
  const args = [join(ROOT, 'node_modules/vite/bin/vite.js'), 'build', 'web', '--outDir', outDir, '--emptyOutDir', '--logLevel', 'warn'];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => { output += bytes.toString(); });
  child.stderr.on('data', (bytes: Buffer) => { output += bytes.toString(); });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Fault('console_build_failed', `The console could not be built:\n${output.trim()}`, 'Run "npm run build:web" to see the same.');
}
