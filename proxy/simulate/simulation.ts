/** A service under an open load: requests come at random moments, whatever becomes of those before. Pure and seeded. */
import type { Endpoint } from '../wire/orders.ts';
import type { Choice } from './choices.ts';
import { type EndpointModel, type Served, SimulatedEndpoint } from './endpoint.ts';
import { Events } from './events.ts';

export interface SimulationOptions {
  readonly endpoints: readonly EndpointModel[];
  readonly requestsPerSecond: number;
  readonly seconds: number;
  /** In [0, 1), seeded. */
  readonly random: () => number;
  readonly choice: Choice;
}

export interface SimulationResult {
  readonly requests: number;
  /** Requests that no endpoint was fit for. */
  readonly unserved: number;
  readonly failed: number;
  /** Of those that were answered well, sorted. */
  readonly latenciesUs: readonly number[];
  /** Requests of each endpoint. */
  readonly shares: readonly number[];
  /** Failed by each endpoint. */
  readonly failures: readonly number[];
}

export function simulate(options: SimulationOptions): SimulationResult {
  const { requestsPerSecond, seconds, random, choice } = options;
  const events = new Events();
  const endpoints = options.endpoints.map((model) => new SimulatedEndpoint(model, events, random));
  const latenciesUs: number[] = [];
  let [requests, unserved, failed] = [0, 0, 0];
  const arrive = (nowUs: number): void => {
    const nextUs = nowUs - (1e6 / requestsPerSecond) * Math.log(1 - random());
    if (nextUs < seconds * 1e6) events.at(nextUs, arrive);
    requests += 1;
    const begun = choice.begin(nowUs);
    if (begun === null) {
      unserved += 1;
      return;
    }
    endpoints[begun.at]?.take(nowUs, (endUs, served) => {
      begun.ended(endUs, served);
      if (served === 'ok') latenciesUs.push(endUs - nowUs);
      else failed += 1;
    });
  };
  events.at(0, arrive);
  events.run();
  const sum = (counts: Record<Served, number>): number => counts.ok + counts.failed + counts.unreachable;
  return {
    requests, unserved, failed,
    latenciesUs: latenciesUs.sort((a, b) => a - b),
    shares: endpoints.map(({ counts }) => sum(counts) / requests),
    failures: endpoints.map(({ counts }) => counts.failed + counts.unreachable),
  };
}

/** A quantile of the sorted latencies in ms. */
export function quantileMs({ latenciesUs }: SimulationResult, quantile: number): number {
  return (latenciesUs[Math.min(latenciesUs.length - 1, Math.floor(latenciesUs.length * quantile))] ?? 0) / 1000;
}

/** The endpoints as orders would name them. */
export function asOrders(models: readonly EndpointModel[]): Endpoint[] {
  return models.map(({ zone, weight }, at) => ({
    address: { host: '10.0.0.1', port: 8_000 + at }, workload: 'shop/host/cart', instance: `cart-${at}`, mesh: null,
    ...(zone === undefined ? {} : { zone }), ...(weight === undefined ? {} : { weight }),
  }));
}
