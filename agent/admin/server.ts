/** The admin port: `/ready`, `/live`, `/metrics`. */
import { createServer } from 'node:http';
import type { SocketAddress } from '../../proxy/wire/orders.ts';

export interface AdminParts {
  /** Null when ready, else why not. */
  readonly notReady: () => string | null;
  readonly metrics: () => string;
}

export interface AdminPort {
  readonly port: number;
  close(): void;
}

/** Opens the admin port; port 0 takes a free one. Rejects with the system's error when it can't listen. */
export async function openAdmin(address: SocketAddress, parts: AdminParts): Promise<AdminPort> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    const { status, text } = answer(request.method ?? '', (request.url ?? '').replace(/\?.*$/, ''), parts);
    response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'content-length': Buffer.byteLength(text) });
    response.end(request.method === 'HEAD' ? '' : text);
  });
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  const bound = server.address();
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { port: typeof bound === 'object' && bound ? bound.port : address.port, close };
}

function answer(method: string, path: string, parts: AdminParts): { status: number; text: string } {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'only GET and HEAD are answered here\n' };
  switch (path) {
    case '/live':
      return { status: 200, text: 'live\n' };
    case '/ready': {
      const reason = parts.notReady();
      return reason === null ? { status: 200, text: 'ready\n' } : { status: 503, text: `not ready: ${reason}\n` };
    }
    case '/metrics':
      return { status: 200, text: parts.metrics() };
    default:
      return { status: 404, text: 'there are /ready, /live and /metrics\n' };
  }
}
