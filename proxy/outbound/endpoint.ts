/** What this proxy keeps per endpoint of a service: connections by what is spoken on them, and the rows that count it. */
import { Pool } from '../balance/pool.ts';
import { Callee } from '../http/callee.ts';
import { StreamsPool } from '../http/streams-pool.ts';
import type { Carrier } from '../http/streams-route.ts';
import { ENDPOINT_CONNECTIONS_MAX, ENDPOINT_IDLE_MAX, HOP_IDLE_MS_MAX, APP_IDLE_MS_MAX, APP_STREAMS_IDLE_MS_MAX, QUEUE_MAX } from '../sockets/limits.ts';
import type { EdgeHandle } from '../telemetry/recorder.ts';
import type { ByteProtocol } from '../links/connect.ts';
import type { Protocol, ServiceKey } from '../wire/labels.ts';
import type { Endpoint } from '../wire/orders.ts';
import { formatAddress } from '../sockets/address.ts';
import { type HopContext, type Opening, openEndpoint } from './hop.ts';
import { LinkCarrier } from './link-carrier.ts';

/** The service that the endpoint serves. */
export interface EndpointOf {
  readonly hops: HopContext;
  readonly service: ServiceKey;
  readonly port: number;
  /** What is spoken where nothing else was found out. */
  readonly protocol: 'http1' | 'opaque';
}

export class EndpointConnections {
  /** HTTP/1.1. */
  readonly pool: Pool<Callee>;
  private readonly of: EndpointOf;
  private readonly endpoint: Endpoint;
  private readonly edges: Partial<Record<Protocol, EdgeHandle>> = {};
  private carrier: StreamsPool | LinkCarrier | null = null;

  constructor(of: EndpointOf, endpoint: Endpoint) {
    this.of = of;
    this.endpoint = endpoint;
    this.pool = this.makePool();
  }

  /** The row of the service's own protocol, made when it is first counted into: of 10,000 endpoints few are ever called. */
  get edge(): EdgeHandle {
    return this.edgeOf(this.of.protocol);
  }

  /** The row of exchanges in a protocol. */
  edgeOf(protocol: Protocol): EdgeHandle {
    return (this.edges[protocol] ??= this.makeEdge(protocol));
  }

  /** Opens a stream outside the pools. */
  open(opening: Opening, protocol: ByteProtocol = this.of.protocol): void {
    const { hops, service } = this.of;
    openEndpoint(hops, this.endpoint, { target: formatAddress(this.endpoint.address), service, workload: hops.workload, protocol }, opening);
  }

  /** HTTP/2, made when the first stream is to be opened. */
  get streams(): Carrier {
    this.carrier ??= this.makeCarrier();
    return this.carrier;
  }

  sweep(nowMs: number, oldestGeneration: number): void {
    this.pool.sweep(nowMs, oldestGeneration);
    // Links are swept where they are kept.
    if (this.carrier instanceof StreamsPool) this.carrier.sweep(nowMs, oldestGeneration);
  }

  /** The endpoint is gone: what is in flight ends in peace. */
  close(): void {
    this.pool.close();
    if (this.carrier instanceof StreamsPool) this.carrier.close();
  }

  private makeCarrier(): StreamsPool | LinkCarrier {
    const { hops, service } = this.of;
    const { mesh, address } = this.endpoint;
    if (mesh !== null) return new LinkCarrier(hops.links, mesh, { target: formatAddress(address), service, workload: hops.workload });
    const open = (opened: Opening['opened'], failed: Opening['failed']): void => this.open({ opened, failed }, 'http2');
    return new StreamsPool({ sockets: hops.sockets, mesh: false, open, idleMsMax: APP_STREAMS_IDLE_MS_MAX });
  }

  private makePool(): Pool<Callee> {
    const mesh = this.endpoint.mesh !== null;
    const pool: Pool<Callee> = new Pool<Callee>({
      open: (opened, failed) =>
        this.open({
          opened: (stream, rest, generation) => {
            const callee = new Callee({ stream, pool, generation, mesh });
            // A server that speaks before it is asked is no HTTP/1.1 server: the reader refuses it, and the pool opens another.
            opened(callee);
            if (rest.length > 0) callee.received(rest);
          },
          failed,
        }),
      connectionsMax: ENDPOINT_CONNECTIONS_MAX,
      idleMax: ENDPOINT_IDLE_MAX,
      idleMsMax: mesh ? HOP_IDLE_MS_MAX : APP_IDLE_MS_MAX,
      queueMax: QUEUE_MAX,
    });
    return pool;
  }

  private makeEdge(protocol: Protocol): EdgeHandle {
    const { hops, service, port } = this.of;
    const { address, instance, mesh, workload } = this.endpoint;
    const known = { target: address, port, instance };
    const facts = mesh === null ? known : { ...known, peer: mesh.identity };
    return hops.recorder.edge({ direction: 'outbound', source: hops.workload, service, destination: workload, protocol, tls: mesh === null ? 'plain' : 'mtls' }, facts);
  }
}
