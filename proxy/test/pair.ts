/** Two data paths in front of each other: workload `web` calls apps behind workload `cart` over mutual TLS. */
import type { LinkLimits } from '../links/endpoint-links.ts';
import type { Fault } from '../wire/labels.ts';
import type { Endpoint, InboundPolicy, OutboundListener, PortProtocol, ProxyOrders, SocketAddress } from '../wire/orders.ts';
import { DataplaneProcess, TRUST_DOMAIN, shopLeaf } from './dataplane-process.ts';
import { freePorts } from './free-ports.ts';
import type { HostFacts, HostRow } from './host-protocol.ts';
import { type TestCa, createTestCa } from './test-ca.ts';

export interface PairApp {
  /** Where the app listens. */
  readonly port: number;
  readonly protocol: PortProtocol;
}

export const local = (port: number): SocketAddress => ({ host: '127.0.0.1', port });

export class Pair<Name extends string> {
  readonly ca: TestCa;
  readonly web: DataplaneProcess;
  readonly cart = new DataplaneProcess();
  readonly meshPort: number;
  /** The caller's listener for each app, and the callee's plain one. */
  readonly out: Readonly<Record<Name, number>>;
  readonly plain: Readonly<Record<Name, number>>;
  private readonly apps: Readonly<Record<Name, PairApp>>;
  private readonly webMesh: number;

  private constructor(apps: Readonly<Record<Name, PairApp>>, ports: readonly number[], ca: TestCa, limits: LinkLimits | undefined) {
    this.web = new DataplaneProcess(limits);
    const names = Object.keys(apps) as Name[];
    const take = (offset: number): Record<Name, number> =>
      Object.fromEntries(names.map((name, at) => [name, ports[offset + at] ?? 0])) as Record<Name, number>;
    this.ca = ca;
    this.apps = apps;
    this.meshPort = ports[0] ?? 0;
    this.webMesh = ports[1] ?? 0;
    this.out = take(2);
    this.plain = take(2 + names.length);
  }

  /** `limits`: of `web`'s links, where the product's numbers are not what is tested. */
  static async start<Name extends string>(apps: Readonly<Record<Name, PairApp>>, limits?: LinkLimits): Promise<Pair<Name>> {
    const pair = new Pair(apps, await freePorts(2 + 2 * Object.keys(apps).length), createTestCa(), limits);
    await Promise.all([pair.cart.use(shopLeaf(pair.ca, 'cart')), pair.web.use(shopLeaf(pair.ca, 'web'))]);
    await pair.cart.apply(pair.cartOrders());
    await pair.web.apply(pair.webOrders());
    return pair;
  }

  /** The service of an app: `shop/<name>`. */
  endpoint(name: Name): Endpoint {
    const identity = `cart.shop.serviceaccount.identity.sidelight.${TRUST_DOMAIN}`;
    return { address: local(this.apps[name].port), workload: 'shop/host/cart', instance: 'cart-1', mesh: { address: local(this.meshPort), identity } };
  }

  cartOrders(policy: InboundPolicy = 'all-unauthenticated'): ProxyOrders {
    const ports = this.names().map((name) => ({
      target: local(this.apps[name].port), services: [`shop/${name}`], protocol: this.apps[name].protocol, plain: local(this.plain[name]),
    }));
    return { revision: 1, workload: 'shop/host/cart', trustDomain: TRUST_DOMAIN, inbound: { mesh: local(this.meshPort), ports, policy }, outbound: [] };
  }

  webOrders(change: (listener: OutboundListener) => OutboundListener = (listener) => listener): ProxyOrders {
    const outbound = this.names().map((name) =>
      change({ listen: local(this.out[name]), service: `shop/${name}`, port: 80, protocol: this.apps[name].protocol, endpoints: [this.endpoint(name)] }),
    );
    return {
      revision: 1, workload: 'shop/host/web', trustDomain: TRUST_DOMAIN,
      inbound: { mesh: local(this.webMesh), ports: [], policy: 'all-unauthenticated' }, outbound,
    };
  }

  async stop(): Promise<void> {
    await Promise.all([this.web.stop(), this.cart.stop()]);
  }

  private names(): Name[] {
    return Object.keys(this.apps) as Name[];
  }
}

/** The rows of a service that counted something. */
export function rowsOf(facts: HostFacts, service: string): readonly HostRow[] {
  return facts.rows.filter((row) => row.key.service === service && row.began > 0);
}

/** How many exchanges of a service ended with that fault. */
export function faultsOf(facts: HostFacts, service: string, fault: Fault | null): number {
  return rowsOf(facts, service).reduce((count, row) => count + row.ends.filter((end) => end.fault === fault).length, 0);
}

/** Asks again until the condition holds; throws with the last answer when it never does. */
export async function eventually<T>(ask: () => Promise<T>, holds: (answer: T) => boolean, limitMs = 5_000): Promise<T> {
  const endMs = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (Date.now() > endMs) throw new Error(`it never held: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
