/** A TCP relay that does harm: each connection gets a toxic per direction, drawn by its owner. */
import { type Socket, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to the bytes of one direction. Times in ms, sizes in bytes. */
export type Toxic =
  | { readonly kind: 'none' }
  /** Each piece waits. */
  | { readonly kind: 'latency'; readonly delayMs: number; readonly jitterMs: number }
  | { readonly kind: 'bandwidth'; readonly bytesPerSecond: number }
  /** The end of the stream comes late. */
  | { readonly kind: 'slow-close'; readonly delayMs: number }
  /** After so many bytes nothing passes any more; then both ends are cut. */
  | { readonly kind: 'timeout'; readonly afterBytes: number; readonly closeMs: number }
  /** After so many bytes both ends are reset. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Small pieces with gaps between: of some bytes at the connection's beginning, up to `bytesMax` behind it. */
  | { readonly kind: 'slice'; readonly bytesMax: number; readonly gapMs: number }
  /** After so many bytes the rest is lost and both ends are closed in good order. */
  | { readonly kind: 'cut'; readonly afterBytes: number };

export type ToxicKind = Toxic['kind'];

/** `up` is from who connected to who was called. */
export type Direction = 'up' | 'down';

export interface ToxicPair {
  readonly up: Toxic;
  readonly down: Toxic;
}

export interface ToxicRelay {
  readonly port: number;
  /** What connections get from now on; asked for each. */
  draw: (() => ToxicPair) | null;
  /** Connections that a toxic really did something to, by its kind. */
  readonly bites: ReadonlyMap<ToxicKind, number>;
  /** Connections open now. */
  open(): number;
  /** Resets what is open; new connections are taken. */
  drop(): void;
  close(): Promise<void>;
}

/** Pieces per second of the slow toxics: fewer would come in bursts, more would cost more than the harm. */
const PIECES_PER_SECOND = 50;
/** Handshakes and first heads are cut finely; cutting all of a large body so would take minutes. */
export const FINE_BYTES = 4_096;
export const FINE_PIECE_MAX = 16;
const NO_HARM: ToxicPair = { up: { kind: 'none' }, down: { kind: 'none' } };

/** Opens a relay on a free port of 127.0.0.1 in front of `toPort`. `random` draws the sizes of pieces. */
export async function openToxicRelay(toPort: number, random: () => number): Promise<ToxicRelay> {
  const joins = new Set<Join>();
  const bites = new Map<ToxicKind, number>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (from) => {
    const to = connect({ port: toPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const join = new Join(from, to, relay.draw?.() ?? NO_HARM, random);
    joins.add(join);
    join.onBite = (kind) => void bites.set(kind, (bites.get(kind) ?? 0) + 1);
    join.onOver = () => void joins.delete(join);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has a port');
  const drop = (): void => {
    for (const join of [...joins]) join.reset();
  };
  const relay: ToxicRelay = {
    port: address.port, draw: null, bites, drop,
    open: () => joins.size,
    close: () => new Promise((done) => {
      server.close(() => done());
      drop();
    }),
  };
  return relay;
}

/** Two sockets joined, a lane each way. */
class Join {
  onBite: (kind: ToxicKind) => void = () => undefined;
  onOver: () => void = () => undefined;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #bitten = new Set<ToxicKind>();

  constructor(from: Socket, to: Socket, toxics: ToxicPair, random: () => number) {
    this.#from = from;
    this.#to = to;
    for (const socket of [from, to]) {
      socket.on('error', () => this.reset());
      socket.on('close', () => this.#closed());
    }
    const up = new Lane(to, toxics.up, this, random);
    const down = new Lane(from, toxics.down, this, random);
    up.read(from);
    down.read(to);
  }

  /** Counts a toxic once a connection. */
  bite(kind: ToxicKind): void {
    if (this.#bitten.has(kind)) return;
    this.#bitten.add(kind);
    this.onBite(kind);
  }

  reset(): void {
    for (const socket of [this.#from, this.#to]) {
      // A reset during a shutdown fails in libuv, and the socket would stay.
      if (socket.writableEnded) socket.destroy();
      else if (!socket.destroyed) socket.resetAndDestroy();
    }
  }

  /** Ends both in good order; what waits to be written is still written. */
  end(): void {
    for (const socket of [this.#from, this.#to]) socket.destroySoon();
  }

  /** An end that broke takes the other with it, as a network without a relay would. */
  #closed(): void {
    if (this.#from.destroyed && this.#to.destroyed) return this.onOver();
    const [broken, other] = this.#from.destroyed ? [this.#from, this.#to] : [this.#to, this.#from];
    if (!broken.readableEnded || !broken.writableFinished) other.destroySoon();
  }
}

/** One direction: takes a piece, does its harm, writes it, and only then reads on. */
class Lane {
  readonly #to: Socket;
  readonly #toxic: Toxic;
  readonly #join: Join;
  readonly #random: () => number;
  #passed = 0;
  #over = false;
  /** What is under way; a stream's end may be told while its last piece still waits here. */
  #last: Promise<void> = Promise.resolve();

  constructor(to: Socket, toxic: Toxic, join: Join, random: () => number) {
    this.#to = to;
    this.#toxic = toxic;
    this.#join = join;
    this.#random = random;
  }

  read(from: Socket): void {
    from.on('data', (bytes: Buffer) => {
      if (this.#over) return;
      from.pause();
      this.#last = this.#last.then(() => this.#pass(bytes)).then(() => void from.resume());
    });
    from.on('end', () => {
      this.#last = this.#last.then(() => this.#end());
    });
  }

  async #pass(bytes: Buffer): Promise<void> {
    const toxic = this.#toxic;
    switch (toxic.kind) {
      case 'none':
      case 'slow-close':
        return this.#write(bytes);
      case 'latency':
        this.#join.bite(toxic.kind);
        await sleep(toxic.delayMs + this.#random() * toxic.jitterMs);
        return this.#write(bytes);
      case 'bandwidth':
        return this.#inPieces(bytes, () => Math.max(1, Math.ceil(toxic.bytesPerSecond / PIECES_PER_SECOND)), 1000 / PIECES_PER_SECOND);
      case 'slice':
        return this.#inPieces(bytes, () => 1 + Math.floor(this.#random() * (this.#passed < FINE_BYTES ? FINE_PIECE_MAX : toxic.bytesMax)), toxic.gapMs);
      case 'timeout':
        return this.#upTo(bytes, toxic.afterBytes, () => void setTimeout(() => this.#join.reset(), toxic.closeMs));
      case 'reset':
        return this.#upTo(bytes, toxic.afterBytes, () => this.#join.reset());
      case 'cut':
        return this.#upTo(bytes, toxic.afterBytes, () => this.#join.end());
      default:
        return toxic satisfies never;
    }
  }

  async #end(): Promise<void> {
    if (this.#over) return;
    if (this.#toxic.kind === 'slow-close') {
      this.#join.bite('slow-close');
      await sleep(this.#toxic.delayMs);
    }
    if (!this.#to.destroyed) this.#to.end();
  }

  async #inPieces(bytes: Buffer, size: () => number, gapMs: number): Promise<void> {
    this.#join.bite(this.#toxic.kind);
    for (let at = 0; at < bytes.length && !this.#to.destroyed;) {
      const end = Math.min(bytes.length, at + size());
      await this.#write(bytes.subarray(at, end));
      at = end;
      if (gapMs > 0) await sleep(gapMs);
    }
  }

  /** Lets bytes pass up to a total, then does the harm once and swallows the rest. */
  async #upTo(bytes: Buffer, total: number, harm: () => void): Promise<void> {
    const left = total - this.#passed;
    await this.#write(bytes.subarray(0, Math.max(0, left)));
    if (bytes.length < left) return;
    this.#over = true;
    this.#join.bite(this.#toxic.kind);
    harm();
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#passed += bytes.length;
    if (bytes.length === 0 || this.#to.destroyed || this.#to.writableEnded) return;
    if (this.#to.write(bytes)) return;
    await new Promise<void>((done) => {
      const ready = (): void => {
        this.#to.off('drain', ready).off('close', ready);
        done();
      };
      this.#to.on('drain', ready).on('close', ready);
    });
  }
}
