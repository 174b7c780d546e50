/** A mesh as the generator of history needs it: who calls whom how often, how long things take. Pure. */

export interface ModelCall {
  /** `namespace/name` of the called service. */
  readonly to: string;
  /** Share of the caller's requests that make this call, 0…1. */
  readonly share: number;
  /** `GET /items/:id`; empty for opaque connections. */
  readonly route: string;
}

/** A service and the one workload behind it. */
export interface ModelService {
  /** `namespace/name`. */
  readonly service: string;
  /** `namespace/kind/name`. */
  readonly workload: string;
  readonly protocol: 'http1' | 'opaque';
  /** Its own time: a log-normal distribution by median and spread of the logarithm. */
  readonly medianMs: number;
  readonly sigma: number;
  /** True: its calls are made at once, not one after the other. */
  readonly fanOut: boolean;
  /** Share of its requests that fail although nothing is broken. */
  readonly errorShare: number;
  readonly calls: readonly ModelCall[];
}

export interface MeshModel {
  readonly trustDomain: string;
  readonly services: readonly ModelService[];
  /** What callers outside the mesh ask for. */
  readonly entry: { readonly service: string; readonly requestsPerSecond: number; readonly routes: readonly { readonly route: string; readonly weight: number }[] };
}

/** What is wrong with a service for a while. */
export type Trouble =
  /** Its app answers that share of its requests with an error. */
  | { readonly kind: 'app'; readonly share: number }
  /** That share of the calls to it find no endpoint. */
  | { readonly kind: 'mesh'; readonly share: number }
  /** It takes `factor` times as long, and fails that share. */
  | { readonly kind: 'slow'; readonly factor: number; readonly share: number };

/** A service at one moment: its whole time, and how likely a request to it fails by an app's fault or before it was seen. */
export interface Condition {
  readonly medianMs: number;
  readonly sigma: number;
  readonly appShare: number;
  readonly meshShare: number;
}

/** One view-less edge of the model: a call, or the entry with an empty caller. */
export interface Flow {
  readonly caller: ModelService | null;
  readonly callee: ModelService;
  readonly route: string;
  /** Calls per request that enters the mesh. */
  readonly perEntry: number;
}

/** Opaque connections serve this many requests each before they are closed. */
const REQUESTS_PER_CONNECTION = 20;

/** A service of the model. Throws for a name that is in no service. */
export function serviceIn(model: MeshModel, name: string): ModelService {
  const found = model.services.find((service) => service.service === name);
  if (found === undefined) throw new Error(`${name} is called but is no service of the model`);
  return found;
}

/** Every edge with its calls per request that enters: the shares along all ways to it. Calls must not go round. */
export function flowsOf(model: MeshModel): Flow[] {
  const entry = serviceIn(model, model.entry.service);
  const perEntry = new Map<string, number>([[entry.service, 1]]);
  const flows: Flow[] = model.entry.routes.map(({ route, weight }) => ({ caller: null, callee: entry, route, perEntry: weight / totalWeight(model) }));
  for (const caller of inOrder(model)) {
    for (const call of caller.calls) {
      const callee = serviceIn(model, call.to);
      const calls = (perEntry.get(caller.service) ?? 0) * call.share;
      perEntry.set(callee.service, (perEntry.get(callee.service) ?? 0) + calls);
      flows.push({ caller, callee, route: call.route, perEntry: callee.protocol === 'opaque' ? calls / REQUESTS_PER_CONNECTION : calls });
    }
  }
  return flows;
}

function totalWeight(model: MeshModel): number {
  return model.entry.routes.reduce((sum, { weight }) => sum + weight, 0);
}

/** Services, each before those that it calls. Throws when calls go round. */
function inOrder(model: MeshModel): ModelService[] {
  const order: ModelService[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (service: ModelService): void => {
    if (state.get(service.service) === 'done') return;
    if (state.get(service.service) === 'open') throw new Error(`calls go round at ${service.service}`);
    state.set(service.service, 'open');
    for (const call of service.calls) visit(serviceIn(model, call.to));
    state.set(service.service, 'done');
    order.unshift(service);
  };
  for (const service of model.services) visit(service);
  return order;
}

/** The condition of every service under the troubles of a moment: faults and waiting travel from callees to callers. */
export function conditions(model: MeshModel, troubles: ReadonlyMap<string, Trouble>): ReadonlyMap<string, Condition> {
  const found = new Map<string, Condition>();
  for (const service of inOrder(model).reverse()) found.set(service.service, conditionOf(service, troubles.get(service.service), found));
  return found;
}

function conditionOf(service: ModelService, trouble: Trouble | undefined, callees: ReadonlyMap<string, Condition>): Condition {
  const slower = trouble?.kind === 'slow' ? trouble.factor : 1;
  const ownShare = trouble?.kind === 'app' || trouble?.kind === 'slow' ? Math.max(trouble.share, service.errorShare) : service.errorShare;
  const own = service.medianMs * slower;
  let [healthy, waitMs, spread] = [1 - ownShare, 0, (own * service.sigma) ** 2];
  for (const call of service.calls) {
    const callee = callees.get(call.to);
    if (!callee) continue;
    healthy *= 1 - call.share * (1 - (1 - callee.appShare) * (1 - callee.meshShare));
    waitMs = service.fanOut ? Math.max(waitMs, callee.medianMs) : waitMs + call.share * callee.medianMs;
    spread += (call.share * callee.medianMs * callee.sigma) ** 2;
  }
  const medianMs = own + waitMs;
  return { medianMs, sigma: Math.max(0.15, Math.sqrt(spread) / medianMs), appShare: 1 - healthy, meshShare: trouble?.kind === 'mesh' ? trouble.share : 0 };
}
