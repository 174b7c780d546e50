/** Which proxy to run: the compiled executable. */
import { compileProgram } from './images/compile.ts';
import type { ProxyProgram } from './mesh/processes.ts';

/** Compiles the proxy unless the executable is newer than its sources. */
export async function proxyProgram(): Promise<ProxyProgram> {
  return { command: await compileProgram('proxy'), args: [] };
}
