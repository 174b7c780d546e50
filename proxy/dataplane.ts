/** The data path as the rest of the proxy (control, identity, admin) sees it: orders in, listeners and traffic out. */
import type { Balancer } from './balance/balancer.ts';
import type { HttpContext } from './http/upstream.ts';
import type { Credentials } from './identity/credentials.ts';
import { Inbound } from './inbound/inbound.ts';
import { LinkDirectory } from './links/directory.ts';
import type { LinkLimits } from './links/endpoint-links.ts';
import type { Discovery } from './control/watches.ts';
import { ownPorts } from './outbound/destinations.ts';
import { Outbound } from './outbound/outbound.ts';
import { TransparentOutbound, type TransparentFacts } from './outbound/transparent.ts';
import { ReliabilityCounters } from './policy/reliability.ts';
import { RouteTemplates } from './route/template.ts';
import { formatAddress } from './sockets/address.ts';
import { CONNECTIONS_MAX, IN_FLIGHT_MAX, LISTEN_RETRY_MS } from './sockets/limits.ts';
import { limitReceived } from './sockets/receive-buffer.ts';
import { Sockets } from './sockets/sockets.ts';
import type { BalancerFacts } from './telemetry/families-parents.ts';
import type { ListenerShelf } from './sockets/shelf.ts';
import type { Recorder, TransportFacts } from './telemetry/recorder.ts';
import type { Watch } from './telemetry/watch.ts';
import type { Endpoint, ProxyOrders, SocketAddress } from './wire/orders.ts';

export interface DataplaneParts {
  readonly recorder: Recorder;
  readonly credentials: Credentials;
  /** Access log, traces and tap; absent: nobody watches. */
  readonly watch?: Watch;
  /** One balancer per outbound listener. */
  readonly createBalancer: () => Balancer;
  /** Monotonic µs. */
  readonly nowUs: () => number;
  /** The wall clock, ms since 1970. */
  readonly wallMs: () => number;
  /** Left out for the product's own. */
  readonly linkLimits?: LinkLimits;
  readonly random: () => number;
  /** Listening sockets that an earlier process left, and where those in use are kept for the next; absent: neither. */
  readonly shelf?: ListenerShelf;
  /** Whom to ask about what the app dials in transparent mode; absent: nobody. */
  readonly discovery?: Discovery;
  /** Tells the control plane that an endpoint proved another identity than it should have. */
  readonly rediscover?: (service: string, port: number, endpoint: Endpoint) => void;
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, facts?: Record<string, unknown>) => void;
}

/** The proxy's listeners and all that flows through them. */
export interface Dataplane {
  /**
   * Puts orders in force: opens, keeps and closes listeners, updates endpoints; unchanged parts are untouched and no
   * request in flight fails. Returns one line for each listener that could not be opened (port in use …).
   */
  apply(orders: ProxyOrders): readonly string[];
  /** True when orders are in force and every listener of theirs is open (the mesh one once there is a certificate). */
  ready(): boolean;
  /**
   * Stops accepting, answers `connection: close`, ends idle connections; resolves when nothing is open or at the limit.
   * `handed`: another process accepts in its place.
   */
  drain(limitMs: number, handed?: boolean): Promise<void>;
  /** What is counted of redirected connections, for `/metrics`. */
  transparent(): TransparentFacts;
  /** Open connections and exchanges, for the admin port. */
  open(): { readonly connections: number; readonly exchanges: number };
  /** What was done for reliability since the start. */
  reliability(): ReliabilityCounters;
  /** The state of each HTTP service's balancer, for `/metrics`. */
  balancers(): readonly BalancerFacts[];
}

/** How often idle connections are looked at; half of the shortest idle limit. */
const SWEEP_MS = 750;
/** How often a drain looks whether all is over. */
const DRAIN_LOOK_MS = 20;

/** Makes a data path without listeners; `apply` opens them. */
export function createDataplane(parts: DataplaneParts): Dataplane {
  return new Running(parts);
}

