/** Imports a generated past through the public API, as its owner. */
import type { ApiClient } from '../api.ts';
import { type Past, bodies } from './past.ts';

/** `refused`: pieces of which the cloud knows something else, such as measured hours; those stay as they are. */
export interface ImportedPast {
  readonly hours: number;
  readonly calls: number;
  readonly refused: number;
}

/** Generates the next body while the cloud takes the one before. */
export async function importPast(api: ApiClient, slug: string, clusterId: string, past: Past): Promise<ImportedPast> {
  let [hours, calls, refused] = [0, 0, 0];
  const send = async (body: Parameters<typeof api.call<'importHistory'>>[1]['body']): Promise<void> => {
    const answer = await api.call('importHistory', { params: { slug, clusterId }, body });
    hours += answer.hours.imported;
    refused += answer.refused.length;
    calls += 1;
  };
  let underWay = Promise.resolve();
  for (const body of bodies(past)) {
    await underWay;
    underWay = send(body);
    // The loop ends by another body's fault, or awaits this one.
    underWay.catch(() => undefined);
    // Lets the request leave before the next body is generated.
    await new Promise((resolve) => { setTimeout(resolve, 0); });
  }
  await underWay;
  return { hours, calls, refused };
}
