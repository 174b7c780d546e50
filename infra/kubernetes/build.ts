/** Builds the Go programs that a test cluster is made of into `build/kubernetes/`; skips what stands there already. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '../fault.ts';
import { ROOT } from '../root.ts';

const SOURCES = join(ROOT, 'infra/kubernetes');
const OUT = join(ROOT, 'build/kubernetes');
/** Kubernetes as a library takes some 8 minutes on two idle cores, cold; a busy machine takes twice that. */
const BUILD_MS_MAX = 40 * 60_000;

export interface NodePrograms {
  /** etcd, the control plane, kubelet, kube-proxy and kubectl, a subcommand each. */
  readonly node: string;
  readonly dns: string;
  /** Static; the whole content of the pause image. */
  readonly pause: string;
}

interface Program {
  readonly name: keyof NodePrograms;
  readonly module: string;
  readonly package: string;
}

const PROGRAMS: readonly Program[] = [
  { name: 'node', module: 'node', package: '.' },
  { name: 'dns', module: 'dns', package: '.' },
  { name: 'pause', module: 'node', package: './pause' },
];

/** Faults: `go_missing`, `kubernetes_build_failed`. */
export async function buildNodePrograms(say: (line: string) => void): Promise<NodePrograms> {
  const paths = { node: '', dns: '', pause: '' };
  // One after another: each uses all cores.
  for (const program of PROGRAMS) paths[program.name] = await buildOne(program, say);
  return paths;
}

async function buildOne({ name, module, package: target }: Program, say: (line: string) => void): Promise<string> {
  const folder = join(SOURCES, module);
  const path = join(OUT, `${name}-${await sourcesHash(folder)}`);
  if (await exists(path)) return path;
  await mkdir(OUT, { recursive: true });
  say(`building the test cluster's ${name} from its Go modules; the first time takes minutes`);
  const made = `${path}.${process.pid}`;
  try {
    await promisify(execFile)('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', made, target], {
      cwd: folder, timeout: BUILD_MS_MAX, env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=readonly' },
    });
  } catch (error) {
    throw buildFault(error);
  }
  await rename(made, path);
  return path;
}

function buildFault(error: unknown): Fault {
  const { code, stderr, message } = error as Error & { code?: string; stderr?: string };
  if (code === 'ENOENT') return new Fault('go_missing', 'The test cluster is built with Go, and there is no "go" on the PATH.', 'Install Go 1.26 or newer.');
  return new Fault('kubernetes_build_failed', `The test cluster's programs don't build:\n${stderr || message}`, 'See that the Go module proxy can be reached.');
}

async function sourcesHash(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.go$|^go\.(mod|sum)$/.test(name)).toSorted();
  for (const name of names) hash.update(name).update(await readFile(join(folder, name)));
  return hash.digest('hex').slice(0, 12);
}

const exists = (path: string): Promise<boolean> => access(path).then(() => true, () => false);
