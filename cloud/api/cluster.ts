/** Clusters, their agent tokens, and how far connecting one has come. */
import { connectionOf } from '../actions/cluster/connection.ts';
import { createCluster } from '../actions/cluster/create.ts';
import { deleteCluster } from '../actions/cluster/delete.ts';
import { getCluster } from '../actions/cluster/get.ts';
import { listClusters } from '../actions/cluster/list.ts';
import { createAgentToken } from '../actions/token/create-agent.ts';
import { listAgentTokens } from '../actions/token/list.ts';
import type { Handlers } from './handler.ts';

type Names = 'listClusters' | 'createCluster' | 'getCluster' | 'deleteCluster' | 'createClusterToken' | 'listClusterTokens' | 'getConnection';

export const clusterHandlers: Handlers<Names> = {
  listClusters: async ({ context }) => ({ clusters: await listClusters(context) }),
  createCluster: ({ context, body, services }) => createCluster(context, { name: body.name, randomBytes: services.randomBytes }),
  getCluster: ({ context, params }) => getCluster(context, { clusterId: params.clusterId }),
  deleteCluster: async ({ context, params, services: { publicUrl, randomBytes } }) => {
    await deleteCluster(context, { clusterId: params.clusterId, publicUrl, randomBytes });
    return null;
  },
  createClusterToken: ({ context, params, services }) => createAgentToken(context, { clusterId: params.clusterId, randomBytes: services.randomBytes }),
  listClusterTokens: async ({ context, params }) => ({ tokens: await listAgentTokens(context, { clusterId: params.clusterId }) }),
  getConnection: ({ context, params, services }) => connectionOf(context, { clusterId: params.clusterId, publicUrl: services.publicUrl }),
};
