/** The outbound half: a listener per upstream, kept as the orders say. */
import type { Balancer } from '../balance/balancer.ts';
import type { HttpContext, Retirable } from '../http/upstream.ts';
import { formatAddress } from '../sockets/address.ts';
import { RETIRE_IDLE_MS } from '../sockets/limits.ts';
import type { Listener } from '../sockets/listen.ts';
import type { BalancerFacts } from '../telemetry/families-parents.ts';
import type { OutboundListener, SocketAddress } from '../wire/orders.ts';
import { listenOutbound } from './accept.ts';
import type { HopContext } from './hop.ts';
import { Upstream, type UpstreamParts } from './upstream.ts';

export interface OutboundParts {
  readonly http: HttpContext;
  readonly createBalancer: () => Balancer;
  readonly random: () => number;
  readonly rediscover: UpstreamParts['rediscover'];
  readonly admit: () => boolean;
  readonly counted: (change: 1 | -1) => void;
  readonly failed: (what: string, address: SocketAddress, error: unknown) => void;
}

interface Open {
  readonly order: OutboundListener;
  readonly upstream: Upstream;
  readonly callers: Set<Retirable>;
  /** Null while the address can't be taken. */
  listener: Listener | null;
}

export class Outbound {
  private readonly parts: OutboundParts;
  private readonly open = new Map<string, Open>();
  private stopped = false;

  constructor(parts: OutboundParts) {
    this.parts = parts;
  }

  get ready(): boolean {
    return [...this.open.values()].every(({ listener }) => listener !== null);
  }

  /** `zone` is this proxy's own. */
  apply(orders: readonly OutboundListener[], hops: HopContext, zone: string | null): void {
    const wanted = new Map(orders.map((order) => [keyOf(order, hops), order]));
    for (const [key, open] of this.open) {
      if (!wanted.has(key)) this.close(key, open);
    }
    for (const [key, order] of wanted) {
      const open = this.open.get(key);
      if (open === undefined) this.add(key, order, hops);
      else this.update(key, open, order);
    }
    for (const { order, upstream } of this.open.values()) upstream.configure(order.policy ?? {}, zone);
    this.retry();
  }

  /** Opens what is not open yet. */
  retry(): void {
    if (this.stopped) return;
    for (const open of this.open.values()) open.listener ??= this.listen(open);
  }

  /** Of the services that are balanced by request. */
  balancers(): readonly BalancerFacts[] {
    const http = [...this.open.values()].filter(({ order }) => order.protocol !== 'opaque');
    return http.map(({ order: { service, port }, upstream }) => ({ service, port, ...upstream.balance }));
  }

  sweep(nowMs: number, oldestGeneration: number): void {
    for (const { upstream } of this.open.values()) upstream.sweep(nowMs, oldestGeneration);
  }

  /** Tells every caller to go when its exchange is over. */
  retire(): void {
    for (const { callers } of this.open.values()) for (const caller of callers) caller.retire(RETIRE_IDLE_MS);
  }

  /** Accepts nobody any more. */
  stop(): void {
    this.stopped = true;
    for (const open of this.open.values()) {
      open.listener?.stop();
      open.upstream.close();
    }
  }

  /** Breaks off what is in flight. */
  breakOff(): void {
    for (const { callers } of this.open.values()) for (const caller of [...callers]) caller.stop();
  }

  private add(key: string, order: OutboundListener, hops: HopContext): void {
    const { createBalancer, random, rediscover, http: { counters } } = this.parts;
    const upstream = new Upstream({ hops, balancer: createBalancer(), random, rediscover, counters }, order);
    this.open.set(key, { order, upstream, callers: new Set(), listener: null });
  }

  private update(key: string, open: Open, order: OutboundListener): void {
    if (JSON.stringify(open.order.endpoints) !== JSON.stringify(order.endpoints)) open.upstream.update(order.endpoints);
    this.open.set(key, { ...open, order });
  }

  /** Open callers finish what they have in flight. */
  private close(key: string, open: Open): void {
    this.open.delete(key);
    open.listener?.stop();
    open.upstream.close();
    for (const caller of open.callers) caller.retire(RETIRE_IDLE_MS);
  }

  private listen(open: Open): Listener | null {
    const { http, admit, counted } = this.parts;
    const { order, upstream, callers } = open;
    try {
      return listenOutbound({ address: order.listen, context: http, upstream, callers, admit, counted });
    } catch (error) {
      this.parts.failed(`the listener for ${order.service}:${order.port}`, order.listen, error);
      return null;
    }
  }
}

/** A listener that differs in any of these is another one. */
function keyOf(order: OutboundListener, hops: HopContext): string {
  return `${formatAddress(order.listen)} ${order.service} ${order.port} ${order.protocol} ${hops.workload} ${hops.trustDomain}`;
}
