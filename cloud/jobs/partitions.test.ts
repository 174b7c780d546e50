import { expect, test } from 'vitest';
import { DAY_MS } from '../rollup/chunk.ts';
import { testStore } from '../rollup/testing.ts';
import { keepPartitions } from './partitions.ts';
import { HOUR_RETENTION_MS } from './retention.ts';

const NOW = 20_480 * DAY_MS;

test('incidents that ended longer ago than 400 days go with their events; open ones stay however old', async () => {
  const store = await testStore(NOW);
  const { orgId } = store.tenant;
  const read = (table: 'incident' | 'incident_event'): Promise<string[]> => store.tenant.transaction(async (tx) =>
    (await tx<{ id: string }[]>`select ${tx(table === 'incident' ? 'id' : 'incident_id')} as id from ${tx(`tenant.${table}`)} where org_id = ${orgId} order by 1`).map((row) => row.id));
  try {
    await store.tenant.transaction(async (tx) => {
      const at = (ago: number | null): Date | null => (ago === null ? null : new Date(NOW - ago));
      for (const [id, ended] of [['just-kept', HOUR_RETENTION_MS - 1000], ['open', null], ['past', HOUR_RETENTION_MS + 1000]] as const) {
        await tx`
          insert into tenant.incident (org_id, id, rule_id, rule_name, severity, cluster_id, cluster_name, scope, threshold, opened_at, resolved_at, sentence)
          values (${orgId}, ${id}, ${id}, 'rule', 'info', ${store.clusterId}, 'test', '{}', 0.9, ${at(500 * DAY_MS)}, ${at(ended)}, 'It failed.')`;
        await tx`insert into tenant.incident_event (org_id, incident_id, at, kind, text) values (${orgId}, ${id}, ${at(500 * DAY_MS)}, 'opened', 'It failed.')`;
      }
    });
    await keepPartitions(store.sql, NOW);
    expect(await read('incident')).toEqual(['just-kept', 'open']);
    expect(await read('incident_event')).toEqual(['just-kept', 'open']);
  } finally {
    await store.close();
  }
});
