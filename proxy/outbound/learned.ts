/** One address that orders don't name: asks discovery, holds its connections meanwhile, and leads them where they go. */
import type { Discovery } from '../control/watches.ts';
import type { Connection } from '../sockets/connection.ts';
import { DISCOVERY_MS_MAX } from '../sockets/limits.ts';
import type { Sockets } from '../sockets/sockets.ts';
import { Timer, type TimerOwner } from '../sockets/timer-wheel.ts';
import type { Destination, ServicePort, SocketAddress } from '../wire/orders.ts';
import { servicePortOf } from './destinations.ts';
import type { Lane } from './lane.ts';

export interface LearnedParts {
  readonly sockets: Sockets;
  /** Null: there is nobody to ask. */
  readonly discovery: Discovery | null;
  readonly open: (to: ServicePort, address: SocketAddress, kind: Destination['kind']) => Lane;
  /** Puts a lane's orders in force. */
  readonly update: (lane: Lane, to: ServicePort) => void;
  readonly serve: (lane: Lane, connection: Connection) => void;
  /** Nobody answered in time. */
  readonly unanswered: () => void;
}

const EXTERNAL: Destination = { kind: 'external' };

export class Learned implements TimerOwner {
  readonly address: SocketAddress;
  usedMs: number;
  private readonly parts: LearnedParts;
  private readonly timer = new Timer(this);
  private readonly waiting: Connection[] = [];
  private readonly forget: () => void;
  private current: Lane | null = null;
  /** Discovery has said where it leads. */
  private answered = false;

  constructor(parts: LearnedParts, address: SocketAddress, nowMs: number) {
    this.parts = parts;
    this.address = address;
    this.usedMs = nowMs;
    const { discovery, sockets } = parts;
    this.forget = discovery === null ? () => undefined : discovery.watch(address, (destination) => this.told(destination));
    if (discovery === null) this.lead(EXTERNAL);
    else if (this.current === null) sockets.arm(this.timer, DISCOVERY_MS_MAX);
  }

  /** Null while nobody has said where it leads. */
  get lane(): Lane | null {
    return this.current;
  }

  get busy(): boolean {
    return this.waiting.length > 0 || (this.current?.busy ?? false);
  }

  /** What was said of it is worth keeping while there is nobody to ask again. */
  get known(): boolean {
    return this.answered;
  }

  take(connection: Connection): void {
    if (this.current !== null) return this.parts.serve(this.current, connection);
    // Nothing is read before there is somebody to give it to.
    connection.pause();
    this.waiting.push(connection);
  }

  /** Too long without an answer: it counts as outside, until there is one. */
  expired(): void {
    if (this.current !== null) return;
    this.parts.unanswered();
    this.lead(EXTERNAL);
  }

  close(): void {
    this.forget();
    this.parts.sockets.remove(this.timer);
    for (const connection of this.waiting.splice(0)) connection.close();
    this.current?.close();
  }

  private told(destination: Destination): void {
    this.answered = true;
    this.parts.sockets.remove(this.timer);
    this.lead(destination);
  }

  private lead(destination: Destination): void {
    const to = servicePortOf(destination, this.address);
    if (this.current !== null && this.current.fits(to)) this.parts.update(this.current, to);
    else {
      this.current?.close();
      this.current = this.parts.open(to, this.address, destination.kind);
    }
    for (const connection of this.waiting.splice(0)) this.pass(connection, this.current);
  }

  private pass(connection: Connection, lane: Lane): void {
    if (!connection.open) return;
    connection.resume();
    this.parts.serve(lane, connection);
  }
}
