/** The program that a bench measures: the compiled executable, or the sources under Bun where that is asked for. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Program } from '../test/static-bed.ts';
import { missingPrograms } from './machine.ts';

const COMPILE = fileURLToPath(new URL('../../infra/images/compile.ts', import.meta.url));
const EXECUTABLE = fileURLToPath(new URL('../../build/sidelight-proxy', import.meta.url));

/** Compiles when the executable is older than the sources; throws with the compiler's words. */
export function benchProgram(source: boolean | undefined): Program {
  if (source === true) return { kind: 'source' };
  const { status, stderr } = spawnSync(process.execPath, [COMPILE, 'proxy'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the proxy could not be compiled:\n${stderr}`);
  return { kind: 'executable', path: EXECUTABLE };
}

/** Says what is not installed and how to install it; true when nothing is missing. */
export function hasPrograms(names: readonly string[]): boolean {
  const missing = missingPrograms(names);
  if (missing.length === 0) return true;
  const packages = missing.map((name) => (name === 'taskset' ? 'util-linux' : name));
  process.stderr.write(`error [program_missing] ${missing.join(', ')} not found. Run: apt-get install -y ${packages.join(' ')}\n`);
  return false;
}
