/** The app behind the HTTP/2 bench, a process of its own: 1 KiB answers, unary gRPC calls, and streams of 4 KiB messages. It is no contender. */
import { type ServerHttp2Stream, createServer } from 'node:http2';

/** Bytes of an answer, of a call's message and of a streamed message. */
const ANSWER = Buffer.alloc(1024, 'x');
const MESSAGE = Buffer.concat([Buffer.from([0, 0, 0, 0, 100]), Buffer.alloc(100, 'm')]);
const STREAMED = Buffer.alloc(4 * 1024, 's');
const GRPC = { ':status': 200, 'content-type': 'application/grpc' } as const;

const [port = '0', messages = '256'] = process.argv.slice(2);

/** As many messages as asked for, each a write of its own, as fast as they are taken. */
function streamMessages(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/octet-stream' });
  let left = Number(messages);
  const more = (): void => {
    while (left > 0 && !stream.destroyed) {
      left--;
      if (left === 0) stream.end(STREAMED);
      else if (!stream.write(STREAMED)) return void stream.once('drain', more);
    }
  };
  more();
}

const server = createServer({ settings: { maxConcurrentStreams: 1_000 } });
server.on('sessionError', () => undefined);
server.on('stream', (stream, headers) => {
  stream.on('error', () => undefined);
  switch (headers[':path']) {
    case '/bench':
      stream.respond({ ':status': 200, 'content-type': 'text/plain', 'content-length': ANSWER.length });
      stream.end(ANSWER);
      return;
    case '/messages':
      return streamMessages(stream);
    default:
      stream.respond(GRPC, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.resume();
      stream.end(MESSAGE);
  }
});
server.listen(Number(port), '127.0.0.1', () => void process.stdout.write('ready\n'));
