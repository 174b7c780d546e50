/** The checks that other programs make: types and lint. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import type { CheckResult } from './tree.ts';

export function checkTypes(): Promise<CheckResult> {
  return runTool('types', 'tsc', ['-b', '--pretty', 'false']);
}

export function checkLint(): Promise<CheckResult> {
  return runTool('lint', 'oxlint', ['--format', 'unix', '--deny-warnings']);
}

/** Each line of a failing tool's output is a fault; a tool that can't be started is one as well. */
async function runTool(name: string, program: string, args: readonly string[]): Promise<CheckResult> {
  const child = spawn(join(ROOT, 'node_modules/.bin', program), args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => { output += bytes.toString(); });
  child.stderr.on('data', (bytes: Buffer) => { output += bytes.toString(); });
  const code = await once(child, 'close').then(([status]) => status as number | null, (error: Error) => error.message);
  if (code === 0) return { name, faults: [] };
  const faults = faultsOf(output);
  return { name, faults: faults.length > 0 ? faults : [`${program} ended with ${code}; run "npm ci"`] };
}

/** A fault begins at the margin; indented lines explain it. The tools' own counts are left out. */
export function faultsOf(output: string): string[] {
  const faults: string[] = [];
  for (const line of output.split('\n')) {
    if (line.trim() === '' || /^\d+ problems?$/.test(line.trim())) continue;
    if (/^\s/.test(line) && faults.length > 0) faults.push(`${faults.pop()}\n  ${line}`);
    else faults.push(line);
  }
  return faults;
}
