/** A caller outside the mesh, on the plain listener of one port: what does it speak, and may it? */
import { authorize } from '../policy/authorize.ts';
import type { Connection } from '../sockets/connection.ts';
import { type Detected, detect } from '../sockets/detect.ts';
import type { InboundContext } from './accept.ts';
import { type Serving, serveHttp, serveHttp2, serveOpaque } from './stack.ts';
import type { Target } from './target.ts';

const NOTHING = new Uint8Array(0);

/** Serves an accepted connection. */
export function servePlain(context: InboundContext, target: Target, connection: Connection): void {
  const plain = new PlainCall(context, target, connection);
  const { protocol } = target.port;
  switch (protocol) {
    case 'http1':
    case 'http2':
    case 'opaque':
      return plain.serve(protocol, NOTHING);
    case 'detect':
      return target.detection.opaque ? plain.serve('opaque', NOTHING) : plain.detect();
    default:
      protocol satisfies never;
  }
}

class PlainCall {
  private readonly context: InboundContext;
  private readonly target: Target;
  private readonly connection: Connection;
  private silent = false;

  constructor(context: InboundContext, target: Target, connection: Connection) {
    this.context = context;
    this.target = target;
    this.connection = connection;
  }

  detect(): void {
    const { context, connection } = this;
    const waiting = detect(context.http.sockets, connection, {
      detected: (detected, bytes) => {
        context.plainCallers.delete(open);
        this.detected(detected, bytes);
      },
      counted: (result, tookUs) => context.http.recorder.detected({ direction: 'inbound', service: '', port: this.target.port.target.port }, result, tookUs),
      gone: () => context.plainCallers.delete(open),
    });
    const open = { retire: () => undefined, stop: () => waiting.stop() };
    context.plainCallers.add(open);
  }

  serve(protocol: Serving['protocol'], came: Uint8Array): void {
    const { context, target, connection } = this;
    const { http, plainCallers, workload, admission } = context;
    const serving: Serving = {
      context: http, target, connection, source: '', service: target.serviceFor(null), destination: workload(), tls: 'plain', peer: null, callers: plainCallers, protocol,
      ...(this.silent ? { spoke: (by: 'caller' | 'callee', afterMs: number) => this.spoke(by, afterMs) } : {}),
    };
    const allowed = (): boolean => authorize(admission().policy, null).kind === 'allow';
    // Asked for each request, and said as an answer, so that a person sees why.
    if (protocol === 'http1' || protocol === 'http2') {
      const caller = protocol === 'http1' ? serveHttp(serving, allowed) : serveHttp2(serving, allowed);
      if (came.length > 0) caller.received(came);
      return;
    }
    if (allowed()) return serveOpaque({ ...serving, fromCaller: () => came, established: () => undefined, failed: () => connection.close() });
    http.recorder.refused('inbound', 'denied');
    connection.close();
  }

  private detected(detected: Detected, bytes: Uint8Array): void {
    this.target.detection.saw(detected);
    this.silent = detected.kind === 'opaque' && detected.silent;
    if (this.silent) this.context.http.recorder.refused('inbound', 'detect-timeout');
    if (detected.kind === 'tls') this.context.http.recorder.passedThrough('inbound', detected.serverName);
    this.serve(detected.kind, bytes);
  }

  private spoke(by: 'caller' | 'callee', afterMs: number): void {
    if (this.target.detection.spoke(by, afterMs)) this.context.http.learned(this.target.key);
  }
}
