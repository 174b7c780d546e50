/**
 * An embedded Postgres: real server binaries out of npm, data kept between starts, as root and as an ordinary user.
 * Listens on 127.0.0.1 only, without a unix socket. It ends with its starter, however that one ends.
 */
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chown, mkdir, open, readFile, realpath, rename, rm, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, isSystemError } from '../fault.ts';
import { freePort } from '../ports.ts';
import { type Account, canReach, serverAccount } from './account.ts';
import { type Binaries, SHARED_FOLDER, findBinaries } from './binaries.ts';
import { type PostmasterFile, initdb, isAlive, readPostmasterFile, spawnPostgres, stopByPid, untilGone, untilReady, writePrivate } from './postmaster.ts';
import { OWNER, type Passwords, SERVER, SUPERUSER, answeringDataFolder, ensureRoles, loginUrl, makePasswords, readPasswords } from './roles.ts';

export interface PostgresOptions {
  /** Folder of our own for data, passwords and the server's log; made when absent. */
  readonly dataDir: string;
  /** 0 or absent: a free port. */
  readonly port?: number;
  readonly log?: (line: string) => void;
  /** For tests: no disk flushes, and `stop` removes the data. */
  readonly ephemeral?: boolean;
}

export interface RunningPostgres {
  /** Login `sidelight_owner`: owns the database `sidelight`, runs migrations. */
  readonly ownerUrl: string;
  /** Login `sidelight_server`: owns nothing; what the cloud process gets. */
  readonly serverUrl: string;
  /** For the launcher and tests alone; never given to the cloud process. */
  readonly superuserUrl: string;
  readonly port: number;
  /** The postmaster's. */
  readonly pid: number;
  /** True when a server of this folder ran already. */
  readonly adopted: boolean;
  /** Stops the server, unless another live process started it. Safe to call twice. */
  stop(): Promise<void>;
}

interface Server {
  readonly port: number;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

interface Place {
  readonly account: Account;
  readonly binaries: Binaries;
  /** PGDATA. */
  readonly data: string;
  readonly passwordsFile: string;
  readonly lockFile: string;
  readonly starterFile: string;
  readonly logFile: string;
}

/** A start holds its folder's lock for initdb and recovery at most. */
const LOCK_MS_MAX = 90_000;
/** A server that we can't log in to may be starting or stopping; after this long it is somebody else's. */
const ADOPT_MS_MAX = 20_000;
/** A free port can be taken between our look and the server's bind. */
const PORT_TRIES_MAX = 3;
const POLL_MS = 50;

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  log_checkpoints: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
} as const;

const EPHEMERAL_SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  shared_buffers: '64MB',
  max_connections: '200',
} as const;

/**
 * Starts the server of a data folder, or adopts the one that runs there.
 * Faults: postgres_binaries_missing, postgres_account_missing, postgres_initdb_failed, postgres_start_failed, postgres_data_unreachable, postgres_foreign.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const place = await findPlace(resolve(options.dataDir));
  await takeLock(place.lockFile);
  try {
    const passwords = (await readPasswords(place.passwordsFile)) ?? (await makeFresh(place, options));
    const adopted = await adopt(place, passwords);
    const running = adopted === undefined
      ? await startNew(place, options)
      : { port: adopted.port, pid: adopted.pid, stop: await stopOfAdopted(place, adopted) };
    await ensureRoles(running.port, passwords);
    options.log?.(adopted === undefined ? `Postgres on 127.0.0.1:${running.port}` : `Postgres was running, adopted on 127.0.0.1:${running.port}`);
    return handle(running, passwords, adopted !== undefined, options.ephemeral === true ? place : undefined);
  } finally {
    await unlink(place.lockFile).catch(() => undefined);
  }
}

async function findPlace(dataDir: string): Promise<Place> {
  await makeFolder(dataDir);
  const account = await serverAccount();
  const binaries = await findBinaries(account);
  return {
    account, binaries,
    data: await dataPath(account, await realpath(dataDir)),
    passwordsFile: join(dataDir, 'passwords.json'),
    lockFile: join(dataDir, 'start.lock'),
    starterFile: join(dataDir, 'starter.pid'),
    logFile: join(dataDir, 'server.log'),
  };
}

async function makeFolder(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw new Fault('data_folder_unwritable', `The folder ${dataDir} can't be made: ${error instanceof Error ? error.message : String(error)}`, 'Set SIDELIGHT_DATA to a folder that you can write.');
  }
}

/** PGDATA is in the folder itself where the server's account can get there, else below the shared folder. */
async function dataPath(account: Account, dataDir: string): Promise<string> {
  if (await canReach(account, dataDir)) return join(dataDir, 'data');
  const folder = join(SHARED_FOLDER, 'data');
  await mkdir(folder, { recursive: true, mode: 0o755 });
  if (!(await canReach(account, folder))) {
    throw new Fault('postgres_data_unreachable', `The account that Postgres runs under reaches neither ${dataDir} nor ${folder}.`, 'Set SIDELIGHT_DATA to a folder below which other accounts may pass.');
  }
  return join(folder, createHash('sha256').update(dataDir).digest('hex').slice(0, 24));
}

