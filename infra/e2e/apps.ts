/** Small apps behind the proxies of a test, and a client outside the mesh; both in the test's own process. */
import { Agent, type IncomingMessage, type Server, type ServerResponse, createServer, request as httpRequest } from 'node:http';
import { splitAddress } from '../mesh/processes.ts';

export interface App {
  close(): Promise<void>;
}

/** An HTTP app on `address`. A handler that throws answers 500 with the error's text. */
export async function serveApp(address: string, handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Promise<App> {
  const { host, port } = splitAddress(address);
  const server: Server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(port, host, done);
  });
  return {
    close: () => new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    }),
  };
}

export interface Answer {
  readonly status: number;
  /** Request's head written to response's head read, ms. */
  readonly latencyMs: number;
  readonly body: string;
}

/** A keep-alive client to one address; rejects when the connection fails. */
export function openClient(address: string, connections: number): { get(path: string, headers?: Record<string, string>): Promise<Answer>; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const { host, port } = splitAddress(address);
  return {
    get: (path, headers = {}) => new Promise((done, fail) => {
      let started = 0;
      const request = httpRequest({ agent, host, port, path, headers: { host: 'test.example', ...headers } });
      // Waiting for a socket of the pool is not the server's time.
      request.once('socket', () => { started = performance.now(); });
      request.once('error', fail);
      request.once('response', (response) => {
        const latencyMs = performance.now() - started;
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', fail);
        response.once('end', () => done({ status: response.statusCode ?? 0, latencyMs, body: Buffer.concat(chunks).toString() }));
      });
      request.end();
    }),
    close: () => agent.destroy(),
  };
}

/** Runs `work` for 0…count-1 with at most `width` at once. */
export async function inParallel(count: number, width: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next; index < count; index = next) {
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}