class Running implements Dataplane {
  private readonly parts: DataplaneParts;
  private readonly sockets: Sockets;
  private readonly inbound: Inbound;
  private readonly outbound: Outbound;
  private readonly links: LinkDirectory;
  private readonly sweeps = { flush: () => this.sweep() };
  private readonly dialled: TransparentOutbound;
  private readonly counters = new ReliabilityCounters();
  private readonly tunnels = new Set<{ stop(): void }>();
  private readonly unsubscribe: () => void;
  private readonly sweeper: ReturnType<typeof setInterval>;
  private orders: ProxyOrders | null = null;
  private faults: string[] = [];
  private inboundOpen = 0;
  private outboundOpen = 0;
  private exchanges = 0;
  private inboundExchanges = 0;
  private phase: 'serving' | 'draining' | 'drained' = 'serving';
  private triedMs = 0;

  constructor(parts: DataplaneParts) {
    this.parts = parts;
    this.sockets = new Sockets(parts.nowUs, (error) => parts.log('error', 'a connection was lost to a fault of this proxy', { stack: error.stack ?? error.message }), parts.shelf, limitReceived);
    const templates = new RouteTemplates();
    this.links = new LinkDirectory({
      sockets: this.sockets,
      recorder: parts.recorder,
      credentials: parts.credentials,
      trustDomain: () => this.orders?.trustDomain ?? '',
      wallMs: parts.wallMs,
      retiring: () => this.sockets.turn.add(this.sweeps),
      ...(parts.linkLimits === undefined ? {} : { limits: parts.linkLimits }),
    });
    this.inbound = new Inbound({
      http: this.context('inbound', templates),
      credentials: parts.credentials,
      wallMs: parts.wallMs,
      admit: () => this.admit('inbound'),
      counted: (change, facts) => this.counted('inbound', change, facts),
      failed: this.listenFailed,
    });
    const outbound = {
      http: this.context('outbound', templates),
      createBalancer: parts.createBalancer,
      random: parts.random,
      rediscover: parts.rediscover,
      admit: () => this.admit('outbound'),
      counted: (change: 1 | -1) => this.counted('outbound', change),
      failed: this.listenFailed,
    };
    this.outbound = new Outbound(outbound);
    this.dialled = new TransparentOutbound({ ...outbound, discovery: parts.discovery ?? null });
    this.unsubscribe = parts.credentials.subscribe(() => this.renewed());
    this.sweeper = setInterval(() => this.sweep(), SWEEP_MS);
  }

  apply(orders: ProxyOrders): readonly string[] {
    if (this.phase !== 'serving') return [];
    this.orders = orders;
    this.faults = [];
    this.triedMs = this.nowMs();
    const { workload, trustDomain } = orders;
    const { recorder, credentials } = this.parts;
    // What is closed goes first: an address may move from one listener to another.
    const hops = { sockets: this.sockets, recorder, credentials, trustDomain, workload, links: this.links };
    this.outbound.apply(orders.outbound, hops, orders.zone ?? null);
    this.dialled.apply(orders, hops);
    this.inbound.apply(orders, ownAddresses(orders));
    this.outbound.retry();
    this.dialled.retry();
    this.sockets.turn.flush();
    return [...new Set(this.faults)];
  }

  ready(): boolean {
    return this.phase === 'serving' && this.orders !== null && this.inbound.ready && this.outbound.ready && this.dialled.ready;
  }

  /** The app may still need its upstreams for what it is answering, so the outbound side stops last, unless another serves it. */
  async drain(limitMs: number, handed = false): Promise<void> {
    if (this.phase !== 'serving') return;
    this.phase = 'draining';
    const endMs = this.nowMs() + limitMs;
    this.inbound.stop();
    await this.until(endMs, () => {
      this.inbound.retire();
      return handed || this.inboundExchanges === 0;
    });
    this.outbound.stop();
    this.dialled.stop();
    await this.until(endMs, () => {
      this.inbound.retire();
      this.outbound.retire();
      this.dialled.retire();
      return this.inboundOpen + this.outboundOpen === 0;
    });
    for (const tunnel of [...this.tunnels]) tunnel.stop();
    this.inbound.breakOff();
    this.outbound.breakOff();
    this.dialled.breakOff();
    this.links.retire();
    this.sockets.turn.flush();
    this.phase = 'drained';
    this.unsubscribe();
    clearInterval(this.sweeper);
  }