/** A folder without passwords has no data that anybody could read: it begins anew. */
async function makeFresh(place: Place, options: PostgresOptions): Promise<Passwords> {
  options.log?.('Postgres makes its data folder');
  const left = await readPostmasterFile(place.data);
  if (left !== undefined && isAlive(left.pid)) {
    throw new Fault('postgres_foreign', `A Postgres (process ${left.pid}) runs on ${place.data}, but its passwords.json is gone.`, `Stop it with "kill -INT ${left.pid}", then start again.`);
  }
  const fresh = `${place.data}.new`;
  await rm(fresh, { recursive: true, force: true });
  await rm(place.data, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  const passwords = await makePasswords(`${place.passwordsFile}.fresh`);
  const passwordFile = join(fresh, '..', `${process.pid}.pw`);
  try {
    await writePrivate(passwordFile, passwords.superuser);
    if (place.account.foreign) await Promise.all([fresh, passwordFile].map((path) => chown(path, place.account.uid, place.account.gid)));
    await initdb(place.binaries, place.account, fresh, SUPERUSER, passwordFile);
  } finally {
    await unlink(passwordFile).catch(() => undefined);
  }
  await rename(fresh, place.data);
  await rename(`${place.passwordsFile}.fresh`, place.passwordsFile);
  return passwords;
}

/** A server of this folder that answers to its password; waits out one that is starting or stopping. */
async function adopt(place: Place, passwords: Passwords): Promise<PostmasterFile | undefined> {
  const deadline = performance.now() + ADOPT_MS_MAX;
  for (;;) {
    const file = await readPostmasterFile(place.data);
    if (file === undefined || !isAlive(file.pid)) return undefined;
    if (file.status === 'ready' && (await answeringDataFolder(file.port, passwords)) === place.data) return file;
    // A crash may have left the file, and its id may be another program's by now; Postgres itself then says which.
    if (performance.now() > deadline) return undefined;
    await sleep(POLL_MS);
  }
}

/** An orphan becomes ours to stop; a server that a live process started does not. */
async function stopOfAdopted(place: Place, file: PostmasterFile): Promise<() => Promise<void>> {
  const starter = Number(await readFile(place.starterFile, 'utf8').catch(() => '0'));
  if (starter !== process.pid && isAlive(starter)) return async () => undefined;
  await writePrivate(place.starterFile, String(process.pid));
  return () => stopByPid(file.pid);
}

async function startNew(place: Place, options: PostgresOptions): Promise<Server> {
  for (let tries = 1; ; tries += 1) {
    const port = options.port === undefined || options.port === 0 ? await freePort() : options.port;
    const settings = { ...SETTINGS, ...(options.ephemeral === true ? EPHEMERAL_SETTINGS : {}), port: String(port) };
    const child = await spawnPostgres(place.binaries, place.account, place.data, settings, place.logFile);
    try {
      const file = await untilReady(place.data, child, place.logFile);
      await writePrivate(place.starterFile, String(process.pid));
      return { port, pid: file.pid, stop: () => stopOwn(child, file.pid) };
    } catch (error) {
      const taken = error instanceof Fault && error.message.includes('Address already in use');
      if (!taken || tries >= PORT_TRIES_MAX) throw error;
    }
  }
}

async function stopOwn(child: ChildProcess, pid: number): Promise<void> {
  child.stdin?.end();
  await untilGone(pid);
}

/** Two starts on one folder take turns; the lock of a dead process doesn't count. */
async function takeLock(file: string): Promise<void> {
  const deadline = performance.now() + LOCK_MS_MAX;
  for (;;) {
    try {
      const lock = await open(file, 'wx', 0o600);
      await lock.writeFile(String(process.pid));
      await lock.close();
      return;
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
    }
    const holder = Number(await readFile(file, 'utf8').catch(() => '0'));
    if (holder !== 0 && !isAlive(holder)) await unlink(file).catch(() => undefined);
    if (performance.now() > deadline) throw new Fault('postgres_locked', `Another start (process ${holder}) holds ${file}.`, 'Wait for it, or end that process.');
    await sleep(POLL_MS);
  }
}

function handle(running: Server, passwords: Passwords, adopted: boolean, remove: Place | undefined): RunningPostgres {
  let stopping: Promise<void> | undefined;
  const stopOnce = async (): Promise<void> => {
    await running.stop();
    if (remove !== undefined) await rm(remove.data, { recursive: true, force: true });
  };
  return {
    ownerUrl: loginUrl(OWNER, passwords.owner, running.port),
    serverUrl: loginUrl(SERVER, passwords.server, running.port),
    superuserUrl: loginUrl(SUPERUSER, passwords.superuser, running.port, 'postgres'),
    port: running.port,
    pid: running.pid,
    adopted,
    stop: () => (stopping ??= stopOnce()),
  };
}
