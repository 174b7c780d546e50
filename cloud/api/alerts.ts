/** Alert rules, channels and incidents: from the API's calls to their actions. */
import { createChannel } from '../actions/channel/create.ts';
import { deleteChannel } from '../actions/channel/delete.ts';
import { listDeliveries } from '../actions/channel/deliveries.ts';
import { listChannels } from '../actions/channel/list.ts';
import { testChannel } from '../actions/channel/test.ts';
import { getIncident } from '../actions/incident/get.ts';
import { listIncidents } from '../actions/incident/list.ts';
import { createRule } from '../actions/rule/create.ts';
import { deleteRule } from '../actions/rule/delete.ts';
import { getRule } from '../actions/rule/get.ts';
import { listRules } from '../actions/rule/list.ts';
import { updateRule } from '../actions/rule/update.ts';
import type { Handlers } from './handler.ts';

export const alertHandlers: Handlers<
  | 'listRules' | 'createRule' | 'getRule' | 'updateRule' | 'deleteRule'
  | 'listChannels' | 'createChannel' | 'deleteChannel' | 'testChannel' | 'listDeliveries'
  | 'listIncidents' | 'getIncident'
> = {
  listRules: async ({ context }) => ({ rules: await listRules(context) }),
  createRule: ({ context, body, services }) => createRule(context, { rule: body, randomBytes: services.randomBytes }),
  getRule: ({ context, params }) => getRule(context, { id: params.id }),
  updateRule: ({ context, params, body, services: { publicUrl, randomBytes } }) => updateRule(context, { id: params.id, rule: body, publicUrl, randomBytes }),
  deleteRule: async ({ context, params, services: { publicUrl, randomBytes } }) => {
    await deleteRule(context, { id: params.id, publicUrl, randomBytes });
    return null;
  },

  listChannels: async ({ context }) => ({ channels: await listChannels(context) }),
  createChannel: ({ context, body, services: { randomBytes, secret, outboundAllow } }) => createChannel(context, { ...body, randomBytes, secret, outboundAllow }),
  deleteChannel: async ({ context, params }) => {
    await deleteChannel(context, { id: params.id });
    return null;
  },
  testChannel: ({ context, params, services }) => testChannel(context, { id: params.id, randomBytes: services.randomBytes }),
  listDeliveries: async ({ context, params }) => ({ deliveries: await listDeliveries(context, { id: params.id }) }),

  listIncidents: async ({ context, query }) => ({ incidents: await listIncidents(context, query) }),
  getIncident: ({ context, params }) => getIncident(context, { id: params.id }),
};
