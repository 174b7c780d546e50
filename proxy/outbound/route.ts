/** The way of a caller's exchanges to a service: pick an endpoint, take or open a connection, try another when that fails. */
import type { Waiter } from '../balance/pool.ts';
import type { Callee } from '../http/callee.ts';
import type { Connecting, Route } from '../http/upstream.ts';
import type { EdgeHandle } from '../telemetry/recorder.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import { Attempts, type EndpointConnections, type Upstream } from './upstream.ts';

export class OutboundRoute implements Route, Waiter<Callee> {
  private readonly upstream: Upstream;
  private readonly attempts: Attempts;
  private connecting: Connecting | null = null;
  private waitingAt: EndpointConnections | null = null;

  constructor(upstream: Upstream) {
    this.upstream = upstream;
    this.attempts = new Attempts(upstream);
  }

  get unconnectedEdge(): EdgeHandle {
    return this.attempts.endpoint?.edge ?? this.upstream.nobody;
  }

  connect(connecting: Connecting): void {
    this.connecting = connecting;
    this.attempts.begin();
    this.attempt();
  }

  connectFresh(connecting: Connecting): void {
    this.connecting = connecting;
    if (this.attempts.endpoint === null) connecting.unconnected('hop-closed');
    else this.wait(this.attempts.endpoint);
  }

  cancel(): void {
    this.waitingAt?.pool.cancel(this);
    this.waitingAt = null;
    this.connecting = null;
  }

  finished(latencyUs: number, failed: boolean): void {
    this.attempts.finished(latencyUs, failed);
    this.attempts.begin();
  }

  connected(callee: Callee): void {
    const { connecting, waitingAt } = this;
    this.waitingAt = null;
    if (connecting === null || waitingAt === null) callee.release(true, 0);
    else connecting.connected(callee, waitingAt.edge);
  }

  failed(code: FaultCodeName): void {
    this.waitingAt = null;
    if (this.attempts.failed(code)) {
      this.connecting?.retried();
      this.attempt();
    } else this.connecting?.unconnected(code);
  }

  private attempt(): void {
    const endpoint = this.attempts.next();
    if (endpoint === null) return this.connecting?.unconnected(this.attempts.code);
    const callee = endpoint.pool.take();
    if (callee === null) this.wait(endpoint);
    else this.connecting?.connected(callee, endpoint.edge);
  }

  private wait(endpoint: EndpointConnections): void {
    this.waitingAt = endpoint;
    endpoint.pool.wait(this);
  }
}
