/** The outbound half of transparent mode: one listener for all that the app dials; the original destination decides. */
import { OUTBOUND_FAILFAST_MS } from '../balance/failfast.ts';
import type { Discovery } from '../control/watches.ts';
import { formatAddress } from '../sockets/address.ts';
import type { Connection } from '../sockets/connection.ts';
import { DESTINATIONS_MAX, DETECTIONS_MAX, OUTBOUND_DESTINATION_IDLE_MS } from '../sockets/limits.ts';
import { type Listener, listen } from '../sockets/listen.ts';
import { originalDestination } from '../sockets/original-dst.ts';
import type { PortDetection } from '../tcp/port-detection.ts';
import type { BalancerFacts } from '../telemetry/families-parents.ts';
import type { RefusalReason } from '../telemetry/recorder.ts';
import type { Destination, ProxyOrders, ServicePort, SocketAddress, TransparentOrders } from '../wire/orders.ts';
import { Destinations } from './destinations.ts';
import type { HopContext } from './hop.ts';
import { Lane } from './lane.ts';
import { Learned, type LearnedParts } from './learned.ts';
import type { OutboundParts } from './outbound.ts';
import { serveOutbound } from './stack.ts';
import type { UpstreamParts } from './upstream.ts';

/** What is counted of redirected connections beside their exchanges. */
export interface TransparentFacts {
  /** Connections that went straight through to what is not of the mesh. */
  readonly external: number;
  /** Addresses that nobody explained in time, and that counted as external. */
  readonly unanswered: number;
  /** Addresses that orders don't name and that were dialled just now. */
  readonly learned: number;
  /** Those forgotten before they were idle, since there were too many. */
  readonly evicted: number;
}

export interface TransparentOutboundParts extends OutboundParts {
  /** Null: there is no control plane; what orders don't name is outside. */
  readonly discovery: Discovery | null;
}

/** What a change of makes every lane another one. */
interface Setting {
  readonly transparent: TransparentOrders;
  readonly destinations: Destinations;
  readonly hops: HopContext;
  readonly zone: string | null;
}

export class TransparentOutbound {
  private readonly parts: TransparentOutboundParts;
  private setting: Setting | null = null;
  private listener: { readonly key: string; readonly listener: Listener } | null = null;
  /** Services of the orders, by `namespace/name:port`, whichever of their addresses was dialled. */
  private readonly lanes = new Map<string, Lane>();
  private readonly learned = new Map<string, Learned>();
  /** Addresses whose servers speak first, as far as they are remembered. */
  private readonly detections = new Map<string, PortDetection>();
  private readonly learnedParts: Omit<LearnedParts, 'discovery'>;
  private stopped = false;
  private counts = { external: 0, unanswered: 0, evicted: 0 };

  constructor(parts: TransparentOutboundParts) {
    this.parts = parts;
    this.learnedParts = {
      sockets: parts.http.sockets,
      open: (to, address, kind) => this.openLane(to, address, kind),
      update: (lane, to) => lane.update(to, this.setting?.zone ?? null),
      serve: (lane, connection) => this.serve(lane, connection),
      unanswered: () => void (this.counts.unanswered += 1),
    };
  }

  get ready(): boolean {
    return this.setting === null || this.listener !== null;
  }

  /** Null where the control plane doesn't answer questions, or there is none. */
  private get discovery(): Discovery | null {
    return this.setting?.transparent.discovery === true ? this.parts.discovery : null;
  }

  get facts(): TransparentFacts {
    return { ...this.counts, learned: this.learned.size };
  }

  apply(orders: ProxyOrders, hops: HopContext): void {
    const { transparent, inbound } = orders;
    const zone = orders.zone ?? null;
    const before = this.setting;
    const same = before !== null && before.hops.workload === hops.workload && before.hops.trustDomain === hops.trustDomain;
    if (transparent === undefined || !same) this.dropAll();
    this.setting = transparent === undefined ? null : { transparent, destinations: new Destinations(transparent, inbound.mesh.port), hops, zone };
    this.updateLanes(transparent?.services.map(({ to }) => to) ?? [], zone);
    // What was unknown may be a service now, and the other way round.
    for (const [key, learned] of this.learned) if (this.setting?.destinations.known(learned.address).kind !== 'unknown') this.forget(key, learned);
    this.retry();
  }

  /** Opens the listener where it is not open yet. */
  retry(): void {
    const { setting } = this;
    const key = setting === null ? null : formatAddress(listenAddress(setting.transparent));
    if (this.listener !== null && this.listener.key !== key) {
      this.listener.listener.stop();
      this.listener = null;
    }
    if (this.stopped || setting === null || key === null || this.listener !== null) return;
    const address = listenAddress(setting.transparent);
    try {
      this.listener = { key, listener: this.open(address) };
    } catch (error) {
      this.parts.failed('the listener for what the app dials', address, error);
    }
  }

  balancers(): readonly BalancerFacts[] {
    return this.all().filter(({ balanced, external }) => balanced && !external).map(({ service, port, upstream }) => ({ service, port, ...upstream.balance }));
  }

  sweep(nowMs: number, oldestGeneration: number): void {
    // Without anybody to ask again, what is known stays: forgotten, a service would count as outside.
    const askable = this.discovery?.reachable() ?? true;
    for (const [key, learned] of this.learned) {
      if (learned.busy) learned.usedMs = nowMs;
      else if (nowMs - learned.usedMs >= OUTBOUND_DESTINATION_IDLE_MS && (askable || !learned.known)) this.forget(key, learned);
    }
    for (const lane of this.all()) lane.upstream.sweep(nowMs, oldestGeneration);
  }

