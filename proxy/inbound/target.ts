/** One port of the app behind this proxy, and the connections that are kept to it. */
import { Failfast, INBOUND_FAILFAST_MS } from '../balance/failfast.ts';
import { Pool } from '../balance/pool.ts';
import { Callee } from '../http/callee.ts';
import type { Connecting, Route } from '../http/upstream.ts';
import type { ReliabilityCounters } from '../policy/reliability.ts';
import { formatAddress } from '../sockets/address.ts';
import { dial } from '../sockets/dial.ts';
import { APP_CONNECT_MS_MAX, APP_IDLE_MS_MAX, APP_STREAMS_IDLE_MS_MAX, ENDPOINT_CONNECTIONS_MAX, ENDPOINT_IDLE_MAX, QUEUE_MAX } from '../sockets/limits.ts';
import { ReadinessQueue } from '../balance/readiness-queue.ts';
import { StreamsPool } from '../http/streams-pool.ts';
import { PortDetection } from '../tcp/port-detection.ts';
import type { Sockets } from '../sockets/sockets.ts';
import type { ByteStream } from '../sockets/stream.ts';
import type { EdgeHandle, Recorder } from '../telemetry/recorder.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import type { ServiceKey } from '../wire/labels.ts';
import type { InboundPort } from '../wire/orders.ts';

const NOTHING = new Uint8Array(0);

export interface TargetParts {
  readonly sockets: Sockets;
  readonly recorder: Recorder;
  readonly counters?: ReliabilityCounters | undefined;
}

export class Target {
  readonly key: string;
  readonly pool: Pool<Callee>;
  /** What was learned of it, for `detect`. */
  readonly detection = new PortDetection();
  /** HTTP/2 connections to the app. */
  readonly streams: StreamsPool;
  port: InboundPort;
  private readonly failfast = new Failfast(INBOUND_FAILFAST_MS);
  private readonly queue: ReadinessQueue;
  private readonly parts: TargetParts;

  constructor(parts: TargetParts, port: InboundPort) {
    this.parts = parts;
    this.port = port;
    this.key = formatAddress(port.target);
    this.queue = new ReadinessQueue(parts.sockets);
    this.pool = new Pool<Callee>({
      open: (opened, failed) => {
        this.open((stream) => opened(new Callee({ stream, pool: this.pool, generation: Infinity, mesh: false })), failed);
      },
      connectionsMax: ENDPOINT_CONNECTIONS_MAX,
      idleMax: ENDPOINT_IDLE_MAX,
      idleMsMax: APP_IDLE_MS_MAX,
      queueMax: QUEUE_MAX,
    });
    this.streams = new StreamsPool({
      sockets: parts.sockets,
      mesh: false,
      open: (opened, failed) => this.open((stream) => opened(stream, NOTHING, Infinity), failed),
      idleMsMax: APP_STREAMS_IDLE_MS_MAX,
    });
  }

  /** Open connections to the app, and those being opened. */
  get connections(): number {
    return this.pool.connections + this.streams.connections;
  }

  sweep(nowMs: number): void {
    this.pool.sweep(nowMs, 0);
    this.streams.sweep(nowMs, 0);
  }

  /** The port is gone: connections end when they are idle. */
  close(): void {
    this.pool.close();
    this.streams.close();
  }

  /** The service that a caller meant, if it owns this port; otherwise the first that does. */
  serviceFor(claimed: string | null): ServiceKey {
    const { services } = this.port;
    return services.find((service) => service === claimed) ?? services[0] ?? '';
  }

  /** Opens a connection to the app outside the pool. While the app takes none it waits, up to a limit. */
  open(opened: (stream: ByteStream) => void, failed: (code: FaultCodeName) => void): void {
    const decision = this.failfast.decide(this.parts.sockets.nowUs());
    switch (decision) {
      case 'try':
        return this.dial(opened, failed);
      case 'wait':
        return this.wait(opened, failed);
      case 'fail':
        if (this.parts.counters !== undefined) this.parts.counters.failfastInbound += 1;
        return failed('app-unreachable');
      default:
        decision satisfies never;
    }
  }

  private wait(opened: (stream: ByteStream) => void, failed: (code: FaultCodeName) => void): void {
    if (!this.queue.wait({ proceed: () => this.open(opened, failed) })) failed('queue-full');
  }

  private dial(opened: (stream: ByteStream) => void, failed: (code: FaultCodeName) => void): void {
    const { sockets, recorder } = this.parts;
    dial({
      sockets,
      address: this.port.target,
      near: true,
      tls: null,
      counted: (change) => recorder.connection('inbound', 'dst', change),
      connectMs: APP_CONNECT_MS_MAX,
      connected: (stream) => {
        this.failfast.ready();
        this.queue.release();
        opened(stream);
      },
      failed: () => {
        const nowUs = sockets.nowUs();
        this.failfast.unready(nowUs, 0);
        if (this.failfast.active(nowUs)) failed('app-unreachable');
        else this.wait(opened, failed);
      },
    });
  }
}

/** The way of a caller's exchanges to the app: there is only one place to go. */
export class InboundRoute implements Route {
  readonly unconnectedEdge: EdgeHandle;
  private readonly target: Target;
  private readonly allowed: () => boolean;
  private connecting: Connecting | null = null;

  /** `allowed` is asked for each request: policy may change while a connection is open. */
  constructor(target: Target, edge: EdgeHandle, allowed: () => boolean) {
    this.target = target;
    this.unconnectedEdge = edge;
    this.allowed = allowed;
  }

  connect(connecting: Connecting): void {
    if (!this.allowed()) return connecting.unconnected('denied');
    const callee = this.target.pool.take();
    if (callee !== null) connecting.connected(callee, this.unconnectedEdge);
    else this.connectFresh(connecting);
  }

  connectFresh(connecting: Connecting): void {
    this.connecting = connecting;
    this.target.pool.wait(this);
  }

  cancel(): void {
    this.target.pool.cancel(this);
    this.connecting = null;
  }

  finished(): void {}

  connected(callee: Callee): void {
    const { connecting } = this;
    this.connecting = null;
    if (connecting === null) callee.release(true, 0);
    else connecting.connected(callee, this.unconnectedEdge);
  }

  failed(code: FaultCodeName): void {
    const { connecting } = this;
    this.connecting = null;
    connecting?.unconnected(code);
  }
}
