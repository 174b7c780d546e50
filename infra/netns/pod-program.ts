/** An app inside a pod that a test talks to over stdin and stdout, one line of JSON each: it serves, and it calls. Knows nothing of a mesh. */
import { createServer as createHttpServer, request } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { type Server, connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** What the test asks for. Times in ms. */
export type PodCommand =
  /** Answers each request with `body` and what it saw. */
  | { readonly kind: 'serve-http'; readonly port: number; readonly body: string }
  /** The same in HTTP/2 with prior knowledge. */
  | { readonly kind: 'serve-http2'; readonly port: number; readonly body: string }
  | { readonly kind: 'get-http2'; readonly url: string; readonly timeoutMs: number }
  /** Says `greeting` at once, and sends back what comes. */
  | { readonly kind: 'serve-greeting'; readonly port: number; readonly greeting: string }
  | { readonly kind: 'get'; readonly url: string; readonly host?: string; readonly timeoutMs: number }
  /** Connects, sends `send`, and reads until `until` was heard or the connection ends. */
  | { readonly kind: 'dial'; readonly host: string; readonly port: number; readonly send: string; readonly until: string; readonly timeoutMs: number }
  /** Whom the last connection to a served port came from. */
  | { readonly kind: 'seen'; readonly port: number };

export type PodAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'response'; readonly status: number; readonly body: string; readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>; readonly ms: number }
  | { readonly kind: 'heard'; readonly text: string; readonly ms: number }
  | { readonly kind: 'failed'; readonly reason: string; readonly ms: number }
  | { readonly kind: 'callers'; readonly addresses: readonly string[] };

const callers = new Map<number, string[]>();

function noted(port: number, address: string | undefined): void {
  callers.set(port, [...(callers.get(port) ?? []), address ?? '']);
}

/** On every address of the pod, as apps do. */
function listening(server: Server, port: number): Promise<PodAnswer> {
  return new Promise((resolve) => {
    server.once('error', (error) => resolve({ kind: 'failed', reason: String(error), ms: 0 }));
    server.listen({ port, host: '::' }, () => resolve({ kind: 'done' }));
  });
}

function serveHttp(port: number, body: string): Promise<PodAnswer> {
  const server = createHttpServer((incoming, response) => {
    response.setHeader('x-seen-host', incoming.headers.host ?? '');
    response.end(`${body} ${incoming.url ?? ''}`);
  });
  server.on('connection', (socket) => noted(port, socket.remoteAddress));
  return listening(server, port);
}

function serveHttp2(port: number, body: string): Promise<PodAnswer> {
  const server = createHttp2Server((incoming, response) => {
    response.end(`${body} ${incoming.url}`);
  });
  server.on('connection', (socket: { remoteAddress?: string }) => noted(port, socket.remoteAddress));
  return listening(server, port);
}

function getHttp2({ url, timeoutMs }: Extract<PodCommand, { kind: 'get-http2' }>): Promise<PodAnswer> {
  const startMs = performance.now();
  const { origin, pathname } = new URL(url);
  const session = connectHttp2(origin);
  return new Promise<PodAnswer>((resolve) => {
    const fail = (reason: string): void => resolve({ kind: 'failed', reason, ms: performance.now() - startMs });
    session.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    const stream = session.request({ ':path': pathname });
    let [status, body] = [0, ''];
    stream.setTimeout(timeoutMs, () => fail('timeout'));
    stream.on('response', (headers) => (status = Number(headers[':status'])));
    stream.on('data', (bytes: Buffer) => (body += bytes.toString('utf8')));
    stream.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    stream.on('end', () => resolve({ kind: 'response', status, body, headers: {}, ms: performance.now() - startMs }));
    stream.end();
  }).finally(() => session.destroy());
}

function serveGreeting(port: number, greeting: string): Promise<PodAnswer> {
  const server = createServer((socket) => {
    noted(port, socket.remoteAddress);
    socket.on('error', () => undefined);
    socket.write(greeting);
    socket.pipe(socket);
  });
  return listening(server, port);
}

function get({ url, host, timeoutMs }: Extract<PodCommand, { kind: 'get' }>): Promise<PodAnswer> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const fail = (reason: string): void => resolve({ kind: 'failed', reason, ms: performance.now() - startMs });
    const outgoing = request(url, { agent: false, timeout: timeoutMs, headers: host === undefined ? {} : { host } }, (response) => {
      let body = '';
      response.on('data', (bytes: Buffer) => (body += bytes.toString('utf8')));
      response.on('end', () => resolve({ kind: 'response', status: response.statusCode ?? 0, body, headers: response.headers, ms: performance.now() - startMs }));
      response.on('error', (error) => fail(String(error)));
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    outgoing.end();
  });
}

function dial({ host, port, send, until, timeoutMs }: Extract<PodCommand, { kind: 'dial' }>): Promise<PodAnswer> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host, port });
    const finish = (answer: PodAnswer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const took = (): number => performance.now() - startMs;
    const timer = setTimeout(() => finish({ kind: 'failed', reason: `timeout after "${text}"`, ms: took() }), timeoutMs);
    socket.on('connect', () => socket.write(send));
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      if (until !== '' && text.includes(until)) finish({ kind: 'heard', text, ms: took() });
    });
    socket.on('end', () => finish({ kind: 'heard', text, ms: took() }));
    socket.on('error', (error: NodeJS.ErrnoException) => finish({ kind: 'failed', reason: error.code ?? error.message, ms: took() }));
  });
}

function obey(command: PodCommand): Promise<PodAnswer> | PodAnswer {
  switch (command.kind) {
    case 'serve-http':
      return serveHttp(command.port, command.body);
    case 'serve-http2':
      return serveHttp2(command.port, command.body);
    case 'get-http2':
      return getHttp2(command);
    case 'serve-greeting':
      return serveGreeting(command.port, command.greeting);
    case 'get':
      return get(command);
    case 'dial':
      return dial(command);
    case 'seen':
      return { kind: 'callers', addresses: callers.get(command.port) ?? [] };
    default:
      return command satisfies never;
  }
}

/** Runs only as the program of a pod, not when its types are imported. */
if (process.argv[1] === import.meta.filename) {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const { id, command } = JSON.parse(line) as { id: number; command: PodCommand };
    void Promise.resolve(obey(command)).then((answer) => process.stdout.write(`${JSON.stringify({ id, answer })}\n`));
  });
  lines.on('close', () => process.exit(0));
}
