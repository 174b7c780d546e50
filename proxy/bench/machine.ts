/** The machine that a figure was measured on, and the programs that a bench needs on it. */
import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

export function machineLine(): string {
  const [first] = cpus();
  return `${cpus().length} × ${first?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`;
}

/** Programs of this list that are not on the PATH. */
export function missingPrograms(names: readonly string[]): string[] {
  return names.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
}

/** Keeps a process with all its threads on one core, so that contenders meet equal conditions; no-op with a single core. */
export function pin(pid: number, core: number): void {
  if (cpus().length > 1) spawnSync('taskset', ['-apc', String(core), String(pid)]);
}
