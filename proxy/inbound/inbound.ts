/** The inbound half: the mesh listener, the plain listeners and the app's ports, kept as the orders say. */
import type { Credentials } from '../identity/credentials.ts';
import type { HttpContext, Retirable } from '../http/upstream.ts';
import { formatAddress } from '../sockets/address.ts';
import { RETIRE_IDLE_MS } from '../sockets/limits.ts';
import { type Listener, listen } from '../sockets/listen.ts';
import { originalDestination } from '../sockets/original-dst.ts';
import type { RefusalReason, TransportFacts } from '../telemetry/recorder.ts';
import type { TlsState } from '../wire/labels.ts';
import { serverTls } from '../sockets/tls.ts';
import type { Connection } from '../sockets/connection.ts';
import type { InboundPort, ProxyOrders, SocketAddress } from '../wire/orders.ts';
import { RETIRE_STREAM_IDLE_MS } from '../links/limits.ts';
import { type InboundContext, MeshPeer } from './accept.ts';
import type { PeerLink } from './peer-link.ts';
import { servePlain } from './plain.ts';
import type { Admission } from './stack.ts';
import type { Target } from './target.ts';
import { Targets } from './targets.ts';

export interface InboundParts {
  readonly http: HttpContext;
  readonly credentials: Credentials;
  /** The wall clock, ms since 1970. */
  readonly wallMs: () => number;
  readonly admit: () => boolean;
  readonly counted: (change: 1 | -1, facts: TransportFacts) => void;
  /** Says that a listener could not be opened. */
  readonly failed: (what: string, address: SocketAddress, error: unknown) => void;
}

export class Inbound {
  private readonly links = new Set<PeerLink>();
  /** Callers through hops of version 1, through links, and those outside the mesh. */
  private readonly meshCallers = new Set<Retirable>();
  private readonly linkCallers = new Set<Retirable>();
  private readonly plainCallers = new Set<Retirable>();
  private readonly parts: InboundParts;
  private readonly context: InboundContext;
  private orders: ProxyOrders | null = null;
  private readonly targets: Targets;
  private admission: Admission;
  private mesh: { readonly key: string; readonly listener: Listener } | null = null;
  private generation = -1;
  private readonly plain = new Map<string, Listener>();
  /** Takes what the kernel redirects: whatever is dialled to the app in plain text. */
  private redirected: { readonly key: string; readonly listener: Listener } | null = null;
  private readonly peers = new WeakMap<Connection, MeshPeer>();

  constructor(parts: InboundParts) {
    this.parts = parts;
    this.targets = new Targets(parts.http);
    this.admission = { policy: 'all-authenticated', targets: this.targets, own: new Set() };
    this.context = {
      http: parts.http,
      workload: () => this.orders?.workload ?? '',
      trustDomain: () => this.orders?.trustDomain ?? '',
      admission: () => this.admission,
      leaf: () => ({ generation: this.generation, notAfterMs: parts.credentials.current()?.notAfterMs ?? Infinity }),
      wallMs: parts.wallMs,
      meshCallers: this.meshCallers,
      linkCallers: this.linkCallers,
      links: this.links,
      plainCallers: this.plainCallers,
    };
  }

  /** Everything that the orders ask for is open; without a certificate the mesh listener is not asked for. */
  get ready(): boolean {
    if (this.orders === null) return false;
    const plainOpen = this.orders.inbound.ports.every(({ plain }) => plain === null || this.plain.has(formatAddress(plain)));
    const redirectedOpen = this.orders.transparent === undefined || this.redirected !== null;
    return plainOpen && redirectedOpen && (this.mesh !== null || this.parts.credentials.current() === null);
  }

  apply(orders: ProxyOrders, own: ReadonlySet<string>): void {
    this.orders = orders;
    this.targets.apply(orders);
    this.admission = { policy: orders.inbound.policy, targets: this.targets, own };
    this.closeOthers(orders);
    for (const port of orders.inbound.ports) this.openPlain(port);
    this.openRedirected();
    this.openMesh();
  }

  /** Opens what could not be opened before. */
  retry(): void {
    if (this.orders === null) return;
    for (const port of this.orders.inbound.ports) this.openPlain(port);
    this.openRedirected();
    this.openMesh();
  }

  /** A new leaf is in force: the mesh listener hands it out from now on, and hops under the old one are asked to go. */
  renewed(): void {
    const leaf = this.parts.credentials.current();
    if (leaf === null) return;
    if (this.mesh === null) this.openMesh();
    else if (leaf.generation !== this.generation) {
      this.mesh.listener.renew();
      for (const callers of [this.meshCallers, this.linkCallers]) for (const caller of callers) caller.retire(null);
      for (const link of this.links) link.retire();
    }
    this.generation = leaf.generation;
  }

  sweep(nowMs: number): void {
    this.targets.sweep(nowMs);
  }

  /** Asks every caller to go. */
  retire(): void {
    for (const link of this.links) link.retire();
    // GOAWAY makes the other proxy end its idle streams, which loses no request; ours would meet one under way.
    for (const caller of this.linkCallers) caller.retire(RETIRE_STREAM_IDLE_MS);
    for (const callers of [this.meshCallers, this.plainCallers]) for (const caller of callers) caller.retire(RETIRE_IDLE_MS);
  }

