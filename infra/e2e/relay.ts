/** A TCP relay whose connections a test can cut, both ends at once, as a network does. */
import { type Socket, connect, createServer } from 'node:net';

export interface Relay {
  readonly port: number;
  /** Cuts what is open now and says how many connections that were; new ones are taken. */
  drop(): number;
  /** Connections open now. */
  open(): number;
  close(): Promise<void>;
}

export async function openRelay(toPort: number): Promise<Relay> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((from) => {
    const to = connect(toPort, '127.0.0.1');
    const pair = [from, to] as const;
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      from.destroy();
      to.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    from.pipe(to);
    to.pipe(from);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has a port');
  const drop = (): number => {
    const cut = [...pairs];
    for (const [from, to] of cut) {
      from.resetAndDestroy();
      to.resetAndDestroy();
    }
    return cut.length;
  };
  return {
    port: address.port,
    drop,
    open: () => pairs.size,
    close: () => new Promise((done) => {
      server.close(() => done());
      drop();
    }),
  };
}
