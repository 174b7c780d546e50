/** The control server: one TLS 1.3 port for first certificates and for the proxies' links, and what is pushed to them. */
import { createServer } from 'node:tls';
import type { Server } from 'node:tls';
import { STATUS_MS_MAX } from '../../proxy/wire/orders.ts';
import type { SocketAddress } from '../../proxy/wire/orders.ts';
import type { ProxyState } from '../wire/topology.ts';
import type { Marks } from '../aggregate/pending.ts';
import { proxyKey } from '../compile/orders.ts';
import { AgentFault, systemCodeOf } from '../fault.ts';
import type { KeyedLeaf } from '../issuer/authority.ts';
import { Link, SWEEP_MS } from './link.ts';
import { Roster } from './roster.ts';
import { Session } from './session.ts';
import type { ControlParts, ToldTrust } from './session.ts';

/** More connections are closed at once: 20 times the proxies of a busy host. */
export const CONNECTIONS_MAX = 4096;
const HANDSHAKE_MS_MAX = 10_000;

export class ControlServer {
  readonly #parts: ControlParts;
  readonly #onTopology: () => void;
  readonly #server: Server;
  readonly #sessions = new Set<Session>();
  readonly #roster = new Roster();
  #sweeper: NodeJS.Timeout | null = null;

  /** `onTopology` is called when a proxy came, went or changed. */
  constructor(parts: ControlParts, leaf: KeyedLeaf, onTopology: () => void) {
    this.#parts = parts;
    this.#onTopology = onTopology;
    // Strangers have to get in to certify; the session tells them from proxies.
    const checks = { requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3', handshakeTimeout: HANDSHAKE_MS_MAX } as const;
    this.#server = createServer({ ...checks, ...secureContext(leaf, parts.trustBundle()) }, (socket) => this.#connected(socket));
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.on('tlsClientError', (_, socket) => {
      parts.metrics.add('control_refused_total');
      socket.destroy();
    });
    this.#server.on('drop', () => parts.metrics.add('control_refused_total'));
  }

  get connections(): number {
    return this.#sessions.size;
  }

  /** Opens the port; resolves with the one taken when 0 was asked for. Throws `AgentFault` `control_listen_failed`. */
  async listen({ host, port }: SocketAddress): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => reject(listenFault(host, port, cause)));
      this.#server.listen(port, host, resolve);
    });
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    const bound = this.#server.address();
    return typeof bound === 'object' && bound ? bound.port : port;
  }

  /** What the connected proxies said of their trust, by `proxyKey`. */
  trust(): ReadonlyMap<string, ToldTrust> {
    const told = new Map<string, ToldTrust>();
    for (const { proxy, trust } of this.#sessions) if (proxy) told.set(proxyKey(proxy.workload, proxy.name), trust);
    return told;
  }

  /** Sends the trust anchors in force to every proxy. */
  pushBundle(): void {
    for (const session of this.#sessions) if (session.proxy) session.pushBundle();
  }

  /** Asks the proxies among these `proxyKey`s for new leaves within so many ms. */
  askRenewal(keys: readonly string[], withinMs: number): void {
    const asked = new Set(keys);
    for (const { proxy, link } of this.#sessions) {
      if (proxy && asked.has(proxyKey(proxy.workload, proxy.name))) link.send({ kind: 'renew', withinMs });
    }
  }

  /** New connections get this certificate, and are checked by the trust anchors in force. */
  renew(leaf: KeyedLeaf): void {
    this.#server.setSecureContext({ minVersion: 'TLSv1.3', ...secureContext(leaf, this.#parts.trustBundle()) });
  }

  /** Instances that are connected. */
  live(): ReadonlySet<string> {
    return this.#roster.live();
  }

  proxies(): readonly ProxyState[] {
    return this.#roster.list();
  }

  /** Sends changed orders to the proxies among these `proxyKey`s. */
  pushOrders(changed: readonly string[]): void {
    const keys = new Set(changed);
    for (const session of this.#sessions) {
      const { proxy } = session;
      if (proxy && keys.has(proxyKey(proxy.workload, proxy.name))) session.pushOrders();
    }
    this.#roster.keepOnly((proxy) => this.#parts.orders(proxy.workload, proxy.name) !== null);
  }

  /** Tells the proxies what changed of the addresses that they watch. */
  pushDestinations(): void {
    for (const session of this.#sessions) if (session.proxy) session.pushDestinations();
  }

  /** Tells every proxy of its tap sessions. */
  pushTaps(): void {
    for (const session of this.#sessions) if (session.proxy) session.pushTaps();
  }

  /** Tells every proxy that a window began. */
  tick(): void {
    for (const session of this.#sessions) if (session.proxy) session.link.send(this.#parts.tick());
  }

  /** Windows up to these marks are durable. */
  acknowledge(marks: Marks): void {
    for (const { proxy, link } of this.#sessions) {
      const sequence = proxy && marks[proxy.instance];
      if (sequence) link.send({ kind: 'acknowledge', sequence });
    }
  }

  /** Closes the port and every link. */
  async close(): Promise<void> {
    if (this.#sweeper) clearInterval(this.#sweeper);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { link } of this.#sessions) link.cut();
    await closed;
  }

  #connected(socket: ConstructorParameters<typeof Link>[0]): void {
    const link: Link = new Link(socket, this.#parts.wallMs(), {
      message: (message) => session.handle(message),
      closed: () => this.#closed(session),
    });
    const session: Session = new Session(link, this.#parts, (changed) => this.#changed(changed));
    this.#sessions.add(session);
  }

  #changed(session: Session): void {
    const { proxy } = session;
    if (!proxy) return;
    // A proxy has one link: the old one is half dead, or someone else with its key.
    for (const other of this.#sessions) {
      if (other !== session && other.proxy?.instance === proxy.instance) other.refuse('replaced', 'this instance has connected again');
    }
    this.#roster.put(proxy);
    this.#onTopology();
  }

  #closed(session: Session): void {
    this.#sessions.delete(session);
    const { proxy } = session;
    const replaced = [...this.#sessions].some((other) => other.proxy?.instance === proxy?.instance);
    if (!proxy || replaced) return;
    session.ended();
    const { silentMs } = session.link;
    const why = silentMs > STATUS_MS_MAX ? { code: 'proxy_silent', silentMs } : {};
    this.#parts.log('info', 'proxy disconnected', { workload: proxy.workload, name: proxy.name, instance: proxy.instance, ...why });
    this.#roster.leave(proxy.instance, this.#parts.wallMs());
    this.#onTopology();
  }

  #sweep(): void {
    const nowMs = this.#parts.wallMs();
    for (const { link } of this.#sessions) link.sweep(nowMs);
    this.#parts.absences.expire();
    if (this.#roster.forget(nowMs)) this.#onTopology();
  }
}

function secureContext({ certificatePem, keyPem }: KeyedLeaf, trustBundle: string): { cert: string; key: string; ca: string } {
  return { cert: certificatePem, key: keyPem, ca: trustBundle };
}

function listenFault(host: string, port: number, cause: unknown): AgentFault {
  const used = systemCodeOf(cause) === 'EADDRINUSE';
  const message = used ? `another process listens on ${host}:${port} already` : `can't listen on ${host}:${port} (${systemCodeOf(cause) ?? String(cause)})`;
  return new AgentFault('control_listen_failed', message, 'stop the other process, or change control.listen in the mesh file', { cause });
}