  transparent(): TransparentFacts {
    return this.dialled.facts;
  }

  open(): { readonly connections: number; readonly exchanges: number } {
    return { connections: this.inboundOpen + this.outboundOpen, exchanges: this.exchanges };
  }

  reliability(): ReliabilityCounters {
    return this.counters;
  }

  balancers(): readonly BalancerFacts[] {
    return [...this.outbound.balancers(), ...this.dialled.balancers()];
  }

  private context(direction: 'inbound' | 'outbound', templates: RouteTemplates): HttpContext {
    return {
      direction,
      sockets: this.sockets,
      recorder: this.parts.recorder,
      templates,
      draining: () => this.phase !== 'serving',
      tunnels: this.tunnels,
      counters: this.counters,
      full: () => this.exchanges > IN_FLIGHT_MAX,
      learned: (port) => this.parts.log('warn', 'a server speaks first, so its port is opaque from now on', { code: 'port_learned_opaque', direction, port }),
      ...(this.parts.watch === undefined ? {} : { watch: this.parts.watch }),
      counted: (change) => {
        this.exchanges += change;
        if (direction === 'inbound') this.inboundExchanges += change;
      },
    };
  }

  private admit(direction: 'inbound' | 'outbound'): boolean {
    if (this.inboundOpen + this.outboundOpen < CONNECTIONS_MAX) return true;
    this.parts.recorder.refused(direction, 'connections-limit');
    return false;
  }

  private counted(direction: 'inbound' | 'outbound', change: 1 | -1, facts?: TransportFacts): void {
    if (direction === 'inbound') this.inboundOpen += change;
    else this.outboundOpen += change;
    this.parts.recorder.connection(direction, 'src', change, facts);
  }

  private readonly listenFailed = (what: string, address: SocketAddress, error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    const line = `${what} could not be opened on ${formatAddress(address)}: ${reason}; is another process using the port?`;
    this.faults.push(line);
    this.parts.log('warn', line);
  };

  private renewed(): void {
    if (this.phase !== 'serving') return;
    this.inbound.renewed();
    this.sweep();
  }

  private sweep(): void {
    const nowMs = this.nowMs();
    const oldestGeneration = this.parts.credentials.current()?.generation ?? 0;
    this.inbound.sweep(nowMs);
    this.outbound.sweep(nowMs, oldestGeneration);
    this.dialled.sweep(nowMs, oldestGeneration);
    this.links.sweep(oldestGeneration);
    if (this.phase === 'serving' && this.orders !== null && !this.ready() && nowMs - this.triedMs >= LISTEN_RETRY_MS) {
      this.triedMs = nowMs;
      this.inbound.retry();
      this.outbound.retry();
      this.dialled.retry();
    }
    this.sockets.turn.flush();
  }

  private async until(endMs: number, done: () => boolean): Promise<void> {
    while (!done() && this.nowMs() < endMs) {
      this.sockets.turn.flush();
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
    this.sockets.turn.flush();
  }

  private nowMs(): number {
    return this.parts.nowUs() / 1000;
  }
}

function ownAddresses(orders: ProxyOrders): ReadonlySet<string> {
  const plain = orders.inbound.ports.flatMap((port) => (port.plain === null ? [] : [port.plain]));
  const { transparent } = orders;
  const redirected = transparent === undefined ? [] : [...ownPorts(transparent, orders.inbound.mesh.port)].flatMap((port) => transparent.addresses.map((host) => ({ host, port })));
  return new Set([orders.inbound.mesh, ...plain, ...orders.outbound.map(({ listen }) => listen), ...redirected].map(formatAddress));
}
