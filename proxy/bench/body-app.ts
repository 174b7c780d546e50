/** An app whose answers are as long as the path says: `bun proxy/bench/body-app.ts`, then `GET /<bytes>`. Prints its two ports. */

const CHUNK = Buffer.alloc(256 * 1024, 'x');

interface Answering {
  left: number;
}

function send(socket: Bun.Socket<Answering>): void {
  while (socket.data.left > 0) {
    const offered = Math.min(CHUNK.length, socket.data.left);
    const taken = Math.max(0, socket.write(CHUNK, 0, offered));
    socket.data.left -= taken;
    if (taken < offered) return;
  }
}

const listen = () => Bun.listen<Answering>({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open(socket) {
      socket.data = { left: 0 };
    },
    data(socket, bytes) {
      const length = Number(/^GET \/(\d+) /.exec(bytes.toString('latin1'))?.[1] ?? 0);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
      socket.data.left = length;
      send(socket);
    },
    drain: send,
    error: () => undefined,
  },
});
process.stdout.write(`${listen().port} ${listen().port}\n`);
