/** The way of a caller's exchanges to a service: pick an endpoint, take or open a connection, try another when that fails. */
import type { Outcome } from '../balance/outcome.ts';
import type { Waiter } from '../balance/pool.ts';
import type { Callee } from '../http/callee.ts';
import type { Connecting, Route } from '../http/upstream.ts';
import type { ExchangePolicy } from '../policy/exchange-policy.ts';
import type { EdgeHandle } from '../telemetry/recorder.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import { Approach, type Seeker } from './approach.ts';
import type { EndpointConnections } from './endpoint.ts';
import type { Upstream } from './upstream.ts';

export class OutboundRoute implements Route, Seeker, Waiter<Callee> {
  private readonly upstream: Upstream;
  private readonly way: Approach;
  private connecting: Connecting | null = null;
  private waitingAt: EndpointConnections | null = null;

  constructor(upstream: Upstream) {
    this.upstream = upstream;
    this.way = new Approach(upstream, this);
  }

  get policy(): ExchangePolicy | null {
    return this.upstream.policy;
  }

  get unconnectedEdge(): EdgeHandle {
    return this.way.attempts.endpoint?.edge ?? this.upstream.nobody;
  }

  connect(connecting: Connecting): void {
    this.connecting = connecting;
    this.way.begin();
  }

  connectFresh(connecting: Connecting): void {
    this.connecting = connecting;
    const { endpoint } = this.way.attempts;
    if (endpoint === null) connecting.unconnected('hop-closed');
    else this.wait(endpoint);
  }

  connectAgain(connecting: Connecting, latencyUs: number, outcome: Outcome): void {
    this.connecting = connecting;
    this.way.attempts.finished(latencyUs, false, outcome);
    this.way.again();
  }

  cancel(): void {
    this.way.cancel();
    this.waitingAt?.pool.cancel(this);
    this.waitingAt = null;
    this.connecting = null;
  }

  finished(latencyUs: number, failed: boolean, outcome?: Outcome): void {
    this.way.attempts.finished(latencyUs, failed, outcome);
    this.way.attempts.begin();
  }

  connected(callee: Callee): void {
    const { connecting, waitingAt } = this;
    this.waitingAt = null;
    if (connecting === null || waitingAt === null) return callee.release(true, 0);
    this.way.reached();
    connecting.connected(callee, waitingAt.edge);
  }

  failed(code: FaultCodeName): void {
    this.waitingAt = null;
    this.way.failed(code);
  }

  approach(endpoint: EndpointConnections): void {
    const callee = endpoint.pool.take();
    if (callee === null) return this.wait(endpoint);
    this.way.reached();
    this.connecting?.connected(callee, endpoint.edge);
  }

  gaveUp(code: FaultCodeName): void {
    this.connecting?.unconnected(code);
  }

  retried(): void {
    this.connecting?.retried();
  }

  private wait(endpoint: EndpointConnections): void {
    this.waitingAt = endpoint;
    endpoint.pool.wait(this);
  }
}
