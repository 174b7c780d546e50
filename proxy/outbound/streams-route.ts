/** The way of one HTTP/2 stream to a service: pick an endpoint, open a stream to it, try another when that fails. */
import type { Outcome } from '../balance/outcome.ts';
import type { CarrierWaiter, Opened, StreamConnecting, StreamProtocol, StreamRoute } from '../http/streams-route.ts';
import type { ExchangePolicy } from '../policy/exchange-policy.ts';
import type { EdgeHandle } from '../telemetry/recorder.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import { Approach, type Seeker } from './approach.ts';
import type { EndpointConnections } from './endpoint.ts';
import type { Upstream } from './upstream.ts';

/** How often a stream that nobody acted on is sent again; more is an endpoint that refuses all. */
const REPEATS_MAX = 2;

export class OutboundStreamRoute implements StreamRoute, Seeker, CarrierWaiter {
  private readonly upstream: Upstream;
  private readonly way: Approach;
  private connecting: StreamConnecting | null = null;
  private protocol: StreamProtocol = 'http2';
  private waitingAt: EndpointConnections | null = null;
  private repeats = REPEATS_MAX;

  constructor(upstream: Upstream) {
    this.upstream = upstream;
    this.way = new Approach(upstream, this);
  }

  get siblings(): number {
    return this.connecting?.siblings ?? 0;
  }

  unconnectedEdge(protocol: StreamProtocol): EdgeHandle {
    return this.way.attempts.endpoint?.edgeOf(protocol) ?? this.upstream.nobodyOf(protocol);
  }

  connect(connecting: StreamConnecting, protocol: StreamProtocol): void {
    this.connecting = connecting;
    this.protocol = protocol;
    this.way.begin();
  }

  again(): boolean {
    if (this.repeats === 0) return false;
    this.repeats--;
    // No fault of the endpoint's: a connection of it went away, or had no room.
    this.way.attempts.finished(-1, false);
    this.connecting?.retried();
    this.way.again();
    return true;
  }

  get policy(): ExchangePolicy | null {
    return this.upstream.policy;
  }

  connectAgain(latencyUs: number, outcome: Outcome): void {
    this.way.attempts.finished(latencyUs, false, outcome);
    this.way.again();
  }

  cancel(): void {
    this.waitingAt?.streams.cancel(this);
    this.waitingAt = null;
    this.connecting = null;
    this.way.cancel();
  }

  finished(latencyUs: number, failed: boolean, outcome: Outcome): void {
    this.way.attempts.finished(latencyUs, failed, outcome);
  }

  approach(endpoint: EndpointConnections): void {
    this.waitingAt = endpoint;
    endpoint.streams.open(this);
  }

  gaveUp(code: FaultCodeName): void {
    this.connecting?.unconnected(code);
  }

  retried(): void {
    this.connecting?.retried();
  }

  carried(on: Opened): void {
    const { waitingAt } = this;
    this.waitingAt = null;
    if (waitingAt === null) return;
    this.way.reached();
    this.connecting?.connected(on, waitingAt.edgeOf(this.protocol), waitingAt.streams.mesh);
  }

  uncarried(code: FaultCodeName): void {
    this.waitingAt = null;
    this.way.failed(code);
  }
}
