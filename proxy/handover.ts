/**
 * How a new process takes a proxy's place without a refused connection: it asks the old one, over a Unix socket in the
 * state folder, for its listening sockets. Both hold them from then on, so that no connection in their queues is lost;
 * once the new one is ready the old one may be told to end (SIGTERM) and drains.
 */
import { chmodSync, renameSync } from 'node:fs';
import { connectUnix, closeDescriptor, receiveDescriptors, sendDescriptors, DESCRIPTORS_PER_MESSAGE_MAX } from './sockets/descriptors.ts';
import type { ListenerShelf, OpenListener } from './sockets/shelf.ts';

/** Version of what the two processes say. */
const HANDOVER_VERSION = 1;
const READY = 'ready\n';

interface Batch {
  readonly version: number;
  /** In the order of the descriptors. */
  readonly addresses: readonly string[];
  readonly more: boolean;
}

/** What the new process holds of the old one. */
export interface Taken {
  /** Listening sockets that came. */
  readonly count: number;
  /** Says that the new process serves; sockets that it didn't want are closed. */
  ready(): void;
}

/** Takes over from the process that listens at `path`; null when there is none. Blocks for at most some seconds. */
export function takeOver(path: string, shelf: ListenerShelf): Taken | null {
  if (process.platform !== 'linux') return null;
  const socket = connectUnix(path);
  if (socket === null) return null;
  let count = 0;
  for (let more = true; more; ) {
    const received = receiveDescriptors(socket);
    const batch = received === null ? null : readBatch(received.text);
    if (received === null || batch === null) break;
    for (const [at, address] of batch.addresses.entries()) {
      const descriptor = received.descriptors[at];
      if (descriptor !== undefined) shelf.inherit(address, descriptor);
    }
    count += received.descriptors.length;
    more = batch.more;
  }
  return {
    count,
    ready() {
      sendDescriptors(socket, READY, []);
      for (const descriptor of shelf.discard()) closeDescriptor(descriptor);
      closeDescriptor(socket);
    },
  };
}

function readBatch(text: string): Batch | null {
  try {
    const batch = JSON.parse(text) as Batch;
    return batch.version === HANDOVER_VERSION ? batch : null;
  } catch {
    return null;
  }
}

export interface HandoverEvents {
  /** A new process asks: what it can't share, such as the admin port, is to be let go. */
  readonly asked: () => void;
  /** It is ready, and takes what comes from now on. */
  readonly done: () => void;
  /** It went away before. */
  readonly failed: () => void;
}

export interface HandoverServer {
  /** A new process has the sockets, or is about to be ready with them. */
  readonly handed: boolean;
  stop(): void;
}

/** Offers the listening sockets at `path`. Throws when the path can't be listened on. */
export function offerHandover(path: string, shelf: ListenerShelf, events: HandoverEvents): HandoverServer {
  let state: 'alone' | 'asked' | 'handed' = 'alone';
  let asking: object | null = null;
  // Under another name first: the path may be that of the process whose place this one takes.
  const temporary = `${path}.new`;
  const server = Bun.listen({
    unix: temporary,
    socket: {
      open(socket) {
        if (state !== 'alone') return void socket.end();
        state = 'asked';
        asking = socket;
        events.asked();
        if (!offer(descriptorOf(socket), shelf.open())) socket.end();
      },
      data(socket, bytes) {
        if (socket !== asking || state !== 'asked' || !bytes.toString().startsWith(READY)) return;
        state = 'handed';
        events.done();
      },
      close(socket) {
        if (socket !== asking || state !== 'asked') return;
        state = 'alone';
        asking = null;
        events.failed();
      },
    },
  });
  chmodSync(temporary, 0o600);
  renameSync(temporary, path);
  return {
    get handed() {
      return state !== 'alone';
    },
    stop: () => void server.stop(true),
  };
}

function descriptorOf(socket: object): number {
  return (socket as { readonly fd: number }).fd;
}

function offer(socket: number, listeners: readonly OpenListener[]): boolean {
  for (let at = 0; at === 0 || at < listeners.length; at += DESCRIPTORS_PER_MESSAGE_MAX) {
    const some = listeners.slice(at, at + DESCRIPTORS_PER_MESSAGE_MAX);
    const batch: Batch = { version: HANDOVER_VERSION, addresses: some.map(({ address }) => address), more: at + some.length < listeners.length };
    if (!sendDescriptors(socket, JSON.stringify(batch), some.map(({ descriptor }) => descriptor))) return false;
  }
  return true;
}
