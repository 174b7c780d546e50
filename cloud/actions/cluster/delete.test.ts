import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asOrg, connectAgent, makeCluster, signUpWithOrg, testCloud, testFrame, testHello, testWindow } from '../../testing.ts';
import type { TestCloud } from '../../testing.ts';

let cloud: TestCloud;

beforeAll(async () => {
  cloud = await testCloud();
});
afterAll(async () => {
  await cloud.stop();
});

test('a deleted cluster leaves no row behind in any table, and its neighbour keeps all', async () => {
  const person = await signUpWithOrg(cloud.url, 'shop');
  const start = Math.floor(Date.now() / 10_000) * 10_000 - 20_000;
  const [gone, kept] = [await makeCluster(person, 'shop', 'gone'), await makeCluster(person, 'shop', 'kept')];
  for (const { token } of [gone, kept]) {
    const agent = await connectAgent(cloud.url, token);
    await agent.ask(testHello());
    await agent.ask(testFrame(1, [testWindow(start, [{ requests: 5 }])], { marks: { aa: 1 }, dropped: { proxyWindows: 1, frames: 0, folded: 0 } }));
    agent.cut();
  }
  expect((await person.call('DELETE', `/api/v1/orgs/shop/clusters/${gone.id}`)).status).toBe(204);
  const owner = postgres(cloud.database.ownerUrl, { max: 1 });
  const tables = await owner<{ name: string }[]>`
    select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'cluster_id'
    where c.relnamespace = 'tenant'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`;
  await owner.end();
  await asOrg(cloud.database, 'shop', async (tx) => {
    for (const { name } of tables) expect(await tx`select 1 from ${tx(`tenant.${name}`)} where cluster_id = ${gone.id}`, name).toHaveLength(0);
    expect(await tx`select 1 from tenant.window_part where cluster_id = ${kept.id} and kind = 'edge'`).toHaveLength(1);
  });
});
