/** Proves that what is dialled is redirected: listens where the proxy will, dials an address where nobody is, and must hear itself. */
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { AgentFault, messageOf, systemCodeOf } from '../fault.ts';
import { formatAddress } from '../platform/host/address.ts';
import type { SocketAddress } from '../../proxy/wire/orders.ts';

export interface Validation {
  /** Where the rules send what is dialled. */
  readonly outboundPort: number;
  /** One per family; none: there is nothing to prove. */
  readonly connect: readonly SocketAddress[];
  readonly timeoutMs: number;
  /** Nobody else can know it. */
  readonly token: string;
}

/** Resolves when each address led to the listener. Throws `AgentFault` `init_*` with what came instead. */
export async function validateRedirection(validation: Validation): Promise<void> {
  const families = new Set(validation.connect.map(({ host }) => host.includes(':')));
  const servers = await openListeners(validation, families);
  try {
    for (const address of validation.connect) await expectToken(address, validation);
  } finally {
    for (const server of servers) server.close();
  }
}

async function openListeners({ outboundPort, token }: Validation, families: ReadonlySet<boolean>): Promise<Server[]> {
  const servers: Server[] = [];
  for (const ipv6 of families) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(token);
    });
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ port: outboundPort, host: ipv6 ? '::1' : '127.0.0.1', ipv6Only: ipv6 }, resolve);
      });
    } catch (cause) {
      for (const open of servers) open.close();
      throw new AgentFault('init_port_in_use', `port ${outboundPort} can't be listened on (${systemCodeOf(cause) ?? messageOf(cause)})`, 'validate before the proxy starts: it takes this port itself', { cause });
    }
    servers.push(server);
  }
  return servers;
}

async function expectToken(address: SocketAddress, { token, timeoutMs, outboundPort }: Validation): Promise<void> {
  const heard = await dialled(address, timeoutMs);
  if (heard.kind === 'text' && heard.text === token) return;
  const to = formatAddress(address);
  const instead = heard.kind === 'text' ? 'somebody else answered' : heard.reason;
  throw new AgentFault(
    'init_not_redirected',
    `a connection to ${to} was not redirected to port ${outboundPort}: ${instead}. What the app dials would pass by the proxy in plain text, so it must not start`,
    'see whether "agent init" has run in this network namespace with the same ports, whether another program has changed the nat table since, and that this check runs neither as the proxy’s user nor without a route to the address (--connect names another)',
  );
}

type Heard = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'nothing'; readonly reason: string };

function dialled({ host, port }: SocketAddress, timeoutMs: number): Promise<Heard> {
  return new Promise((resolve) => {
    let text = '';
    const socket: Socket = connect({ host, port });
    const timer = setTimeout(() => finish({ kind: 'nothing', reason: `nothing came within ${timeoutMs} ms` }), timeoutMs);
    const finish = (heard: Heard): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(heard);
    };
    socket.on('data', (bytes) => (text += bytes.toString('latin1')));
    socket.on('end', () => finish({ kind: 'text', text }));
    socket.on('error', (error) => finish({ kind: 'nothing', reason: `the connection failed (${systemCodeOf(error) ?? messageOf(error)})` }));
  });
}
