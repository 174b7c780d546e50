/** Reads one answer of so many bytes and drops it: `bun proxy/bench/body-client.ts PORT BYTES`. Prints one line of JSON. */

const [port = 0, bytes = 0] = process.argv.slice(2).map(Number);
const HEAD_MAX = 4_096;
let head = '';
let left = -1;
const beganMs = performance.now();

function finish(): void {
  process.stdout.write(`${JSON.stringify({ ms: performance.now() - beganMs, missing: left })}\n`, () => process.exit(left === 0 ? 0 : 1));
}

function receive(chunk: Buffer): void {
  if (left >= 0) left -= chunk.length;
  else {
    head += chunk.toString('latin1', 0, HEAD_MAX);
    const end = head.indexOf('\r\n\r\n');
    if (end >= 0) left = bytes - (chunk.length - end - 4);
  }
  if (left === 0) finish();
}

await Bun.connect({
  hostname: '127.0.0.1',
  port,
  socket: {
    open: (socket) => void socket.write(`GET /${bytes} HTTP/1.1\r\nHost: body\r\n\r\n`),
    data: (_, chunk) => receive(chunk),
    close: () => finish(),
    error: () => finish(),
  },
});
