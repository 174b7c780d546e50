/** `npm run serve` as a person runs it: with its own Postgres, and with one given by DATABASE_URL. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openApi, signIn, signUp } from '../api.ts';
import { freePort } from '../ports.ts';
import { startPostgres } from '../postgres/launch.ts';
import { ROOT } from '../root.ts';
import { until } from './harness.ts';

const START_MS_MAX = 90_000;
const ACCOUNT = { email: 'ada@example.com', name: 'Ada', password: 'a long enough password' };

let folder: string;
const programs: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidelight-serve-'));
  await chmod(folder, 0o755);
});
afterEach(async () => {
  await Promise.all(programs.splice(0).map(async (program) => {
    if (program.exitCode !== null || program.signalCode !== null) return;
    const ended = once(program, 'exit');
    program.kill('SIGTERM');
    await ended;
  }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function serve(env: Record<string, string>): Promise<{ program: ChildProcess; origin: string }> {
  const port = await freePort();
  const program = spawn(process.execPath, [join(ROOT, 'infra/serve.ts')], { cwd: ROOT, env: { ...process.env, PORT: String(port), ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  programs.push(program);
  let output = '';
  for (const stream of [program.stdout, program.stderr]) stream?.on('data', (bytes: Buffer) => { output += bytes.toString(); });
  const ready = await until('the ready line', START_MS_MAX, async () => {
    if (program.exitCode !== null) throw new Error(`it ended: ${output}`);
    return /^ready (http:\S+)$/m.exec(output) ?? undefined;
  });
  return { program, origin: ready[1] ?? '' };
}

async function stop(program: ChildProcess): Promise<number | null> {
  const ended = once(program, 'exit') as Promise<[number | null]>;
  program.kill('SIGINT');
  return (await ended)[0];
}

test('with its own Postgres: API, document and console answer, data is kept over a restart, Ctrl-C ends with 0', async () => {
  const data = join(folder, 'own');
  const first = await serve({ SIDELIGHT_DATA: data });
  expect((await fetch(`${first.origin}/healthz`)).status).toBe(200);
  expect(await (await fetch(`${first.origin}/openapi.json`)).json()).toMatchObject({ openapi: expect.stringMatching(/^3\.1/), paths: { '/api/v1/orgs/{slug}/health': expect.anything() } });
  const page = await fetch(`${first.origin}/o/anything/deep`, { headers: { accept: 'text/html' } });
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<div id="root"')]);
  await signUp(openApi(first.origin), ACCOUNT);
  expect(await stop(first.program)).toBe(0);
  const second = await serve({ SIDELIGHT_DATA: data });
  const api = await signIn(openApi(second.origin), ACCOUNT);
  expect((await api.call('getMe', {})).user?.email).toBe(ACCOUNT.email);
  expect(await stop(second.program)).toBe(0);
}, 240_000);

test('with DATABASE_URL: it migrates that database, and serves with a login that owns nothing', async () => {
  const yours = await startPostgres({ dataDir: join(folder, 'yours'), ephemeral: true });
  try {
    const { program, origin } = await serve({ SIDELIGHT_DATA: join(folder, 'given'), DATABASE_URL: yours.ownerUrl });
    await signUp(openApi(origin), ACCOUNT);
    const sql = postgres(yours.superuserUrl.replace(/\/postgres$/, '/sidelight'), { max: 1 });
    const logins = await sql`select distinct usename from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
    const [users] = await sql`select count(*)::int as n from auth."user"`;
    await sql.end();
    expect(logins.map((row) => row['usename'])).toEqual(['sidelight_server']);
    expect(users?.['n']).toBe(1);
    expect(await stop(program)).toBe(0);
  } finally {
    await yours.stop();
  }
}, 240_000);
