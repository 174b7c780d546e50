/** The loopback listener of one upstream. */
import type { HttpContext, Retirable } from '../http/upstream.ts';
import { type Listener, listen } from '../sockets/listen.ts';
import type { SocketAddress } from '../wire/orders.ts';
import { serveOutbound } from './stack.ts';
import type { Upstream } from './upstream.ts';

export interface OutboundAccept {
  readonly address: SocketAddress;
  readonly context: HttpContext;
  readonly upstream: Upstream;
  readonly callers: Set<Retirable>;
  readonly admit: () => boolean;
  readonly counted: (change: 1 | -1) => void;
}

/** Opens it; throws when the address can't be taken. */
export function listenOutbound(accept: OutboundAccept): Listener {
  const { context, upstream, callers } = accept;
  return listen({
    address: accept.address,
    turn: context.sockets.turn,
    shelf: context.sockets.shelf,
    near: true,
    tls: null,
    admit: accept.admit,
    counted: accept.counted,
    opened: (connection) => serveOutbound({ context, upstream, connection, callers }),
    secured: () => undefined,
  });
}
