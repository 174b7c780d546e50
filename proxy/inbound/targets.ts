/** The ports of the app: those that the orders name, and in transparent mode any port of the workload's own addresses. */
import { unsaidProtocol } from '../outbound/destinations.ts';
import { formatAddress } from '../sockets/address.ts';
import { DESTINATIONS_MAX, INBOUND_TARGET_IDLE_MS } from '../sockets/limits.ts';
import { canonicalIp } from '../wire/ip.ts';
import type { InboundPort, ProxyOrders, SocketAddress } from '../wire/orders.ts';
import { Target, type TargetParts } from './target.ts';

/** A port that no order names, dialled a moment ago. */
interface Unnamed {
  readonly target: Target;
  usedMs: number;
}

export class Targets {
  private readonly parts: TargetParts;
  private named = new Map<string, Target>();
  private readonly unnamed = new Map<string, Unnamed>();
  private ownHosts: ReadonlySet<string> = new Set();
  private byPort = new Map<number, InboundPort>();

  constructor(parts: TargetParts) {
    this.parts = parts;
  }

  /** Targets that stay keep their connections; the others end when they are idle. */
  apply({ inbound, transparent }: ProxyOrders): void {
    const before = this.named;
    this.named = new Map();
    for (const port of inbound.ports) {
      const target = before.get(formatAddress(port.target)) ?? new Target(this.parts, port);
      target.port = port;
      this.named.set(target.key, target);
    }
    for (const [key, target] of before) if (!this.named.has(key)) target.close();
    this.ownHosts = new Set(transparent?.addresses);
    this.byPort = new Map(inbound.ports.map((port) => [port.target.port, port]));
    // What they are may have changed; the next connection makes them anew.
    for (const key of this.unnamed.keys()) this.forget(key);
  }

  /** The target at `host:port`, or undefined where there is none. The proxy's own ports are the caller's business. */
  get(key: string): Target | undefined {
    return this.named.get(key) ?? this.unnamedAt(key);
  }

  /** Whether the address is the workload's own. */
  owns(address: SocketAddress): boolean {
    return this.ownHosts.has(address.host);
  }

  sweep(nowMs: number): void {
    for (const target of this.named.values()) target.sweep(nowMs);
    for (const [key, { target, usedMs }] of this.unnamed) {
      target.sweep(nowMs);
      if (target.pool.connections === 0 && nowMs - usedMs >= INBOUND_TARGET_IDLE_MS) this.forget(key);
    }
  }

  private unnamedAt(key: string): Target | undefined {
    const known = this.unnamed.get(key);
    const usedMs = this.parts.sockets.nowUs() / 1_000;
    if (known !== undefined) {
      known.usedMs = usedMs;
      return known.target;
    }
    const address = addressOf(key);
    if (address === null || !this.owns(address)) return undefined;
    if (this.unnamed.size >= DESTINATIONS_MAX) this.forgetFirst();
    const target = new Target(this.parts, this.portAt(address));
    this.unnamed.set(key, { target, usedMs });
    return target;
  }

  /** The same port at another of the workload's addresses is the same port: an app listens on all of them. */
  private portAt(target: SocketAddress): InboundPort {
    const named = this.byPort.get(target.port);
    return named === undefined ? { target, services: [], protocol: unsaidProtocol(target.port), plain: null } : { ...named, target, plain: null };
  }

  private forgetFirst(): void {
    const [first] = this.unnamed.keys();
    if (first !== undefined) this.forget(first);
  }

  private forget(key: string): void {
    this.unnamed.get(key)?.target.close();
    this.unnamed.delete(key);
  }
}

/** Only in the one form that `formatAddress` gives, so that an address has one key. */
function addressOf(key: string): SocketAddress | null {
  const colon = key.lastIndexOf(':');
  const host = canonicalIp(key.slice(0, colon).replace(/^\[(.*)\]$/, '$1'));
  const port = Number(key.slice(colon + 1));
  if (host === null || !Number.isInteger(port) || port < 1 || port > 65_535) return null;
  return formatAddress({ host, port }) === key ? { host, port } : null;
}
