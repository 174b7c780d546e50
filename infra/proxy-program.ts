/** Which proxy to run: the compiled executable. */
import { compileProxy } from './images/compile-proxy.ts';
import type { ProxyProgram } from './mesh/processes.ts';

/** Compiles the proxy unless the executable is newer than its sources. */
export async function proxyProgram(): Promise<ProxyProgram> {
  return { command: await compileProxy(), args: [] };
}
