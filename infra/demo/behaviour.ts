/** How a demo service behaves: what it calls, how long it takes, how often it fails. Pure. */

export interface ServiceCall {
  /** `namespace/name`. */
  readonly service: string;
  readonly protocol: 'http1' | 'opaque';
  /** What it dials for it: its sidecar, or the service's virtual address. */
  readonly address: string;
  /** Share of the requests that make this call, 0…1. */
  readonly share: number;
  readonly method: 'GET' | 'POST';
  /** `{id}` stands for a number. */
  readonly path: string;
}

export interface ServiceConfig {
  /** `namespace/name`. */
  readonly service: string;
  readonly protocol: 'http1' | 'opaque';
  readonly listen: string;
  /** Address of its control port, which takes breaks; port 0 is any. */
  readonly control: string;
  /** Where it writes the address that it took. */
  readonly controlFile: string;
  /** One after the other, or all at once. */
  readonly order: 'chain' | 'fan-out';
  readonly calls: readonly ServiceCall[];
  /** Its own time: the median of a log-normal distribution, and its spread (sigma of the logarithm). */
  readonly latency: { readonly medianMs: number; readonly sigma: number };
  /** Share of requests that fail although nothing is broken. */
  readonly errorShare: number;
}

/** A break that was asked for: this share fails until then. */
export interface Break {
  readonly share: number;
  readonly untilMs: number;
}

/** Numbers that `{id}` takes; few enough to look like real keys, many enough to need path templates. */
const IDS = 500;
/** No own time of a service is longer. */
const LATENCY_MS_MAX = 2_000;

export type Random = () => number;

/** A sample of the service's own time, ms. Log-normal by Box-Muller. */
export function sampleLatencyMs({ medianMs, sigma }: ServiceConfig['latency'], random: Random): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(LATENCY_MS_MAX, medianMs * Math.exp(sigma * normal));
}

/** Does this request fail by the service's own fault? */
export function fails(config: Pick<ServiceConfig, 'errorShare'>, broken: Break | undefined, nowMs: number, random: Random): boolean {
  const share = broken !== undefined && nowMs < broken.untilMs ? Math.max(broken.share, config.errorShare) : config.errorShare;
  return random() < share;
}

/** The calls that this request makes. */
export function chooseCalls(calls: readonly ServiceCall[], random: Random): ServiceCall[] {
  return calls.filter((call) => random() < call.share);
}

export function fillPath(path: string, random: Random): string {
  return path.replaceAll('{id}', String(1 + Math.floor(random() * IDS)));
}
