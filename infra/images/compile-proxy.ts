/** Compiles the proxy to one executable, `build/sidelight-proxy`; skips that when the executable is newer than all it is made of. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../..');
const BUN = join(ROOT, 'node_modules/.bin/bun');
const EXECUTABLE = join(ROOT, 'build/sidelight-proxy');
const COMPILE_MS_MAX = 120_000;

/**
 * Bytecode saves a third of the start time; without the autoload switches the executable would take settings out of
 * whatever folder it is started in.
 */
const FLAGS = ['--minify', '--bytecode', '--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'] as const;

/** Newest change, ms since 1970, of the sources, the lock file and this file. */
async function newestSourceMs(): Promise<number> {
  const names = await readdir(join(ROOT, 'proxy'), { recursive: true });
  const sources = names.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).map((name) => join(ROOT, 'proxy', name));
  const times = await Promise.all([...sources, join(ROOT, 'package-lock.json'), import.meta.filename].map(changedMs));
  return Math.max(...times);
}

/** 0 for a file that isn't there. */
async function changedMs(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.mtimeMs ?? 0;
}

/** Returns the executable's path. Throws with the compiler's words when it can't be made. */
export async function compileProxy(): Promise<string> {
  if ((await changedMs(EXECUTABLE)) > (await newestSourceMs())) return EXECUTABLE;
  await mkdir(dirname(EXECUTABLE), { recursive: true });
  // A file of this process's own and then a rename: others may compile or run it at the same time.
  const made = `${EXECUTABLE}.${process.pid}`;
  const begun = new Date();
  try {
    await promisify(execFile)(BUN, ['build', '--compile', ...FLAGS, join(ROOT, 'proxy/main.ts'), '--outfile', made], { cwd: ROOT, timeout: COMPILE_MS_MAX });
    // As old as the sources that it was made of, should one have changed meanwhile.
    await utimes(made, begun, begun);
    await rename(made, EXECUTABLE);
  } catch (error) {
    await rm(made, { force: true });
    const { message, stderr } = error as Error & { stderr?: string };
    throw new Error(`proxy_compile_failed: the proxy's sources don't compile:\n${stderr || message}`, { cause: error });
  }
  return EXECUTABLE;
}

if (import.meta.main) {
  const path = await compileProxy();
  const { size } = await stat(path);
  process.stdout.write(`${path} ${(size / 1e6).toFixed(1)} MB\n`);
}
