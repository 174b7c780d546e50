/** What happens to a connection of the app to one of its upstreams, in order. */
import { Caller } from '../http/caller.ts';
import type { HttpContext } from '../http/upstream.ts';
import type { Connection } from '../sockets/connection.ts';
import type { ByteStream } from '../sockets/stream.ts';
import { copyOpaque, countUnconnected } from '../tcp/opaque.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import { Approach, type Seeker } from './approach.ts';
import { OutboundRoute } from './route.ts';
import type { EndpointConnections, Upstream } from './upstream.ts';

export interface Retirable {
  retire(idleMs: number | null): void;
  /** Break off. */
  stop(): void;
}

export interface OutboundCall {
  readonly context: HttpContext;
  readonly upstream: Upstream;
  readonly connection: Connection;
  /** Open callers, so that a drain can tell them to go. */
  readonly callers: Set<Retirable>;
}

/** Serves an accepted connection. */
export function serveOutbound(call: OutboundCall): void {
  switch (call.upstream.protocol) {
    case 'http1':
      return serveHttp(call);
    case 'opaque':
      return new OpaqueCall(call).begin();
    default:
      call.upstream.protocol satisfies never;
  }
}

function serveHttp({ context, upstream, connection, callers }: OutboundCall): void {
  const caller = new Caller({
    context,
    stream: connection,
    // Each request picks its endpoint by itself, so that a long-lived connection is balanced too.
    route: new OutboundRoute(upstream),
    // The app is no proxy: what looks like a word of the mesh in its requests isn't one.
    stripMesh: true,
    gone: (gone) => callers.delete(gone),
  });
  callers.add(caller);
}

/** An opaque connection is one exchange: its endpoint is picked once. */
class OpaqueCall implements Seeker {
  private readonly call: OutboundCall;
  private readonly way: Approach;
  private readonly startUs: number;
  private retries = 0;

  constructor(call: OutboundCall) {
    this.call = call;
    this.way = new Approach(call.upstream, this);
    this.startUs = call.context.sockets.nowUs();
  }

  begin(): void {
    this.call.context.counted(1);
    // Nothing is read before there is somebody to give it to.
    this.call.connection.pause();
    this.way.begin();
  }

  approach(endpoint: EndpointConnections): void {
    if (!this.call.connection.open) return this.gaveUp('client-closed');
    endpoint.open({
      opened: (callee, rest) => {
        this.way.reached();
        this.copy(endpoint, callee, rest);
      },
      failed: (code) => this.way.failed(code),
    });
  }

  retried(): void {
    this.retries++;
  }

  gaveUp(code: FaultCodeName): void {
    const { context, upstream, connection } = this.call;
    const { attempts } = this.way;
    countUnconnected(context, attempts.endpoint?.edge ?? upstream.nobody, this.startUs, this.retries, connection.open ? code : 'client-closed');
    attempts.finished(-1, false);
    context.counted(-1);
    connection.close();
  }

  private copy(endpoint: EndpointConnections, callee: ByteStream, rest: Uint8Array): void {
    const { context, connection } = this.call;
    if (!connection.open) {
      callee.close();
      return this.gaveUp('client-closed');
    }
    copyOpaque({
      context, edge: endpoint.edge, caller: connection, callee, fromCaller: new Uint8Array(0), fromCallee: rest,
      startUs: this.startUs, retries: this.retries,
      done: (fault) => {
        this.way.attempts.finished(context.sockets.nowUs() - this.startUs, fault === 'mesh');
        context.counted(-1);
      },
    });
  }
}
