/** What happens to a caller of this workload, in order: from the mesh with a CONNECT, or in plain text from outside. */
import { Caller } from '../http/caller.ts';
import { StreamsCaller } from '../http/streams-caller.ts';
import type { HttpContext, Retirable } from '../http/upstream.ts';
import { authorize, believedWorkload } from '../policy/authorize.ts';
import type { ByteStream } from '../sockets/stream.ts';
import { copyOpaque, countUnconnected } from '../tcp/opaque.ts';
import type { EdgeHandle, RefusalReason } from '../telemetry/recorder.ts';
import type { Identity, Protocol, TlsState, WorkloadKey } from '../wire/labels.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import type { InboundPolicy, PortProtocol } from '../wire/orders.ts';
import { InboundStreamRoute } from './streams-route.ts';
import { InboundRoute, type Target } from './target.ts';

/** What a verified peer asked for in its CONNECT. */
export interface MeshRequest {
  /** CONNECT's target as sent. */
  readonly target: string;
  /** Both sides speak the same version of the hop. */
  readonly understood: boolean;
  readonly service: string | null;
  readonly workload: string | null;
  readonly protocol: string | null;
  readonly identity: Identity;
  /** Of that identity. */
  readonly namespace: string;
}

/** The orders in force, as admission needs them. */
export interface Admission {
  readonly policy: InboundPolicy;
  readonly targets: { get(address: string): Target | undefined };
  /** The proxy's own listeners, as `host:port`: no targets, or a request would go round for ever. */
  readonly own: ReadonlySet<string>;
}

export type Admitted =
  | { readonly kind: 'serve'; readonly target: Target; readonly source: WorkloadKey; readonly service: string; readonly protocol: 'http1' | 'http2' | 'opaque' | 'tls' }
  | { readonly kind: 'refuse'; readonly code: FaultCodeName; readonly reason: RefusalReason };

/** Each line stands before the next because it needs less of the peer to be believed. */
export function admitMesh(admission: Admission, request: MeshRequest): Admitted {
  // A peer of another version may mean something else by all that follows.
  if (!request.understood) return { kind: 'refuse', code: 'wire-version', reason: 'mesh-version' };
  // Its own listeners are never behind this proxy.
  if (admission.own.has(request.target)) return { kind: 'refuse', code: 'unknown-target', reason: 'loop' };
  // Only ports that the orders name can be reached, or a mesh identity would open every port of the host.
  const target = admission.targets.get(request.target);
  const protocol = target === undefined ? null : carried(target.port.protocol, request.protocol);
  if (target === undefined || protocol === null) return { kind: 'refuse', code: 'unknown-target', reason: 'mesh-unknown-target' };
  // Policy is about the port, so it comes behind it.
  if (authorize(admission.policy, request.identity).kind === 'deny') return { kind: 'refuse', code: 'denied', reason: 'denied' };
  // What is left only names rows of metrics.
  return { kind: 'serve', target, source: believedWorkload(request.workload, request.namespace), service: target.serviceFor(request.service), protocol };
}

/** What is spoken on a byte stream to a port, or null when the port takes no such; where first bytes decide, the caller's proxy has read them. */
function carried(port: PortProtocol, asked: string | null): 'http1' | 'http2' | 'opaque' | 'tls' | null {
  if (asked !== 'http1' && asked !== 'http2' && asked !== 'opaque' && asked !== 'tls') return null;
  return port === 'detect' || port === asked ? asked : null;
}

export interface Serving {
  readonly context: HttpContext;
  readonly target: Target;
  readonly connection: ByteStream;
  readonly source: WorkloadKey;
  readonly service: string;
  /** This workload. */
  readonly destination: WorkloadKey;
  readonly tls: TlsState;
  /** The caller's verified identity; null for one outside the mesh. */
  readonly peer: Identity | null;
  readonly callers: Set<Retirable>;
  /** What is spoken. */
  readonly protocol: Protocol;
  /** Who said something first, asked for where nothing could be told apart. */
  readonly spoke?: (by: 'caller' | 'callee', afterMs: number) => void;
}

/** The row that counts a caller. */
export function inboundEdge(serving: Pick<Serving, 'context' | 'source' | 'service' | 'destination' | 'target' | 'tls' | 'peer' | 'protocol'>): EdgeHandle {
  const { context, source, service, destination, target, tls, peer, protocol } = serving;
  const facts = peer === null ? { target: target.port.target } : { target: target.port.target, peer };
  return context.recorder.edge({ direction: 'inbound', source, service, destination, protocol, tls }, facts);
}

/** Requests of this caller go to the app, one after another, while `allowed` says so. */
export function serveHttp(serving: Serving, allowed: () => boolean): Caller {
  const { context, target, connection, callers } = serving;
  const caller: Caller = new Caller({
    context,
    stream: connection,
    route: new InboundRoute(target, inboundEdge(serving), () => admitted(context, allowed)),
    // Outside the mesh nobody may speak in its name; between proxies the fields are our own.
    stripMesh: serving.tls === 'plain',
    gone: (gone) => callers.delete(gone),
  });
  callers.add(caller);
  return caller;
}

/** Each stream of this caller is a request of its own to the app. */
export function serveHttp2(serving: Serving, allowed: () => boolean): StreamsCaller {
  const { context, target, connection, callers } = serving;
  const edges = { http2: inboundEdge({ ...serving, protocol: 'http2' }), grpc: inboundEdge({ ...serving, protocol: 'grpc' }) };
  const caller: StreamsCaller = new StreamsCaller({
    context,
    stream: connection,
    route: () => new InboundStreamRoute(target, edges, () => admitted(context, allowed)),
    stripMesh: serving.tls === 'plain',
    gone: (gone) => callers.delete(gone),
  });
  callers.add(caller);
  return caller;
}

function admitted(context: HttpContext, allowed: () => boolean): boolean {
  if (allowed()) return true;
  context.recorder.refused('inbound', 'denied');
  return false;
}

export interface OpaqueServing extends Serving {
  readonly fromCaller: () => Uint8Array;
  /** The app took the connection: the peer is told before its bytes flow. */
  readonly established: () => void;
  readonly failed: (code: FaultCodeName) => void;
}

/** The caller's bytes go to the app as they are. */
export function serveOpaque(serving: OpaqueServing): void {
  const { context, target, connection } = serving;
  const startUs = context.sockets.nowUs();
  const edge = inboundEdge(serving);
  context.counted(1);
  connection.pause();
  target.open(
    (callee: ByteStream) => {
      if (!connection.open) {
        callee.close();
        countUnconnected(context, edge, startUs, 0, 'client-closed');
        return context.counted(-1);
      }
      serving.established();
      copyOpaque({
        context, edge, caller: connection, callee, fromCaller: serving.fromCaller(), fromCallee: new Uint8Array(0), startUs, retries: 0,
        done: () => context.counted(-1),
        ...(serving.spoke === undefined ? {} : { spoke: serving.spoke }),
      });
    },
    (code) => {
      countUnconnected(context, edge, startUs, 0, code);
      context.counted(-1);
      serving.failed(code);
    },
  );
}
