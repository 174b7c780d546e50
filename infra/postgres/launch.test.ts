import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serverAccount } from './account.ts';
import { keepPostgres } from './keeper.ts';
import { type RunningPostgres, startPostgres } from './launch.ts';
import { isAlive, readPostmasterFile } from './postmaster.ts';
import { PLAIN } from './roles.ts';

let dataDir: string;
let running: RunningPostgres[] = [];
let programs: ChildProcess[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sidelight-launch-'));
  await chmod(dataDir, 0o755);
});
afterEach(async () => {
  for (const program of programs) program.kill('SIGKILL');
  await Promise.all(running.map((each) => each.stop()));
  running = [];
  programs = [];
  await rm(dataDir, { recursive: true, force: true });
});

async function start(): Promise<RunningPostgres> {
  const started = await startPostgres({ dataDir });
  running.push(started);
  return started;
}

async function query<T>(url: string, run: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { ...PLAIN, max: 1 });
  try {
    return await run(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Another process that starts the server of this folder and hangs on. */
async function startElsewhere(): Promise<ChildProcess> {
  const code = `import { startPostgres } from ${JSON.stringify(new URL('./launch.ts', import.meta.url).href)};
    await startPostgres({ dataDir: ${JSON.stringify(dataDir)} }); process.stdout.write('up'); setInterval(() => undefined, 1000);`;
  const program = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  programs.push(program);
  if (program.stdout !== null) await once(program.stdout, 'data');
  return program;
}

async function serverPid(): Promise<number> {
  return (await readPostmasterFile(join(dataDir, 'data')))?.pid ?? 0;
}

test('data and passwords are kept over a restart, readable by nobody else', async () => {
  const first = await start();
  await query(first.ownerUrl, (sql) => sql`create table public.kept as select 41 + 1 as x`);
  const pid = await serverPid();
  await first.stop();
  expect(isAlive(pid)).toBe(false);
  const second = await start();
  expect(second.adopted).toBe(false);
  expect(new URL(second.ownerUrl).password).toBe(new URL(first.ownerUrl).password);
  expect(await query(second.ownerUrl, (sql) => sql`select x from public.kept`)).toEqual([{ x: 42 }]);
  expect((await stat(join(dataDir, 'passwords.json'))).mode & 0o777).toBe(0o600);
});

test('it never runs as root, listens on loopback alone without a unix socket, and asks for passwords', async () => {
  const started = await start();
  const [row] = await query(started.superuserUrl, (sql) => sql`select current_setting('listen_addresses') as listen, current_setting('unix_socket_directories') as sockets`);
  expect(row).toEqual({ listen: '127.0.0.1', sockets: '' });
  const account = await serverAccount();
  expect(account.uid).not.toBe(0);
  expect((await stat(join(dataDir, 'data'))).uid).toBe(account.uid);
  const wrong = new URL(started.ownerUrl);
  wrong.password = 'wrong';
  await expect(query(wrong.href, (sql) => sql`select 1`)).rejects.toThrow(/password authentication failed/);
});

test('a second start adopts a running server, and leaves it to its starter', async () => {
  const elsewhere = await startElsewhere();
  const pid = await serverPid();
  const adopted = await start();
  expect(adopted.adopted).toBe(true);
  await adopted.stop();
  expect(isAlive(pid)).toBe(true);
  elsewhere.kill('SIGKILL');
});

test('a killed starter leaves no server, and the next start works at once', async () => {
  const elsewhere = await startElsewhere();
  const pid = await serverPid();
  elsewhere.kill('SIGKILL');
  const next = await start();
  expect(await query(next.ownerUrl, (sql) => sql`select 1 as x`)).toEqual([{ x: 1 }]);
  expect(await serverPid()).not.toBe(pid);
  expect(isAlive(pid)).toBe(false);
});

test('a server that crashed is recovered', async () => {
  const first = await start();
  await query(first.ownerUrl, (sql) => sql`create table public.kept as select 1 as x`);
  process.kill(await serverPid(), 'SIGKILL');
  const deadline = performance.now() + 10_000;
  while (isAlive(await serverPid()) && performance.now() < deadline) await sleep(20);
  const second = await start();
  expect(await query(second.ownerUrl, (sql) => sql`select x from public.kept`)).toEqual([{ x: 1 }]);
});

test('a server that is killed is started again on its port, with what was committed; a stop is a stop', async () => {
  const kept = await keepPostgres({ dataDir });
  try {
    await query(kept.ownerUrl, (sql) => sql`create table public.kept as select 42 as x`);
    process.kill(await serverPid(), 'SIGKILL');
    await expect.poll(() => kept.restarts(), { timeout: 60_000 }).toBe(1);
    expect(await query(kept.ownerUrl, (sql) => sql`select x from public.kept`)).toEqual([{ x: 42 }]);
  } finally {
    await kept.stop();
  }
  expect([isAlive(await serverPid()), kept.restarts()]).toEqual([false, 1]);
}, 120_000);

test('two starts at once on one new folder give one server', async () => {
  const [one, two] = await Promise.all([start(), start()]);
  expect(one.port).toBe(two.port);
  expect([one.adopted, two.adopted].toSorted()).toEqual([false, true]);
});

test('a folder whose passwords are gone begins anew, unless a server runs on it', async () => {
  const first = await start();
  await unlink(join(dataDir, 'passwords.json'));
  await expect(startPostgres({ dataDir })).rejects.toMatchObject({ code: 'postgres_foreign' });
  await first.stop();
  const second = await start();
  expect(second.ownerUrl).not.toBe(first.ownerUrl);
});

test('below a folder that nobody else may enter, the data lies where the server reaches it', async () => {
  await chmod(dataDir, 0o700);
  const started = await startPostgres({ dataDir, ephemeral: true });
  try {
    const [row] = await query(started.superuserUrl, (sql) => sql`show data_directory`);
    // Only root starts the server under another account.
    const expected = process.getuid?.() === 0 ? /^\/var\/lib\/sidelight\/data\/[0-9a-f]{24}$/ : /\/data$/;
    expect(row?.['data_directory']).toMatch(expected);
  } finally {
    await started.stop();
  }
  expect(await readFile(join(dataDir, 'passwords.json'), 'utf8')).toContain('superuser');
});
