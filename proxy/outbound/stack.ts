/** What happens to a connection of the app to one of its upstreams, in order. */
import { Caller } from '../http/caller.ts';
import type { HttpContext } from '../http/upstream.ts';
import type { Connection } from '../sockets/connection.ts';
import { copyOpaque, countUnconnected } from '../tcp/opaque.ts';
import { OutboundRoute } from './route.ts';
import { Attempts, type Upstream } from './upstream.ts';

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
      return new OpaqueCall(call).attempt();
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
class OpaqueCall {
  private readonly call: OutboundCall;
  private readonly attempts: Attempts;
  private readonly startUs: number;
  private retries = 0;

  constructor(call: OutboundCall) {
    this.call = call;
    this.attempts = new Attempts(call.upstream);
    this.attempts.begin();
    this.startUs = call.context.sockets.nowUs();
    call.context.counted(1);
    // Nothing is read before there is somebody to give it to.
    call.connection.pause();
  }

  attempt(): void {
    const { context, upstream, connection } = this.call;
    const endpoint = this.attempts.next();
    if (endpoint === null) return this.fail();
    endpoint.open({
      opened: (callee, rest) => {
        if (!connection.open) {
          callee.close();
          return this.fail();
        }
        copyOpaque({
          context, edge: endpoint.edge, caller: connection, callee, fromCaller: new Uint8Array(0), fromCallee: rest,
          startUs: this.startUs, retries: this.retries,
          done: (fault) => {
            this.attempts.finished(context.sockets.nowUs() - this.startUs, fault === 'mesh');
            context.counted(-1);
          },
        });
      },
      failed: (code) => {
        if (!this.attempts.failed(code) || upstream.protocol !== 'opaque') return this.fail();
        this.retries++;
        this.attempt();
      },
    });
  }

  private fail(): void {
    const { context, upstream, connection } = this.call;
    const code = connection.open ? this.attempts.code : 'client-closed';
    countUnconnected(context, this.attempts.endpoint?.edge ?? upstream.nobody, this.startUs, this.retries, code);
    this.attempts.finished(-1, false);
    context.counted(-1);
    connection.close();
  }
}
