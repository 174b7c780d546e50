/** History: maps of heat, gaps, marks, changes between moments, import and export. */
import { readCluster } from '../actions/cluster/row.ts';
import { ApiError } from '../context.ts';
import type { OrgContext } from '../context.ts';
import type { Handlers } from './handler.ts';

/** Stands in until the readers of the following commits are there. */
async function notYet(context: OrgContext, clusterId: string): Promise<never> {
  await context.tenant.snapshot((tx) => readCluster(tx, context.tenant.orgId, clusterId));
  throw new ApiError('unavailable', 'History can not be read yet.');
}

export const historyHandlers: Handlers<'getHeatmap' | 'listGaps' | 'listMarks' | 'getTopologyChanges' | 'importHistory' | 'exportHistory'> = {
  getHeatmap: ({ context, params }) => notYet(context, params.clusterId),
  listGaps: ({ context, params }) => notYet(context, params.clusterId),
  listMarks: ({ context, params }) => notYet(context, params.clusterId),
  getTopologyChanges: ({ context, params }) => notYet(context, params.clusterId),
  importHistory: ({ context, params }) => notYet(context, params.clusterId),
  exportHistory: ({ context, params }) => notYet(context, params.clusterId),
};
