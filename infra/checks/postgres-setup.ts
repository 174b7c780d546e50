/**
 * vitest's global set-up: one Postgres for the whole run, started when the first test asks for a database.
 * `cloud/db/testing.ts` asks over HTTP; the address and a word that only this run knows travel by environment.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { migrate } from '../../cloud/db/migrate.ts';
import { faultText } from '../fault.ts';
import { type RunningPostgres, startPostgres } from '../postgres/launch.ts';

const TEMPLATE = 'sidelight_template';

interface TestServer {
  readonly running: RunningPostgres;
  readonly admin: postgres.Sql;
}

/** Started by vitest before the first worker; what it returns runs after the last. */
export default async function setup(): Promise<() => Promise<void>> {
  const word = randomBytes(16).toString('hex');
  let server: Promise<TestServer> | undefined;
  let cloned = 0;
  // Clones of one template take turns: Postgres refuses a second copy of a database that is being copied.
  let queue: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };
  const answer = async (request: IncomingMessage): Promise<object> => {
    if (request.headers.authorization !== `Bearer ${word}`) throw new Error('not of this test run');
    const { running, admin } = await (server ??= startTestServer());
    const database = new URL(request.url ?? '/', 'http://localhost').searchParams.get('drop');
    if (database !== null) return inTurn(() => dropDatabase(admin, database));
    const name = `test_${(cloned += 1)}`;
    return inTurn(() => cloneDatabase(running, admin, name));
  };
  const http = createServer((request, response) => {
    answer(request).then(
      (body) => response.end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(faultText(error)),
    );
  });
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has a port');
  process.env['SIDELIGHT_TEST_POSTGRES'] = `http://${word}@127.0.0.1:${address.port}/`;
  return async () => {
    http.close();
    http.closeAllConnections();
    await stopTestServer(await server?.catch(() => undefined));
  };
}

async function startTestServer(): Promise<TestServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sidelight-test-postgres-'));
  await chmod(dataDir, 0o755);
  const started = await startPostgres({ dataDir, ephemeral: true });
  const running = { ...started, stop: () => started.stop().then(() => rm(dataDir, { recursive: true, force: true })) };
  try {
    const admin = postgres(running.superuserUrl, { max: 2, onnotice: () => undefined });
    await createDatabase(admin, TEMPLATE, 'template0');
    await migrate(databaseUrl(running.ownerUrl, TEMPLATE));
    return { running, admin };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

async function stopTestServer(server: TestServer | undefined): Promise<void> {
  if (server === undefined) return;
  await server.admin.end({ timeout: 1 });
  await server.running.stop();
}

async function cloneDatabase(running: RunningPostgres, admin: postgres.Sql, name: string): Promise<object> {
  await createDatabase(admin, name, TEMPLATE);
  return { name, ownerUrl: databaseUrl(running.ownerUrl, name), serverUrl: databaseUrl(running.serverUrl, name) };
}

async function createDatabase(admin: postgres.Sql, name: string, template: string): Promise<void> {
  await admin`create database ${admin(name)} template ${admin(template)} owner sidelight_owner strategy file_copy`;
  await admin`revoke all on database ${admin(name)} from public`;
  await admin`grant connect on database ${admin(name)} to sidelight_server`;
}

async function dropDatabase(admin: postgres.Sql, name: string): Promise<object> {
  if (!/^test_\d+$/.test(name)) throw new Error(`${name} is no test database`);
  await admin`drop database if exists ${admin(name)} with (force)`;
  return {};
}

function databaseUrl(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
