/** What a webhook receives: Standard Webhooks headers (`webhook-id webhook-timestamp webhook-signature`) and this body. */
import { z } from 'zod';
import { Incident } from './entities.ts';

export const WebhookEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('incident.opened'), timestamp: z.iso.datetime(), data: z.object({ org: z.string(), incident: Incident, url: z.string() }) }),
  z.object({ type: z.literal('incident.resolved'), timestamp: z.iso.datetime(), data: z.object({ org: z.string(), incident: Incident, url: z.string() }) }),
  z.object({ type: z.literal('channel.test'), timestamp: z.iso.datetime(), data: z.object({ org: z.string(), text: z.string() }) }),
]);
export type WebhookEvent = z.infer<typeof WebhookEvent>;
