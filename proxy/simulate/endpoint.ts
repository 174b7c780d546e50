/** An endpoint as a simulation has it: so many workers, a queue before them, and bad times. Pure; times in µs. */
import type { Events } from './events.ts';

/** A time in which it behaves differently, from `fromUs` to `toUs`. */
export interface Spell {
  readonly fromUs: number;
  readonly toUs: number;
  /** Service times are so many times longer. */
  readonly slower?: number;
  /** Share of the requests that fail, at once and not behind the queue: what a broken app does. */
  readonly failing?: number;
  /** Nothing is worked on: a long collection of garbage, a lock. */
  readonly stalled?: boolean;
  /** Takes no connections. */
  readonly away?: boolean;
}

export interface EndpointModel {
  readonly workers: number;
  /** Mean of the service time, which is exponential. */
  readonly serviceUs: number;
  readonly zone?: string;
  readonly weight?: number;
  readonly spells?: readonly Spell[];
}

export type Served = 'ok' | 'failed' | 'unreachable';

/** A refused connection is told so fast. */
const REFUSED_US = 300;
/** And a broken app answers so fast. */
const BROKEN_US = 1_000;

export class SimulatedEndpoint {
  readonly model: EndpointModel;
  readonly counts: Record<Served, number> = { ok: 0, failed: 0, unreachable: 0 };
  private readonly events: Events;
  private readonly random: () => number;
  private readonly queue: (() => void)[] = [];
  private busy = 0;
  /** When the request that begins now will end. */
  private nextUs = 0;

  constructor(model: EndpointModel, events: Events, random: () => number) {
    this.model = model;
    this.events = events;
    this.random = random;
  }

  /** Takes a request; `done` is called at its end. */
  take(nowUs: number, done: (nowUs: number, served: Served) => void): void {
    const spell = this.spell(nowUs);
    if (spell?.away === true) return this.end(nowUs + REFUSED_US, 'unreachable', done);
    if (this.random() < (spell?.failing ?? 0)) return this.end(nowUs + BROKEN_US, 'failed', done);
    this.queue.push(() => {
      this.events.at(this.nextUs, (endUs) => {
        this.busy -= 1;
        this.end(endUs, 'ok', done);
        this.work(endUs);
      });
    });
    this.work(nowUs);
  }


  private work(nowUs: number): void {
    while (this.busy < this.model.workers) {
      const start = this.queue.shift();
      if (start === undefined) return;
      this.busy += 1;
      const spell = this.spell(nowUs);
      const from = spell?.stalled === true ? spell.toUs : nowUs;
      this.nextUs = from - this.model.serviceUs * (spell?.slower ?? 1) * Math.log(1 - this.random());
      start();
    }
  }

  private end(atUs: number, served: Served, done: (nowUs: number, served: Served) => void): void {
    this.events.at(atUs, (nowUs) => {
      this.counts[served] += 1;
      done(nowUs, served);
    });
  }

  private spell(nowUs: number): Spell | undefined {
    return this.model.spells?.find(({ fromUs, toUs }) => nowUs >= fromUs && nowUs < toUs);
  }
}