  /** Accepts nobody any more. */
  stop(): void {
    this.mesh?.listener.stop();
    this.mesh = null;
    for (const listener of this.plain.values()) listener.stop();
    this.plain.clear();
    this.redirected?.listener.stop();
    this.redirected = null;
  }

  /** Breaks off what is in flight. */
  breakOff(): void {
    for (const callers of [this.meshCallers, this.linkCallers, this.plainCallers]) for (const caller of [...callers]) caller.stop();
    for (const link of [...this.links]) link.close();
  }

  private closeOthers(orders: ProxyOrders): void {
    const wanted = new Set(orders.inbound.ports.flatMap(({ plain }) => (plain === null ? [] : [formatAddress(plain)])));
    for (const [key, listener] of this.plain) {
      if (wanted.has(key)) continue;
      listener.stop();
      this.plain.delete(key);
    }
    if (this.mesh !== null && this.mesh.key !== formatAddress(orders.inbound.mesh)) {
      this.mesh.listener.stop();
      this.mesh = null;
    }
    if (this.redirected !== null && this.redirected.key !== redirectedKey(orders)) {
      this.redirected.listener.stop();
      this.redirected = null;
    }
  }

  private openPlain(port: InboundPort): void {
    if (port.plain === null) return;
    const { plain } = port;
    const key = formatAddress(plain);
    if (this.plain.has(key)) return;
    const opened = (connection: Connection): void => {
      const target = this.targetBehind(key);
      if (target === null) connection.close();
      else servePlain(this.context, target, connection);
    };
    try {
      this.plain.set(key, listen({ ...this.listening(plain, 'plain'), tls: null, opened, secured: () => undefined }));
    } catch (error) {
      this.parts.failed(`the plain listener of ${port.services[0] ?? 'a port'}`, plain, error);
    }
  }

  private openRedirected(): void {
    const key = this.orders === null ? null : redirectedKey(this.orders);
    if (this.redirected !== null || this.orders === null || key === null) return;
    const address = redirectedAddress(this.orders);
    if (address === null) return;
    try {
      const listener = listen({ ...this.listening(address, 'plain'), tls: null, opened: (connection, descriptor) => this.acceptRedirected(connection, descriptor), secured: () => undefined });
      this.redirected = { key, listener };
    } catch (error) {
      this.parts.failed('the listener for what is dialled to the app', address, error);
    }
  }

  /** The original destination is where the caller thinks it is connected; it must be a port of this workload. */
  private acceptRedirected(connection: Connection, descriptor: number): void {
    const address = originalDestination(descriptor);
    if (address === null) return this.refuse(connection, 'no-original-destination');
    const key = formatAddress(address);
    if (this.admission.own.has(key)) return this.refuse(connection, 'loop');
    const target = this.targets.owns(address) ? this.targets.get(key) : undefined;
    if (target === undefined) this.refuse(connection, 'not-own-address');
    else servePlain(this.context, target, connection);
  }

  private refuse(connection: Connection, reason: RefusalReason): void {
    this.parts.http.recorder.refused('inbound', reason);
    connection.close();
  }

  /** The orders may have moved the listener to another port of the app meanwhile. */
  private targetBehind(plain: string): Target | null {
    const port = this.orders?.inbound.ports.find((one) => one.plain !== null && formatAddress(one.plain) === plain);
    return port === undefined ? null : (this.targets.get(formatAddress(port.target)) ?? null);
  }

  private openMesh(): void {
    const { credentials } = this.parts;
    const leaf = credentials.current();
    if (this.mesh !== null || this.orders === null || leaf === null) return;
    const address = this.orders.inbound.mesh;
    try {
      const listener = listen({
        ...this.listening(address, 'mtls'),
        tls: () => serverTls(credentials.current() ?? leaf),
        opened: (connection) => this.peers.set(connection, new MeshPeer(this.context, connection)),
        secured: (connection, socket, success) => this.peers.get(connection)?.secured(socket, success),
      });
      this.mesh = { key: formatAddress(address), listener };
      this.generation = leaf.generation;
    } catch (error) {
      this.parts.failed('the mesh listener', address, error);
    }
  }

  /** Who is there isn't known yet when a connection is counted, only where it came. */
  private listening(address: SocketAddress, tls: TlsState): Pick<Parameters<typeof listen>[0], 'address' | 'turn' | 'shelf' | 'admit' | 'counted'> {
    const { http, admit, counted } = this.parts;
    const facts: TransportFacts = { tls, target: address };
    return { address, turn: http.sockets.turn, shelf: http.sockets.shelf, admit, counted: (change) => counted(change, facts) };
  }
}

/** Of all of the workload's addresses, since any of them may be dialled. */
function redirectedAddress({ transparent }: ProxyOrders): SocketAddress | null {
  if (transparent === undefined) return null;
  return { host: transparent.addresses.some((host) => host.includes(':')) ? '::' : '0.0.0.0', port: transparent.plainPort };
}

function redirectedKey(orders: ProxyOrders): string | null {
  const address = redirectedAddress(orders);
  return address === null ? null : formatAddress(address);
}
