import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeMessage, encodeMessage } from '../../agent/wire/envelope.ts';
import type { AgentDown } from '../../agent/wire/down.ts';
import { connectDatabase } from '../db/client.ts';
import type { Sql } from '../db/client.ts';
import { tenant } from '../db/tenant.ts';
import type { OrgId } from '../db/tenant.ts';
import { CREDENTIAL_MS, credentialKey, openCredential } from '../auth/credential.ts';
import { testDatabase } from '../db/testing.ts';
import type { TestDatabase } from '../db/testing.ts';
import { silentLog } from '../log.ts';
import { createEntityNames } from '../series/names.ts';
import { testFrame, testHello } from '../testing.ts';
import { createHub } from './hub.ts';
import { createUplinkCounters } from './session.ts';
import type { UplinkCounters } from './session.ts';
import type { UplinkConnection, UplinkHub } from './hub.ts';

let database: TestDatabase;
let sql: Sql;
let now = Date.now();
const ORG = 'org_hub' as OrgId;

beforeAll(async () => {
  database = await testDatabase();
  sql = connectDatabase(database.serverUrl, 3);
  await tenant(sql, ORG).transaction(async (tx) => {
    await tx`insert into tenant.cluster (org_id, id, name, created_by) values (${ORG}, 'clu', 'clu', 'test')`;
    await tx`insert into tenant.token (org_id, id, kind, cluster_id, name, prefix, hash, created_by) values (${ORG}, 'tok', 'agent', 'clu', 'x', 'x', '\\x00', 'test')`;
  });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

const KEY = credentialKey('a secret of at least thirty-two characters');

function hub(): { hub: UplinkHub; counters: UplinkCounters } {
  const counters = createUplinkCounters();
  return { counters, hub: createHub(sql, { names: createEntityNames(), now: () => now, randomBytes, log: silentLog, counters, credentialKey: KEY, committed: () => undefined }) };
}

interface Attached { readonly connection: UplinkConnection; readonly sent: AgentDown[]; readonly credentials: string[]; readonly events: string[] }

/** A socket that notes what is done to it. */
function attach(to: UplinkHub): Attached {
  const sent: AgentDown[] = [];
  const [events, credentials]: [string[], string[]] = [[], []];
  const connection = to.attach({ tenant: tenant(sql, ORG), clusterId: 'clu', tokenId: 'tok' }, {
    send: (bytes) => {
      const message = decodeMessage(bytes) as AgentDown;
      if (message.kind === 'credential') credentials.push(message.credential);
      else sent.push(message);
    },
    close: (code) => { events.push(`close ${code}`); },
    terminate: () => { events.push('terminate'); },
    ping: () => { events.push('ping'); },
    pause: () => { events.push('pause'); },
    resume: () => { events.push('resume'); },
  });
  if (!connection) throw new Error('refused');
  return { connection, sent, credentials, events };
}

async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a socket that answers pings stays, and is cut when it falls silent', async () => {
  const { hub: held } = hub();
  const alive = attach(held);
  alive.connection.message(encodeMessage(testHello()));
  await until(() => alive.sent.length > 0);
  now += 31_000;
  alive.connection.pong();
  await held.beat();
  expect(alive.events).toEqual(['ping']);
  now += 31_000;
  await held.beat();
  expect(alive.events.at(-1)).toBe('terminate');
  expect(held.size).toBe(0);
  await held.stop();
});

test('a connection that never says hello is closed', async () => {
  const { hub: held } = hub();
  const quiet = attach(held);
  now += 11_000;
  await held.beat();
  expect(quiet.sent).toMatchObject([{ kind: 'refused', code: 'frame_invalid' }]);
  expect(quiet.events).toEqual(['close 1008']);
  await held.stop();
});

test('a full queue pauses the socket and resumes it when it is worked off', async () => {
  const { hub: held } = hub();
  const busy = attach(held);
  busy.connection.message(encodeMessage(testHello()));
  for (let sequence = 1; sequence <= 10; sequence++) busy.connection.message(encodeMessage(testFrame(sequence, [])));
  expect(busy.events).toEqual(['pause']);
  await until(() => busy.sent.length === 11);
  expect(busy.events).toEqual(['pause', 'resume']);
  expect(busy.sent.at(-1)).toEqual({ kind: 'acknowledge', epoch: 1, sequence: 10 });
  await held.stop();
});

test('an agent that ignores the pause is cut off at a bound', async () => {
  const { hub: held, counters } = hub();
  const flood = attach(held);
  for (let sequence = 0; sequence < 200; sequence++) flood.connection.message(encodeMessage(testFrame(sequence + 1, [])));
  expect(flood.sent.at(-1)).toMatchObject({ kind: 'refused', code: 'overloaded' });
  expect(flood.events).toContain('close 1008');
  expect(counters.refused).toBeGreaterThan(0);
  await held.stop();
});

test('a hub that has stopped takes nobody', async () => {
  const { hub: held } = hub();
  await held.stop();
  expect(() => attach(held)).toThrow('refused');
});

test('a welcomed connection gets a credential of its token and cluster, and a new one before that has expired', async () => {
  const { hub: to } = hub();
  const { connection, sent, credentials } = attach(to);
  connection.message(encodeMessage(testHello()));
  await until(() => credentials.length === 1);
  expect(sent.map((message) => message.kind)).toEqual(['welcome']);
  expect(openCredential(KEY, credentials[0] ?? '', now)).toEqual({ kind: 'claims', claims: { orgId: ORG, clusterId: 'clu', tokenId: 'tok' } });
  const began = now;
  for (; now < began + CREDENTIAL_MS; now += 10_000) {
    connection.pong();
    await to.beat();
    expect(openCredential(KEY, credentials.at(-1) ?? '', now).kind).toBe('claims');
  }
  expect(credentials).toHaveLength(2);
  await to.stop();
});

test('an agent whose message took long to store is told to pause for as long', async () => {
  const { hub: to, counters } = hub();
  const { connection, sent } = attach(to);
  connection.message(encodeMessage(testHello()));
  await until(() => sent.length === 1);
  const blocker = connectDatabase(database.serverUrl, 1);
  const [locked, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const held = tenant(blocker, ORG).transaction(async (tx) => {
    await tx`select 1 from tenant.cluster where org_id = ${ORG} and id = 'clu' for update`;
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  connection.message(encodeMessage(testFrame(1, [])));
  await new Promise((resolve) => setTimeout(resolve, 50));
  now += 4_000;
  release.resolve();
  await held;
  await until(() => sent.length === 3);
  expect(sent.map((message) => message.kind)).toEqual(['welcome', 'acknowledge', 'slow']);
  expect(sent[2]).toEqual({ kind: 'slow', waitMs: 4_000 });
  expect(counters.slowed).toBe(1);
  await blocker.end();
  await to.stop();
});
