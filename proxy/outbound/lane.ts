/** One service as this proxy calls it, with the callers on their way to it. */
import { RETIRE_IDLE_MS } from '../sockets/limits.ts';
import type { ServicePort, SocketAddress } from '../wire/orders.ts';
import type { Retirable } from '../http/upstream.ts';
import { Upstream, type UpstreamParts } from './upstream.ts';

export class Lane {
  readonly upstream: Upstream;
  readonly callers = new Set<Retirable>();
  /** Nobody of the mesh. */
  readonly external: boolean;
  private to: ServicePort;
  private zone: string | null;

  /** `address` is what apps dial. `zone` is this proxy's own. */
  constructor(parts: UpstreamParts, to: ServicePort, address: SocketAddress, zone: string | null, external: boolean) {
    this.to = to;
    this.zone = zone;
    this.external = external;
    this.upstream = new Upstream(parts, { listen: address, ...to });
    this.upstream.configure(to.policy ?? {}, zone);
  }

  /** Whether the lane can be led to these endpoints as it is, with its connections and its balancer. */
  fits(to: ServicePort): boolean {
    return to.service === this.to.service && to.port === this.to.port && to.protocol === this.to.protocol;
  }

  /** New endpoints and policy of the same service. */
  update(to: ServicePort, zone: string | null): void {
    if (JSON.stringify(to.endpoints) !== JSON.stringify(this.to.endpoints)) this.upstream.update(to.endpoints);
    if (zone !== this.zone || JSON.stringify(to.policy) !== JSON.stringify(this.to.policy)) this.upstream.configure(to.policy ?? {}, zone);
    this.to = to;
    this.zone = zone;
  }

  get service(): string {
    return this.to.service;
  }

  get port(): number {
    return this.to.port;
  }

  /** Somebody is on the way. */
  get busy(): boolean {
    return this.callers.size > 0;
  }

  get balanced(): boolean {
    return this.to.protocol !== 'opaque';
  }

  retire(): void {
    for (const caller of this.callers) caller.retire(RETIRE_IDLE_MS);
  }

  /** Open callers finish what they have in flight. */
  close(): void {
    this.upstream.close();
    this.retire();
  }

  breakOff(): void {
    for (const caller of [...this.callers]) caller.stop();
  }
}
