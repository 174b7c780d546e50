/** Who is called for an exchange, and which rows count it: all that differs between outbound and inbound. */
import type { Outcome } from '../balance/outcome.ts';
import type { ExchangePolicy } from '../policy/exchange-policy.ts';
import type { ReliabilityCounters } from '../policy/reliability.ts';
import type { EdgeHandle, Recorder } from '../telemetry/recorder.ts';
import type { Watch } from '../telemetry/watch.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import type { Direction } from '../wire/labels.ts';
import type { RouteTemplates } from '../route/template.ts';
import type { Sockets } from '../sockets/sockets.ts';
import type { Callee } from './callee.ts';

/** An exchange that wants a connection. */
export interface Connecting {
  connected(callee: Callee, edge: EdgeHandle): void;
  /** No connection, after all attempts. */
  unconnected(code: FaultCodeName): void;
  /** One more attempt goes elsewhere. */
  retried(): void;
}

/** One exchange's way to its connection; made per caller connection and used for one exchange after another. */
export interface Route {
  /** The row of an exchange that got no connection: the endpoint tried last, or none. */
  readonly unconnectedEdge: EdgeHandle;
  /** Tells `connecting` once, now or later. */
  connect(connecting: Connecting): void;
  /** Once more to the same endpoint, on a connection that nobody used before. */
  connectFresh(connecting: Connecting): void;
  /** What the service asks of each exchange; null or absent: nothing. */
  readonly policy?: ExchangePolicy | null;
  /** Another attempt of the same exchange, at another endpoint where there is one; `latencyUs` and `outcome` are of the last. Only of routes with a policy. */
  connectAgain?(connecting: Connecting, latencyUs: number, outcome: Outcome): void;
  /** The exchange no longer waits. */
  cancel(): void;
  /** The exchange is over: how the endpoint did. `latencyUs` −1: it didn't answer. `outcome` is for its circuit breaker. */
  finished(latencyUs: number, failed: boolean, outcome?: Outcome): void;
}

/** A caller that can be told to go. */
export interface Retirable {
  /** Behind what it has in flight; with `idleMs` also when it asks for nothing so long. */
  retire(idleMs: number | null): void;
  /** Break off. */
  stop(): void;
}

/** What every HTTP connection of one direction shares. */
export interface HttpContext {
  readonly direction: Direction;
  readonly sockets: Sockets;
  readonly recorder: Recorder;
  readonly templates: RouteTemplates;
  /** New callers and exchanges are told to go: the answer says `connection: close`. */
  readonly draining: () => boolean;
  /** The set that the exchange's tunnel is in while it is open, so that a drain's limit can end it. */
  readonly tunnels: Set<{ stop(): void }>;
  /** Access log, traces and tap; absent: nobody watches. */
  readonly watch?: Watch;
  /** Of the whole proxy. */
  readonly counters?: ReliabilityCounters;
  /** A port's server speaks first: its connections are opaque from now on. */
  readonly learned: (port: string) => void;
  /** More exchanges are under way than the proxy takes: new ones are answered `queue-full`. */
  readonly full?: () => boolean;
  /** Exchanges in flight. */
  readonly counted: (change: 1 | -1) => void;
}
