/** A client of the demo's TCP store: lines `GET key` → `VALUE …`, in order, on one connection that is made again when lost. */
import { type Socket, connect } from 'node:net';
import { createInterface } from 'node:readline';
import { splitAddress } from '../mesh/processes.ts';

export interface Store {
  /** The value, or an error when the connection ends before the answer. */
  get(key: string): Promise<string>;
}

interface Waiting {
  readonly done: (line: string) => void;
  readonly fail: (error: Error) => void;
}

/** Requests on the connection at once; one more is refused, so that a hanging store costs no memory. */
const WAITING_MAX = 256;
/** A connection that was used this often is closed, so that connections are seen to come and go. */
const USES_MAX = 20;

export function openStore(address: string, limitMs: number): Store {
  let line: { readonly socket: Socket; readonly waiting: Waiting[]; uses: number } | undefined;
  const dial = (): NonNullable<typeof line> => {
    const { host, port } = splitAddress(address);
    const socket = connect({ host, port, noDelay: true });
    const opened = { socket, waiting: [] as Waiting[], uses: 0 };
    socket.setTimeout(limitMs, () => {
      if (opened.waiting.length > 0) socket.destroy(new Error('timeout'));
      else socket.end();
    });
    const lines = createInterface({ input: socket });
    lines.on('line', (text) => {
      opened.waiting.shift()?.done(text);
      if (opened.uses >= USES_MAX && opened.waiting.length === 0) socket.end();
    });
    // It repeats the socket's error, which is handled below.
    lines.on('error', () => undefined);
    const lost = (error?: Error): void => {
      if (line === opened) line = undefined;
      for (const waiting of opened.waiting.splice(0)) waiting.fail(error ?? new Error('the store closed the connection'));
    };
    socket.on('error', lost);
    socket.on('close', () => lost());
    return opened;
  };
  return {
    get: (key) => new Promise((done, fail) => {
      if (line === undefined || line.uses >= USES_MAX || !line.socket.writable) line = dial();
      if (line.waiting.length >= WAITING_MAX) return fail(new Error(`${WAITING_MAX} requests wait for the store`));
      line.uses += 1;
      line.waiting.push({ done, fail });
      line.socket.write(`GET ${key}\n`);
    }),
  };
}
