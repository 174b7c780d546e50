/** One service as this proxy calls it: its endpoints, who is called next, and the connections that are kept to each. */
import type { Balancer, Candidate } from '../balance/balancer.ts';
import { Failfast, OUTBOUND_FAILFAST_MS } from '../balance/failfast.ts';
import { ReadinessQueue } from '../balance/readiness-queue.ts';
import { ExchangePolicy } from '../policy/exchange-policy.ts';
import { ReliabilityCounters } from '../policy/reliability.ts';
import { formatAddress } from '../sockets/address.ts';
import { PortDetection } from '../tcp/port-detection.ts';
import type { BalancerFacts } from '../telemetry/families-parents.ts';
import type { EdgeHandle } from '../telemetry/recorder.ts';
import type { Protocol } from '../wire/labels.ts';
import type { Endpoint, OutboundListener, PortProtocol } from '../wire/orders.ts';
import type { ServicePolicy } from '../wire/policy.ts';
import { EndpointConnections } from './endpoint.ts';
import type { HopContext } from './hop.ts';

export interface UpstreamParts {
  readonly hops: HopContext;
  readonly balancer: Balancer;
  readonly random: () => number;
  /** Of the whole proxy. */
  readonly counters?: ReliabilityCounters | undefined;
  /** How long exchanges wait while no endpoint is ready; OUTBOUND_FAILFAST_MS when absent. */
  readonly failfastMs?: number | undefined;
  /** What an earlier upstream of the same port learned; absent: nothing. */
  readonly detection?: PortDetection | undefined;
  /** Asks discovery again: the endpoint proved another identity than it should have. */
  readonly rediscover?: ((service: string, port: number, endpoint: Endpoint) => void) | undefined;
}

export class Upstream {
  readonly parts: UpstreamParts;
  readonly protocol: PortProtocol;
  /** What was learned of the port, for `detect`. */
  readonly detection: PortDetection;
  /** The row of an exchange that got no endpoint. */
  readonly nobody: EdgeHandle;
  readonly service: string;
  readonly port: number;
  readonly failfast: Failfast;
  readonly queue: ReadinessQueue;
  readonly counters: ReliabilityCounters;
  /** What the service asks of each exchange; null: nothing. */
  policy: ExchangePolicy | null = null;
  /** Policy and zone in force, as text. */
  private settings = '';
  private added = 0;
  private removed = 0;
  private endpoints = new Map<string, EndpointConnections>();
  /** The same by the balancer's own objects, so that a request builds no key. */
  private chosen = new WeakMap<Candidate, EndpointConnections>();

  constructor(parts: UpstreamParts, listener: OutboundListener) {
    this.parts = parts;
    this.protocol = listener.protocol;
    this.service = listener.service;
    this.port = listener.port;
    this.counters = parts.counters ?? new ReliabilityCounters();
    this.detection = parts.detection ?? new PortDetection();
    this.failfast = new Failfast(parts.failfastMs ?? OUTBOUND_FAILFAST_MS);
    this.nobody = this.nobodyOf(this.usual);
    this.queue = new ReadinessQueue(parts.hops.sockets);
    this.configure(listener.policy ?? {}, null);
    if (listener.endpoints.length === 0) this.failfast.never();
    this.update(listener.endpoints);
  }

  /** What the orders say beside the endpoints. `zone` is this proxy's own. */
  configure(policy: ServicePolicy, zone: string | null): void {
    const settings = JSON.stringify([policy, zone]);
    if (settings === this.settings) return;
    this.settings = settings;
    this.policy = ExchangePolicy.of(policy, this.policy, this.counters);
    this.parts.balancer.configure({ zone, policy: policy.balancer ?? {} });
  }

  /** An endpoint took an exchange. */
  reached(): void {
    this.failfast.ready();
    this.queue.release();
  }

  /** Somebody else is where that endpoint should be. */
  wrongIdentity(candidate: Candidate): void {
    const { balancer, hops, rediscover } = this.parts;
    this.counters.ejected += 1;
    balancer.eject(candidate, hops.sockets.nowUs());
    rediscover?.(this.service, this.port, candidate.endpoint);
  }

  /** Endpoints, how often they changed, and who waits for them. */
  get balance(): Omit<BalancerFacts, 'service' | 'port'> {
    const { ready, unreachable, tripped } = this.parts.balancer.states(this.parts.hops.sockets.nowUs());
    let waiting = this.queue.length;
    for (const { pool } of this.endpoints.values()) waiting += pool.waiting;
    return { ready, pending: unreachable + tripped, waiting, added: this.added, removed: this.removed };
  }

  /** New endpoints; connections to those that stay are kept, the others end when they are idle. */
  update(endpoints: readonly Endpoint[]): void {
    const before = this.endpoints;
    const count = before.size;
    this.endpoints = new Map();
    this.chosen = new WeakMap();
    for (const endpoint of endpoints) {
      const key = keyOf(endpoint);
      const known = before.get(key);
      if (known === undefined) this.added += 1;
      this.endpoints.set(key, known ?? this.connectionsTo(endpoint));
      before.delete(key);
    }
    this.removed += before.size;
    for (const gone of before.values()) gone.close();
    this.parts.balancer.update(endpoints);
    if (endpoints.length === 0 && count > 0) this.failfast.unready(this.parts.hops.sockets.nowUs(), this.parts.random());
    // One that came may be ready, whatever the others were.
    else if (this.endpoints.size > count - before.size) this.reached();
  }

  /** `nobody`, in that protocol. */
  nobodyOf(protocol: Protocol): EdgeHandle {
    const { recorder, workload } = this.parts.hops;
    return recorder.edge({ direction: 'outbound', source: workload, service: this.service, destination: '', protocol, tls: 'plain' }, { port: this.port });
  }

  connections(candidate: Candidate): EndpointConnections {
    const known = this.chosen.get(candidate);
    if (known !== undefined) return known;
    const key = keyOf(candidate.endpoint);
    const found = this.endpoints.get(key) ?? this.connectionsTo(candidate.endpoint);
    this.endpoints.set(key, found);
    this.chosen.set(candidate, found);
    return found;
  }

  sweep(nowMs: number, oldestGeneration: number): void {
    for (const endpoint of this.endpoints.values()) endpoint.sweep(nowMs, oldestGeneration);
  }

  close(): void {
    for (const endpoint of this.endpoints.values()) endpoint.close();
  }

  private connectionsTo(endpoint: Endpoint): EndpointConnections {
    return new EndpointConnections({ hops: this.parts.hops, service: this.service, port: this.port, protocol: this.usual }, endpoint);
  }

  /** What is spoken where nothing else was found out. */
  private get usual(): 'http1' | 'opaque' {
    return this.protocol === 'opaque' ? 'opaque' : 'http1';
  }
}

function keyOf(endpoint: Endpoint): string {
  const mesh = endpoint.mesh === null ? 'plain' : `${formatAddress(endpoint.mesh.address)} ${endpoint.mesh.identity}`;
  return `${formatAddress(endpoint.address)} ${mesh} ${endpoint.workload} ${endpoint.instance}`;
}
