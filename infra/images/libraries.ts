/** The shared libraries that an executable of this machine needs, by the dynamic linker's own word, and the packages they are of. */
import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ImageFile } from './oci-archive.ts';

const run = promisify(execFile);

export interface Library {
  /** Where the linker looks for it, absolute. */
  readonly path: string;
  /** The file behind the links. */
  readonly source: string;
}

/** A package of the machine's distribution that files were taken from. */
export interface SystemPackage {
  readonly name: string;
  readonly version: string;
}

/** The libraries of all of `executables`, each once, sorted by path. Only on Linux with glibc. */
export async function librariesOf(executables: readonly string[]): Promise<Library[]> {
  const outputs = await Promise.all(executables.map(async (path) => (await run('ldd', [path])).stdout));
  const paths = new Set(outputs.flatMap((text) => [...text.matchAll(/(?:=>\s+|^\s*)(\/\S+)\s+\(0x/gm)].flatMap(([, path]) => path ?? [])));
  return Promise.all([...paths].toSorted().map(async (path) => ({ path, source: await realpath(path) })));
}

/** As an image holds it: links of the distribution are followed, so that one file stands where the linker looks. */
export function fileOf({ path, source }: Library, mode = 0o755): ImageFile {
  return { path: path.slice(1), mode, content: { kind: 'file', source } };
}

/** Which Debian packages files are of, sorted; files of none are left out. Empty where there is no dpkg. */
export async function packagesOf(files: readonly string[]): Promise<SystemPackage[]> {
  const names = await Promise.all(files.map((file) => owner(file)));
  const wanted = [...new Set(names.flatMap((name) => name ?? []))].toSorted();
  return Promise.all(wanted.map(async (name) => ({ name, version: (await run('dpkg-query', ['-W', '-f', '${Version}', name])).stdout })));
}

/** Older packages own `/lib/…` of what is `/usr/lib/…` now. */
async function owner(file: string): Promise<string | null> {
  for (const path of [file, file.replace(/^\/usr\//, '/')]) {
    const found = await run('dpkg', ['-S', path]).then(({ stdout }) => stdout.split(': ')[0], () => undefined);
    if (found !== undefined) return found;
  }
  return null;
}
