/** Our engine on a plain socket of Node, so that another implementation can be its peer. */
import type { Socket } from 'node:net';
import { Http2Connection } from '../../protocol/http2/connection.ts';
import type { ConnectionEvents, ConnectionOptions, StreamEvents } from '../../protocol/http2/events.ts';
import type { Http2Stream } from '../../protocol/http2/stream.ts';

const PRODUCE_BYTES = 64 * 1024;

export interface EngineOwner {
  accept(stream: Http2Stream): StreamEvents;
  /** Streams may be opened, again. */
  room(): void;
  /** The engine failed, with these words. */
  failed(message: string): void;
}

export class EngineSocket implements ConnectionEvents {
  readonly engine: Http2Connection;
  private readonly socket: Socket;
  private readonly owner: EngineOwner;
  private dirty = false;

  constructor(socket: Socket, options: ConnectionOptions, owner: EngineOwner) {
    this.socket = socket;
    this.owner = owner;
    this.engine = new Http2Connection(options, this);
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.engine.push(bytes, 0, bytes.length));
    socket.on('close', () => this.engine.lost());
    socket.on('error', () => this.engine.lost());
    this.wake();
  }

  accept(stream: Http2Stream): StreamEvents {
    return this.owner.accept(stream);
  }

  ready(): void {
    this.owner.room();
  }

  room(): void {
    this.owner.room();
  }

  closed({ message }: { readonly message: string }): void {
    this.owner.failed(message);
  }

  wake(): void {
    if (this.dirty) return;
    this.dirty = true;
    setImmediate(() => this.flush());
  }

  setting(): void {}
  pong(): void {}
  goingAway(): void {}
  done(): void {}

  private flush(): void {
    this.dirty = false;
    // A copy: Node keeps what it writes until the kernel took it.
    while (this.engine.produce({ write: (bytes, start, end) => void this.socket.write(bytes.slice(start, end)) }, PRODUCE_BYTES));
  }
}
