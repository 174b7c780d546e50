/** Serves the admin port over HTTP. */
import { StartFault } from '../start-fault.ts';
import type { SocketAddress } from '../wire/orders.ts';
import { answerAdmin, isLoopback, type AdminSubject } from './answers.ts';

/** The only body that is read is a log level. */
const BODY_BYTES_MAX = 1_024;

export interface AdminServer {
  readonly address: SocketAddress;
  stop(): void;
}

/** Listens. Throws `StartFault` when the address can't be taken. */
export function serveAdmin(address: SocketAddress, subject: AdminSubject): AdminServer {
  const server = listen(address, subject);
  return {
    address: { host: address.host, port: server.port ?? address.port },
    stop: () => void server.stop(true),
  };
}

function listen(address: SocketAddress, subject: AdminSubject) {
  try {
    return serve(address, subject);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const where = `${address.host}:${address.port}`;
    if (code === 'EADDRINUSE') throw new StartFault('admin_port_in_use', `${where} is in use by another process; set SIDELIGHT_PROXY_ADMIN to a free one`, error);
    throw new StartFault('admin_unavailable', `${where} can't be listened on: ${message}`, error);
  }
}

function serve(address: SocketAddress, subject: AdminSubject) {
  return Bun.serve({
    hostname: address.host,
    port: address.port,
    maxRequestBodySize: BODY_BYTES_MAX,
    development: false,
    async fetch(request, self) {
      const peer = self.requestIP(request)?.address ?? '';
      const answer = answerAdmin(subject, {
        method: request.method,
        path: new URL(request.url).pathname,
        loopback: isLoopback(peer),
        body: request.method === 'PUT' ? await request.text() : '',
      });
      // Who answers: while one process takes another's place, both have had this port.
      const headers = { 'sidelight-pid': String(process.pid), 'content-type': answer.contentType, ...(answer.allow === undefined ? {} : { allow: answer.allow }) };
      return new Response(request.method === 'HEAD' ? null : bodyOf(answer.body), { status: answer.status, headers });
    },
    error(error) {
      return new Response(`internal: ${error.message}\n`, { status: 500 });
    },
  });
}

/** A long text is made as fast as it is read, and no faster. */
function bodyOf(body: string | AsyncIterable<string>): string | ReadableStream<Uint8Array> {
  if (typeof body === 'string') return body;
  const pieces = body[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const next = await pieces.next();
      if (next.done === true) controller.close();
      else controller.enqueue(encoder.encode(next.value));
    },
    async cancel() {
      await pieces.return?.();
    },
  });
}
