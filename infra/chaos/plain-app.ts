/** An app that answers every request with the same 1 KiB, for load. */
import { createServer } from 'node:http';

const BODY = Buffer.alloc(1024, 'x');
const HEADERS = { 'content-type': 'text/plain', 'content-length': BODY.length } as const;

export interface PlainApp {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on that port of 127.0.0.1, or on a free one. */
export async function openPlainApp(port = 0): Promise<PlainApp> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume();
    response.writeHead(200, HEADERS).end(BODY);
  });
  await new Promise<void>((done, fail) => void server.once('error', fail).listen(port, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has a port');
  return {
    port: address.port,
    close: () => new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    }),
  };
}
