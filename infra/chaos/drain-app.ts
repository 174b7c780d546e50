/** An app for drains: answers small requests, streams numbered lines for a while, and echoes on WebSockets. */
import { type Server, type ServerResponse, createServer } from 'node:http';
import { WebSocketServer } from 'ws';

/** Lines of one stream, and the time between two. */
export const STREAM_LINES = 20;
const LINE_MS = 100;

export interface DrainApp {
  readonly port: number;
  close(): Promise<void>;
}

export async function openDrainApp(): Promise<DrainApp> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => (request.url === '/stream' ? stream(response) : response.end('served')));
  });
  // Longer than the proxy keeps an idle connection, so that it is the proxy that ends it.
  server.keepAliveTimeout = 30_000;
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return { port: portOf(server), close: () => close(server, sockets) };
}

function stream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let line = 0;
  const timer = setInterval(() => {
    response.write(`data: ${line}\n\n`);
    line += 1;
    if (line < STREAM_LINES) return;
    clearInterval(timer);
    response.end();
  }, LINE_MS);
  response.on('close', () => clearInterval(timer));
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function close(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const client of sockets.clients) client.terminate();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
}
