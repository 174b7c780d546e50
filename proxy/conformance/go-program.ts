/** Programs of the Go module proxy that judge us: pinned versions, installed once below the build folder. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TOOLS = fileURLToPath(new URL('../../build/go-tools', import.meta.url));
const INSTALL_MS_MAX = 600_000;

/** A program as the module proxy knows it. */
export interface GoProgram {
  /** `host/path/of/command`. */
  readonly path: string;
  readonly version: string;
  /** What it is called here. */
  readonly name: string;
}

export type GoInstalled = { readonly kind: 'installed'; readonly file: string } | { readonly kind: 'missing'; readonly why: string; readonly remedy: string };

/** Whether it could be had without waiting for the network. */
export function isInstalled(program: GoProgram): boolean {
  return existsSync(fileOf(program));
}

/** Installs it where it isn't yet; needs Go 1.22 or newer and, the first time, the module proxy. */
export function installGoProgram(program: GoProgram): GoInstalled {
  const file = fileOf(program);
  if (existsSync(file)) return { kind: 'installed', file };
  const bin = join(TOOLS, `bin.${process.pid}`);
  mkdirSync(bin, { recursive: true });
  const env = { ...process.env, GOBIN: bin, GOPATH: join(TOOLS, 'path'), GOFLAGS: '-mod=mod -modcacherw', GOTOOLCHAIN: 'local' };
  const { error, status, stderr } = spawnSync('go', ['install', `${program.path}@${program.version}`], { encoding: 'utf8', env, timeout: INSTALL_MS_MAX });
  if (error !== undefined) return { kind: 'missing', why: `there is no Go here (${error.message})`, remedy: 'apt-get install -y golang-go   (Go 1.22 or newer)' };
  if (status !== 0) return { kind: 'missing', why: `${program.path}@${program.version} could not be installed:\n${stderr}`, remedy: 'Look at what Go says; the module proxy must be reachable the first time.' };
  // Others may install or run it at the same time.
  renameSync(join(bin, program.path.split('/').at(-1) ?? ''), file);
  return { kind: 'installed', file };
}

function fileOf({ name, version }: GoProgram): string {
  return join(TOOLS, `${name}-${version}`);
}
