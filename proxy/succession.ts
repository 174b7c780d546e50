/** A proxy's place among its predecessor and its successor: takes the sockets of the one, and leaves them to the other. */
import { offerHandover, takeOver, type HandoverServer, type Taken } from './handover.ts';
import type { Log } from './log.ts';
import type { ListenerShelf } from './sockets/shelf.ts';

/** How often a new process looks whether it serves by now. */
const LOOK_MS = 25;

export interface SuccessionParts {
  /** The Unix socket; null: no handover. */
  readonly path: string | null;
  readonly shelf: ListenerShelf;
  /** Every listener of the orders is open. */
  readonly ready: () => boolean;
  /** A successor asks: the admin port is to be let go. */
  readonly yield: () => void;
  /** It went away before it was ready: the admin port is to be taken again. */
  readonly resume: () => void;
  readonly log: Log;
}

export class Succession {
  private readonly parts: SuccessionParts;
  private taken: Taken | null = null;
  private server: HandoverServer | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(parts: SuccessionParts) {
    this.parts = parts;
  }

  /** A successor has the listening sockets. */
  get handed(): boolean {
    return this.server?.handed === true;
  }

  /** Takes what a predecessor leaves; before anything listens. */
  takeOver(): void {
    const { path, shelf, log } = this.parts;
    if (path === null) return;
    this.taken = takeOver(path, shelf);
    if (this.taken !== null) log('info', 'taking over from the process that serves here', { listeners: this.taken.count });
  }

  /** Tells the predecessor when this process serves, and waits for a successor from then on. */
  start(): void {
    if (this.parts.path === null) return;
    if (this.taken === null) return this.offer(this.parts.path);
    this.timer = setInterval(() => {
      if (this.parts.ready()) this.succeed();
    }, LOOK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.server?.stop();
  }

  private succeed(): void {
    const { path, log } = this.parts;
    clearInterval(this.timer);
    this.taken?.ready();
    this.taken = null;
    log('info', 'took over; the process before may end');
    if (path !== null) this.offer(path);
  }

  private offer(path: string): void {
    const { shelf, yield: letGo, resume, log } = this.parts;
    try {
      this.server = offerHandover(path, shelf, {
        asked: () => {
          log('info', 'a new process asks for the listeners');
          letGo();
        },
        done: () => log('info', 'a new process serves; this one may end'),
        failed: () => {
          log('warn', 'the new process went away before it served');
          resume();
        },
      });
    } catch (error) {
      log('warn', 'this process can\'t be replaced without a pause', { code: 'state_unwritable', reason: error instanceof Error ? error.message : String(error) });
    }
  }
}
