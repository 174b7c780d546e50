/** The way of an HTTP/2 stream to the app: there is only one place to go. */
import type { CarrierWaiter, Opened, StreamConnecting, StreamProtocol, StreamRoute } from '../http/streams-route.ts';
import type { EdgeHandle } from '../telemetry/recorder.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import type { Target } from './target.ts';

/** A stream that the app refused is sent again once: by then another connection is open. */
const REPEATS_MAX = 1;

/** The rows of one caller at one port. */
export interface StreamEdges {
  readonly http2: EdgeHandle;
  readonly grpc: EdgeHandle;
}

export class InboundStreamRoute implements StreamRoute, CarrierWaiter {
  private readonly target: Target;
  private readonly edges: StreamEdges;
  private readonly allowed: () => boolean;
  private connecting: StreamConnecting | null = null;
  private protocol: StreamProtocol = 'http2';
  private repeats = REPEATS_MAX;

  /** `allowed` is asked for each request: policy may change while a connection is open. */
  constructor(target: Target, edges: StreamEdges, allowed: () => boolean) {
    this.target = target;
    this.edges = edges;
    this.allowed = allowed;
  }

  get siblings(): number {
    return this.connecting?.siblings ?? 0;
  }

  unconnectedEdge(protocol: StreamProtocol): EdgeHandle {
    return this.edges[protocol];
  }

  connect(connecting: StreamConnecting, protocol: StreamProtocol): void {
    this.connecting = connecting;
    this.protocol = protocol;
    if (this.allowed()) this.target.streams.open(this);
    else connecting.unconnected('denied');
  }

  again(): boolean {
    if (this.repeats === 0) return false;
    this.repeats--;
    this.connecting?.retried();
    this.target.streams.open(this);
    return true;
  }

  cancel(): void {
    this.target.streams.cancel(this);
    this.connecting = null;
  }

  finished(): void {}

  carried(on: Opened): void {
    this.connecting?.connected(on, this.edges[this.protocol], false);
  }

  uncarried(code: FaultCodeName): void {
    this.connecting?.unconnected(code);
  }
}