  /** Tells every caller to go when its exchange is over. */
  retire(): void {
    for (const lane of this.all()) lane.retire();
  }

  /** Accepts nobody any more. */
  stop(): void {
    this.stopped = true;
    this.listener?.listener.stop();
    this.listener = null;
    for (const lane of this.all()) lane.upstream.close();
  }

  /** Breaks off what is in flight. */
  breakOff(): void {
    for (const lane of this.all()) lane.breakOff();
    for (const [key, learned] of this.learned) this.forget(key, learned);
  }

  private open(address: SocketAddress): Listener {
    const { http, admit, counted } = this.parts;
    return listen({ address, turn: http.sockets.turn, shelf: http.sockets.shelf, near: true, tls: null, admit, counted, opened: (connection, descriptor) => this.accept(connection, descriptor), secured: () => undefined });
  }

  private accept(connection: Connection, descriptor: number): void {
    const address = originalDestination(descriptor);
    const { setting } = this;
    if (address === null || setting === null) return this.refuse(connection, 'no-original-destination');
    const known = setting.destinations.known(address);
    switch (known.kind) {
      case 'own':
        return this.refuse(connection, 'loop');
      case 'service':
        return this.serve(this.laneOf(known.service.to), connection);
      case 'unknown':
        return this.learn(address).take(connection);
      default:
        known satisfies never;
    }
  }

  private learn(address: SocketAddress): Learned {
    const key = formatAddress(address);
    const nowMs = this.parts.http.sockets.nowUs() / 1_000;
    const known = this.learned.get(key);
    if (known !== undefined) {
      known.usedMs = nowMs;
      return known;
    }
    if (this.learned.size >= DESTINATIONS_MAX) this.evict();
    const learned = new Learned({ ...this.learnedParts, discovery: this.discovery }, address, nowMs);
    this.learned.set(key, learned);
    return learned;
  }

  /** The address that nobody dials just now, or has dialled for longest. */
  private evict(): void {
    let oldest: [string, Learned] | null = null;
    for (const [key, learned] of this.learned) {
      if (oldest === null || Number(learned.busy) < Number(oldest[1].busy) || (learned.busy === oldest[1].busy && learned.usedMs < oldest[1].usedMs)) oldest = [key, learned];
    }
    if (oldest === null) return;
    this.counts.evicted += 1;
    this.forget(...oldest);
  }

  private laneOf(to: ServicePort): Lane {
    const key = laneKey(to);
    const known = this.lanes.get(key);
    if (known !== undefined) return known;
    const lane = this.openLane(to, { host: '', port: to.port }, 'service');
    this.lanes.set(key, lane);
    return lane;
  }

  private openLane(to: ServicePort, address: SocketAddress, kind: Destination['kind']): Lane {
    const { setting } = this;
    if (setting === null) throw new Error('connections are taken under orders only');
    const { createBalancer, random, rediscover, http: { counters } } = this.parts;
    // Who dialled one place is told at once when nobody is there; only a service may have somebody else soon.
    const failfastMs = kind === 'service' ? OUTBOUND_FAILFAST_MS : 0;
    const parts: UpstreamParts = { hops: setting.hops, balancer: createBalancer(), random, rediscover, counters, detection: this.detections.get(formatAddress(address)), failfastMs };
    return new Lane(parts, to, address, setting.zone, kind === 'external');
  }

  /** Lanes are opened when somebody dials them; those that are open follow the orders. */
  private updateLanes(services: readonly ServicePort[], zone: string | null): void {
    const wanted = new Map(services.map((to) => [laneKey(to), to]));
    for (const [key, lane] of this.lanes) {
      const to = wanted.get(key);
      if (to !== undefined) lane.update(to, zone);
      else {
        this.lanes.delete(key);
        lane.close();
      }
    }
  }

  private all(): Lane[] {
    return [...this.lanes.values(), ...[...this.learned.values()].flatMap(({ lane }) => lane ?? [])];
  }

  private serve(lane: Lane, connection: Connection): void {
    if (lane.external) this.counts.external += 1;
    serveOutbound({ context: this.parts.http, upstream: lane.upstream, connection, callers: lane.callers });
  }

  private refuse(connection: Connection, reason: RefusalReason): void {
    this.parts.http.recorder.refused('outbound', reason);
    connection.close();
  }

  private forget(key: string, learned: Learned): void {
    this.learned.delete(key);
    const detection = learned.lane?.upstream.detection;
    if (detection?.opaque === true) this.remember(key, detection);
    learned.close();
  }

  /** That a server speaks first outlasts the idle destination, or each new caller would wait for its greeting again. */
  private remember(key: string, detection: PortDetection): void {
    this.detections.delete(key);
    this.detections.set(key, detection);
    const [oldest] = this.detections.keys();
    if (this.detections.size > DETECTIONS_MAX && oldest !== undefined) this.detections.delete(oldest);
  }

  private dropAll(): void {
    for (const [key, learned] of this.learned) this.forget(key, learned);
    this.updateLanes([], null);
  }
}

function laneKey({ service, port, protocol }: ServicePort): string {
  return `${service}:${port} ${protocol}`;
}

/** The kernel redirects IPv4 and IPv6 each to its own loopback; one listener takes both where there are both. */
function listenAddress({ addresses, outboundPort }: TransparentOrders): SocketAddress {
  return { host: addresses.some((host) => host.includes(':')) ? '::' : '0.0.0.0', port: outboundPort };
}
