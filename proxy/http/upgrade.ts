/** An exchange that became a tunnel (RFC 9110 §7.8 and §9.3.6): raw bytes both ways until both sides are over. */
import { pump } from '../sockets/pump.ts';
import type { ByteStream } from '../sockets/stream.ts';
import type { Caller } from './caller.ts';
import type { HttpContext } from './upstream.ts';

/** Joins both streams; `passed` counts bytes as they go, `done` is called once at the end. */
export function tunnel(
  context: HttpContext,
  caller: Caller,
  callee: ByteStream,
  passed: (bytesIn: number, bytesOut: number) => void,
  done: () => void,
): void {
  const rest = caller.detach();
  if (rest !== null) {
    callee.write(rest, 0, rest.length);
    passed(rest.length, 0);
  }
  const joined = pump({
    sockets: context.sockets,
    caller: caller.stream,
    callee,
    passed,
    done: () => {
      context.tunnels.delete(joined);
      done();
      caller.over();
    },
  });
  context.tunnels.add(joined);
}
