/**
 * Edge totals that the rules of one run share: many rules watch the same window of the same cluster. It lives for a run
 * only; data that comes later announces itself and is read by the run after.
 */
import type { Transaction } from '../db/client.ts';
import type { OrgId } from '../db/tenant.ts';
import type { EdgeTotal } from '../series/edge.ts';
import type { EntityNames } from '../series/names.ts';
import { readEdgeTotals } from '../series/read.ts';
import type { Slice } from './since.ts';

/** Rows kept over all windows, some 200 bytes each; the windows read first go first. */
export const EDGE_ROWS_MAX = 100_000;

export interface EdgeReads {
  /** Totals of the range; read in `tx` when no rule of the run has read it before. */
  edges(tx: Transaction, orgId: OrgId, clusterId: string, range: Slice): Promise<readonly EdgeTotal[]>;
  readonly counters: { reads: number; shared: number };
}

export function createEdgeReads(names: EntityNames, rowsMax: number = EDGE_ROWS_MAX): EdgeReads {
  const kept = new Map<string, Promise<readonly EdgeTotal[]>>();
  const sizes = new Map<string, number>();
  const counters = { reads: 0, shared: 0 };
  let rows = 0;

  function forget(key: string): void {
    kept.delete(key);
    rows -= sizes.get(key) ?? 0;
    sizes.delete(key);
  }

  function keep(key: string, edges: readonly EdgeTotal[]): void {
    sizes.set(key, edges.length);
    rows += edges.length;
    for (const oldest of sizes.keys()) {
      if (rows <= rowsMax) return;
      forget(oldest);
    }
  }

  return {
    counters,
    edges: (tx, orgId, clusterId, range) => {
      const key = JSON.stringify([orgId, clusterId, range.fromMs, range.toMs]);
      const known = kept.get(key);
      if (known !== undefined) {
        counters.shared += 1;
        return known;
      }
      counters.reads += 1;
      const reading = readEdgeTotals(tx, orgId, clusterId, range.fromMs, range.toMs, names);
      kept.set(key, reading);
      // A read that fails is its own rule's fault only; the next rule reads again.
      reading.then((edges) => keep(key, edges), () => forget(key));
      return reading;
    },
  };
}
