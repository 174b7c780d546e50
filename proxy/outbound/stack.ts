/** What happens to a connection of the app to one of its upstreams, in order. */
import { Caller } from '../http/caller.ts';
import { StreamsCaller } from '../http/streams-caller.ts';
import type { HttpContext, Retirable } from '../http/upstream.ts';
import type { Connection } from '../sockets/connection.ts';
import { detect } from '../sockets/detect.ts';
import type { ByteStream } from '../sockets/stream.ts';
import { copyOpaque, countUnconnected } from '../tcp/opaque.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import { Approach, type Seeker } from './approach.ts';
import type { EndpointConnections } from './endpoint.ts';
import { OutboundRoute } from './route.ts';
import { OutboundStreamRoute } from './streams-route.ts';
import type { Upstream } from './upstream.ts';

export interface OutboundCall {
  readonly context: HttpContext;
  readonly upstream: Upstream;
  readonly connection: Connection;
  /** Open callers, so that a drain can tell them to go. */
  readonly callers: Set<Retirable>;
}

/** What came of a connection before it was served, and whether nothing could be told from it. */
interface Came {
  readonly bytes: Uint8Array;
  readonly silent: boolean;
}

const NOTHING: Came = { bytes: new Uint8Array(0), silent: false };

/** Serves an accepted connection. */
export function serveOutbound(call: OutboundCall): void {
  const { upstream, context } = call;
  context.recorder.dialled(upstream.service, upstream.port, upstream.protocol);
  switch (upstream.protocol) {
    case 'http1':
    case 'http2':
    case 'opaque':
      return serveAs(call, upstream.protocol, NOTHING);
    case 'detect':
      return upstream.detection.opaque ? serveAs(call, 'opaque', NOTHING) : detectAndServe(call);
    default:
      upstream.protocol satisfies never;
  }
}

/** The first bytes say what is spoken; the callee's proxy is told and doesn't look again. */
function detectAndServe(call: OutboundCall): void {
  const { context, upstream, connection, callers } = call;
  const waiting = detect(context.sockets, connection, {
    detected: (detected, bytes) => {
      callers.delete(open);
      upstream.detection.saw(detected);
      const silent = detected.kind === 'opaque' && detected.silent;
      if (silent) context.recorder.refused('outbound', 'detect-timeout');
      if (detected.kind === 'tls') context.recorder.passedThrough('outbound', detected.serverName);
      serveAs(call, detected.kind, { bytes, silent });
    },
    counted: (result, tookUs) => context.recorder.detected({ direction: 'outbound', service: upstream.service, port: upstream.port }, result, tookUs),
    gone: () => callers.delete(open),
  });
  const open: Retirable = { retire: () => undefined, stop: () => waiting.stop() };
  callers.add(open);
}

function serveAs(call: OutboundCall, protocol: 'http1' | 'http2' | 'opaque' | 'tls', came: Came): void {
  switch (protocol) {
    case 'http1':
      return serveHttp(call, came.bytes);
    case 'http2':
      return serveHttp2(call, came.bytes);
    case 'opaque':
    case 'tls':
      return new OpaqueCall(call, protocol, came).begin();
    default:
      protocol satisfies never;
  }
}

function serveHttp({ context, upstream, connection, callers }: OutboundCall, came: Uint8Array): void {
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
  if (came.length > 0) caller.received(came);
}

function serveHttp2({ context, upstream, connection, callers }: OutboundCall, came: Uint8Array): void {
  const caller: StreamsCaller = new StreamsCaller({
    context,
    stream: connection,
    // As above: streams of one connection go to different endpoints.
    route: () => new OutboundStreamRoute(upstream),
    stripMesh: true,
    gone: (gone) => callers.delete(gone),
  });
  callers.add(caller);
  caller.received(came);
}

/** An opaque connection is one exchange: its endpoint is picked once. */
class OpaqueCall implements Seeker {
  private readonly call: OutboundCall;
  private readonly protocol: 'opaque' | 'tls';
  private readonly came: Came;
  private readonly way: Approach;
  private readonly startUs: number;
  private retries = 0;

  constructor(call: OutboundCall, protocol: 'opaque' | 'tls', came: Came) {
    this.call = call;
    this.protocol = protocol;
    this.came = came;
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
    const opened = (callee: ByteStream, rest: Uint8Array): void => {
      this.way.reached();
      this.copy(endpoint, callee, rest);
    };
    endpoint.open({ opened, failed: (code) => this.way.failed(code) }, this.protocol);
  }

  retried(): void {
    this.retries++;
  }

  gaveUp(code: FaultCodeName): void {
    const { context, upstream, connection } = this.call;
    const { attempts } = this.way;
    countUnconnected(context, attempts.endpoint?.edgeOf(this.protocol) ?? upstream.nobodyOf(this.protocol), this.startUs, this.retries, connection.open ? code : 'client-closed');
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
      context, edge: endpoint.edgeOf(this.protocol), caller: connection, callee, fromCaller: this.came.bytes, fromCallee: rest,
      startUs: this.startUs, retries: this.retries,
      done: (fault) => {
        this.way.attempts.finished(context.sockets.nowUs() - this.startUs, fault === 'mesh');
        context.counted(-1);
      },
      ...(this.came.silent ? { spoke: (by: 'caller' | 'callee', afterMs: number) => this.spoke(by, afterMs) } : {}),
    });
  }

  private spoke(by: 'caller' | 'callee', afterMs: number): void {
    const { context, upstream } = this.call;
    if (upstream.detection.spoke(by, afterMs)) context.learned(`${upstream.service}:${upstream.port}`);
  }
}
