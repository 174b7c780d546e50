/** Many connections of one process, opened a few at a time, each used once and then left alone. */
import { connect, type Socket } from 'node:net';

/** Opened at the same time: a backlog that overflows would measure the kernel's retries. */
const OPENING_MAX = 32;
const ANSWER_MS_MAX = 20_000;
const REQUEST = 'GET /idle HTTP/1.1\r\nHost: idle\r\n\r\n';

/** Opens `count` connections to a port and sends one request on each; throws when one isn't answered. */
export async function openIdle(port: number, count: number): Promise<{ close(): void }> {
  const sockets: Socket[] = [];
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) sockets.push(await openOne(port));
  };
  await Promise.all(Array.from({ length: OPENING_MAX }, worker));
  return {
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function openOne(port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(port, '127.0.0.1', () => void socket.write(REQUEST));
  let seen = '';
  const timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS_MAX} ms, but ${JSON.stringify(seen.slice(0, 200))}`)), ANSWER_MS_MAX);
  socket.on('error', reject);
  socket.on('data', function once(bytes: Buffer) {
    seen += bytes.toString('latin1');
    const end = seen.indexOf('\r\n\r\n');
    if (end < 0 || seen.length - end - 4 < Number(/content-length: (\d+)/i.exec(seen)?.[1] ?? 0)) return;
    clearTimeout(timer);
    socket.off('data', once);
    if (seen.startsWith('HTTP/1.1 200')) resolve(socket);
    else reject(new Error(seen.slice(0, 200)));
  });
  return promise;
}
