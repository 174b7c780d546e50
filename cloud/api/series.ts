/** Health, topology, workloads and metrics over time. */
import { ApiError } from '../context.ts';
import { readFleet } from '../series/fleet.ts';
import { readTopology, readWorkload, readWorkloads } from '../series/pages.ts';
import { readSeries } from '../series/series.ts';
import type { Handlers } from './handler.ts';

export const seriesHandlers: Handlers<'getHealth' | 'getOnlyHealth' | 'getTopology' | 'listWorkloads' | 'getWorkload' | 'getSeries'> = {
  getHealth: ({ context, query, services }) => readFleet(context, services.names, query),
  getOnlyHealth: async ({ context, query, services }) => {
    const [only, ...others] = context.orgs;
    if (!only) throw new ApiError('org_required', 'You belong to no organization yet; make one with POST /api/v1/orgs.');
    if (others.length > 0) {
      const slugs = context.orgs.map(({ org }) => org.slug).join(', ');
      throw new ApiError('org_required', `You belong to several organizations (${slugs}); ask /api/v1/orgs/{slug}/health.`);
    }
    return readFleet(only, services.names, query);
  },
  getTopology: ({ context, params, query, services }) => readTopology(context, services.names, params.clusterId, query),
  listWorkloads: ({ context, params, query, services }) => readWorkloads(context, services.names, params.clusterId, query),
  getWorkload: ({ context, params, query, services }) =>
    readWorkload(context, services.names, params.clusterId, `${params.namespace}/${params.kind}/${params.name}`, query),
  getSeries: ({ context, params, query, services }) => readSeries(context, services.names, params.clusterId, query),
};
