/** Tap: start, look, stop. */
import { readTapEvents } from '../actions/tap/read.ts';
import { startTap } from '../actions/tap/start.ts';
import { stopTap } from '../actions/tap/stop.ts';
import type { Handlers } from './handler.ts';

export const tapHandlers: Handlers<'startTap' | 'readTap' | 'stopTap'> = {
  startTap: ({ context, params, body, services }) => startTap(context, { clusterId: params.clusterId, tap: body, randomBytes: services.randomBytes }),
  readTap: ({ context, params, query }) => readTapEvents(context, { clusterId: params.clusterId, id: params.id, after: query.after }),
  stopTap: async ({ context, params }) => {
    await stopTap(context, { clusterId: params.clusterId, id: params.id });
    return null;
  },
};
