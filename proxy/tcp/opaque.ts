/** One opaque connection as an exchange: copied both ways, its bytes counted as they pass, itself counted at its end. */
import type { HttpContext } from '../http/upstream.ts';
import { type PumpEnd, pump } from '../sockets/pump.ts';
import type { ByteStream } from '../sockets/stream.ts';
import type { EdgeHandle } from '../telemetry/recorder.ts';
import type { Fault } from '../wire/labels.ts';
import { FAULT_CODES, type FaultCodeName } from '../wire/mesh.ts';

export interface OpaqueCopy {
  readonly context: HttpContext;
  readonly edge: EdgeHandle;
  readonly caller: ByteStream;
  readonly callee: ByteStream;
  /** What each side sent before the copying began. */
  readonly fromCaller: Uint8Array;
  readonly fromCallee: Uint8Array;
  readonly startUs: number;
  readonly retries: number;
  readonly done: (fault: Fault | null) => void;
  /** Told once who said something first, so long after the connection was opened to the callee. */
  readonly spoke?: (by: 'caller' | 'callee', afterMs: number) => void;
}

/** Begins copying; the exchange is established now. */
export function copyOpaque(copy: OpaqueCopy): void {
  const { context, edge, caller, callee, fromCaller, fromCallee } = copy;
  const { recorder } = context;
  const establishedUs = context.sockets.nowUs();
  recorder.began(edge);
  callee.write(fromCaller, 0, fromCaller.length);
  caller.write(fromCallee, 0, fromCallee.length);
  recorder.bytes(edge, fromCaller.length, fromCallee.length);
  let { spoke } = copy;
  const joined = pump({
    sockets: context.sockets,
    caller,
    callee,
    passed: (bytesIn, bytesOut) => {
      recorder.bytes(edge, bytesIn, bytesOut);
      if (spoke === undefined) return;
      spoke(bytesIn > 0 ? 'caller' : 'callee', (context.sockets.nowUs() - establishedUs) / 1000);
      spoke = undefined;
    },
    done: (end) => {
      context.tunnels.delete(joined);
      const fault = faultOfEnd(end);
      count(copy, fault, establishedUs - copy.startUs, establishedUs);
      copy.done(fault);
    },
  });
  context.tunnels.add(joined);
}

/** Counts an opaque connection that was never established. */
export function countUnconnected(context: HttpContext, edge: EdgeHandle, startUs: number, retries: number, code: FaultCodeName): void {
  context.recorder.began(edge);
  count({ context, edge, startUs, retries, code }, FAULT_CODES[code].fault, -1, context.sockets.nowUs());
}

/** Many callers end by a reset once they have what they wanted, and a drain's limit is nobody's fault. */
function faultOfEnd(end: PumpEnd): Fault | null {
  switch (end.kind) {
    case 'ended':
    case 'stopped':
    case 'idle':
      return null;
    case 'reset':
      return end.by === 'callee' ? 'app' : null;
    default:
      return end satisfies never;
  }
}

function count(
  copy: Pick<OpaqueCopy, 'context' | 'edge' | 'startUs' | 'retries'> & { readonly code?: FaultCodeName },
  fault: Fault | null,
  latencyUs: number,
  connectedUs: number,
): void {
  const nowUs = copy.context.sockets.nowUs();
  copy.context.recorder.ended(copy.edge, {
    fault,
    code: copy.code ?? null,
    status: 0,
    latencyUs: Math.round(latencyUs),
    durationUs: Math.round(nowUs - copy.startUs),
    appUs: copy.context.direction === 'inbound' ? Math.round(connectedUs - copy.startUs) : 0,
    queueUs: Math.round(connectedUs - copy.startUs),
    retries: copy.retries,
    route: null,
  });
}
