/** What a service asks of its callers' proxies, as the mesh file says it. */
import { z } from 'zod';
import { durationMs, GRPC_RETRYABLE, policyConflicts, policyOf, statusRange } from '../../../proxy/wire/policy-text.ts';
import type { ServicePolicy } from '../../../proxy/wire/policy.ts';

const duration = z.string().refine((text) => durationMs(text) !== null, 'must be a duration with its unit, such as 300ms, 5s or 1m; at most 24h');
const statuses = z.string().refine((text) => statusRange(text) !== null, 'must be 5xx, gateway-error, a status such as 503, or a range such as 500-504');
const share = z.number().min(0, 'must be from 0 to 1').max(1, 'must be from 0 to 1');
const grpcNames = Object.keys(GRPC_RETRYABLE) as (keyof typeof GRPC_RETRYABLE)[];

const balancer = z.strictObject({
  consecutiveFailures: z.number().int().min(1).max(10_000).optional(),
  successRate: z.strictObject({ threshold: share.optional(), window: duration.optional(), requests: z.number().int().min(1).max(1_000_000).optional() }).optional(),
  penalty: z.strictObject({ min: duration.optional(), max: duration.optional(), jitter: share.optional() }).optional(),
  spill: z.number().min(0).max(1_000_000).optional(),
});

const retry = z.strictObject({
  http: z.array(statuses).max(16).optional(),
  grpc: z.array(z.enum(grpcNames)).max(16).optional(),
  limit: z.number().int().min(0).max(10).optional(),
  timeout: duration.optional(),
  methods: z.enum(['idempotent', 'all']).optional(),
  budget: z.strictObject({ ratio: z.number().min(0).max(10).optional(), perSecond: z.number().min(0).max(1_000_000).optional(), window: duration.optional() }).optional(),
});

const timeout = z.strictObject({ request: duration.optional(), response: duration.optional(), idle: duration.optional() });

/** Members of a service beside its name and ports. */
export const policyShape = { balancer: balancer.optional(), retry: retry.optional(), timeout: timeout.optional() };

type Authored = z.output<z.ZodObject<typeof policyShape>>;

/** Tells what contradicts itself; for `superRefine` of the service. */
export function checkPolicy(service: Authored, context: z.RefinementCtx): void {
  for (const { path, message } of policyConflicts(service)) context.addIssue({ code: 'custom', path: [...path], message });
}

/** None is as good as absent, and leaves a mesh without policies as it was. */
export function servicePolicy(service: Authored): { readonly policy?: ServicePolicy } {
  const policy = policyOf(service);
  return policy === undefined ? {} : { policy };
}

/** Where an instance runs, and its share beside the others. */
export const placeShape = {
  zone: z.string().min(1).max(64).optional(),
  weight: z.number().gt(0, 'must be above 0').max(10_000).optional(),
};

/** What is absent stays absent. */
export function placeOf({ zone, weight }: { readonly zone?: string | undefined; readonly weight?: number | undefined }): { readonly zone?: string; readonly weight?: number } {
  return { ...(zone === undefined ? {} : { zone }), ...(weight === undefined ? {} : { weight }) };
}
