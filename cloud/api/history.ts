/** History: maps of heat, gaps, marks, changes between moments, import and export. */
import { exportHistory } from '../actions/history/export.ts';
import { importHistory } from '../actions/history/import.ts';
import { readChanges } from '../series/changes.ts';
import { readGaps } from '../series/gaps.ts';
import { readMarks } from '../series/marks.ts';
import { readHeatmap } from '../series/series.ts';
import type { Handlers } from './handler.ts';

export const historyHandlers: Handlers<'getHeatmap' | 'listGaps' | 'listMarks' | 'getTopologyChanges' | 'importHistory' | 'exportHistory'> = {
  getHeatmap: ({ context, params, query, services }) => readHeatmap(context, services.names, params.clusterId, query),
  listGaps: ({ context, params, query, services }) => readGaps(context, services.names, params.clusterId, query),
  listMarks: ({ context, params, query, services }) => readMarks(context, services.names, params.clusterId, query),
  getTopologyChanges: ({ context, params, query, services }) => readChanges(context, services.names, params.clusterId, query),
  importHistory: ({ context, params, body, services }) => importHistory(context, { clusterId: params.clusterId, history: body, sql: services.sql, names: services.names }),
  exportHistory: ({ context, params, query, services }) => exportHistory(context, { clusterId: params.clusterId, names: services.names, ...query }),
};
