/** Compiles our programs to one executable each in `build/`; skips that when the executable is newer than all it is made of. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../..');
const BUN = join(ROOT, 'node_modules/.bin/bun');
const COMPILE_MS_MAX = 120_000;

interface Program {
  readonly entry: string;
  /** Folders whose change makes it anew. */
  readonly sources: readonly string[];
  /** Bytecode saves a third of the start time; it needs an entry without a top-level await. */
  readonly bytecode: boolean;
}

const PROGRAMS = {
  proxy: { entry: 'proxy/main.ts', sources: ['proxy'], bytecode: true },
  agent: { entry: 'agent/main.ts', sources: ['agent', 'proxy'], bytecode: false },
  'demo-service': { entry: 'infra/demo/service.ts', sources: ['infra/demo', 'infra/mesh'], bytecode: false },
} as const satisfies Record<string, Program>;

export type ProgramName = keyof typeof PROGRAMS;
export const PROGRAM_NAMES = Object.keys(PROGRAMS) as readonly ProgramName[];

/** Without the autoload switches the executable would take settings out of whatever folder it is started in. */
const FLAGS = ['--minify', '--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'] as const;

/** Newest change, ms since 1970, of the sources, the lock file and this file. */
async function newestSourceMs({ sources }: Program): Promise<number> {
  const files = await Promise.all(sources.map(async (folder) => (await readdir(join(ROOT, folder), { recursive: true })).map((name) => join(ROOT, folder, name))));
  const wanted = files.flat().filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  const times = await Promise.all([...wanted, join(ROOT, 'package-lock.json'), import.meta.filename].map(changedMs));
  return Math.max(...times);
}

/** 0 for a file that isn't there. */
async function changedMs(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.mtimeMs ?? 0;
}

/** Returns the executable's path. Throws with the compiler's words when it can't be made. */
export async function compileProgram(name: ProgramName): Promise<string> {
  const program: Program = PROGRAMS[name];
  const executable = join(ROOT, `build/sidelight-${name}`);
  if ((await changedMs(executable)) > (await newestSourceMs(program))) return executable;
  await mkdir(dirname(executable), { recursive: true });
  // A folder of this process's own and then a rename: others may compile or run it at the same time. The file has its own
  // name already, since the compiler writes that into it.
  const making = `${executable}.${process.pid}`;
  const made = join(making, basename(executable));
  const begun = new Date();
  try {
    const flags = program.bytecode ? [...FLAGS, '--bytecode'] : FLAGS;
    await promisify(execFile)(BUN, ['build', '--compile', ...flags, join(ROOT, program.entry), '--outfile', made], { cwd: ROOT, timeout: COMPILE_MS_MAX });
    // As old as the sources that it was made of, should one have changed meanwhile.
    await utimes(made, begun, begun);
    await rename(made, executable);
  } catch (error) {
    const { message, stderr } = error as Error & { stderr?: string };
    throw new Error(`${name}_compile_failed: the sources of the ${name} don't compile:\n${stderr || message}`, { cause: error });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return executable;
}

if (import.meta.main) {
  const names = PROGRAM_NAMES.filter((name) => process.argv.length < 3 || process.argv.includes(name));
  for (const name of names) {
    const path = await compileProgram(name);
    const { size } = await stat(path);
    process.stdout.write(`${path} ${(size / 1e6).toFixed(1)} MB\n`);
  }
}
