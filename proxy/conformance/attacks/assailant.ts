/** One hostile connection: sends its blows and notes when the proxy has had enough. */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { concat } from '../../protocol/bytes.ts';
import { FLAG, TYPE, readUint32 } from '../../protocol/http2/frame.ts';
import { FrameReader, type FrameSink } from '../../protocol/http2/reader.ts';
import { frame } from '../../protocol/http2/testing.ts';
import type { Attack } from './blows.ts';

/** An answer to a PING takes less, or the proxy is as good as gone. */
const ANSWER_MS_MAX = 5_000;
/** Where no PING may be sent, the proxy gets so long to say that it is enough. */
const LOOK_MS = 50;
/** Blows of a flood that are written at once. */
const FLOOD_BLOWS = 200;
const PROBE = Uint8Array.from('assailed', (letter) => letter.charCodeAt(0));

class Ear implements FrameSink {
  goaway: number | null = null;
  answers = 0;

  frame(type: number, flags: number, _id: number, bytes: Uint8Array, start: number): void {
    if (type === TYPE.goaway) this.goaway = readUint32(bytes, start + 4);
    if (type === TYPE.ping && (flags & FLAG.ack) !== 0 && bytes[start] === PROBE[0]) this.answers++;
  }

  dataBegins(): void {}
  data(): void {}
  padding(): void {}
}

export class Assailant {
  blows = 0;
  private readonly ear = new Ear();
  private readonly socket: Socket;
  private readonly attack: Attack;
  private gone = false;

  private constructor(socket: Socket, attack: Attack) {
    this.socket = socket;
    this.attack = attack;
    const reader = new FrameReader(this.ear, false);
    socket.setNoDelay(true);
    socket.on('data', (bytes) => reader.push(bytes, 0, bytes.length));
    socket.on('end', () => (this.gone = true));
    socket.on('close', () => (this.gone = true));
    socket.on('error', () => (this.gone = true));
  }

  static async connect(port: number, attack: Attack): Promise<Assailant> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const assailant = new Assailant(socket, attack);
    socket.write(attack.first);
    return assailant;
  }

  /** The proxy has said GOAWAY or closed. */
  get ended(): boolean {
    return this.gone || this.ear.goaway !== null;
  }

  /** Error code of the GOAWAY, or null. */
  get code(): number | null {
    return this.ear.goaway;
  }

  /** Batch by batch, waiting for the proxy's answer in between, so that the count is what the proxy took. */
  async count(limit: number): Promise<number> {
    while (!this.ended && this.blows < limit) {
      this.strike(this.attack.batch);
      if (this.attack.noPing === true) await sleep(LOOK_MS);
      else await this.probe();
    }
    return this.blows;
  }

  /** As fast as the socket takes it, or as slow as the attack wants it, until a time or the end. */
  async flood(untilMs: number): Promise<void> {
    while (!this.ended && performance.now() < untilMs) {
      const { everyMs } = this.attack;
      const busy = this.strike(everyMs === undefined ? FLOOD_BLOWS : 1);
      if (everyMs !== undefined) await sleep(everyMs);
      else if (!busy) await sleep(LOOK_MS);
      else if (this.socket.writableNeedDrain) await Promise.race([once(this.socket, 'drain'), once(this.socket, 'close'), sleep(LOOK_MS)]).catch(() => undefined);
      else await nextTurn();
    }
  }

  close(): void {
    this.socket.destroy();
  }

  /** Returns whether there was anything to send. */
  private strike(count: number): boolean {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < count; at++) {
      const next = this.attack.blow(this.blows + 1);
      if (next === null) break;
      this.blows++;
      parts.push(next);
    }
    if (parts.length > 0 && !this.gone) this.socket.write(concat(parts));
    return parts.length > 0;
  }

  private async probe(): Promise<void> {
    const before = this.ear.answers;
    if (!this.gone) this.socket.write(frame(TYPE.ping, 0, 0, PROBE));
    const deadline = performance.now() + ANSWER_MS_MAX;
    while (!this.ended && this.ear.answers === before && performance.now() < deadline) await sleep(1);
  }
}
