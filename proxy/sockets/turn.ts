/**
 * One write per connection and callback of the runtime: whoever wrote is flushed when the callback's work is done. What many
 * callbacks write to waits for the end of the event loop's turn, so that all that came in it leaves in one write.
 */

export interface Flushable {
  flush(): void;
}

export class Turn {
  /** Told of an exception of ours that a callback of the runtime caught: one connection is lost, the others go on. */
  readonly bug: (error: Error) => void;
  private dirty: Flushable[] = [];
  /** The other of two lists that take turns, so that a turn allocates none. */
  private spare: Flushable[] = [];
  private late: Flushable[] = [];
  private spareLate: Flushable[] = [];

  constructor(bug: (error: Error) => void) {
    this.bug = bug;
  }

  add(connection: Flushable): void {
    this.dirty.push(connection);
  }

  /** Flushes it once every callback of this turn of the event loop has been made. */
  defer(shared: Flushable): void {
    this.late.push(shared);
    if (this.late.length === 1) setImmediate(this.end);
  }

  /** The event loop's turn is over. */
  readonly end = (): void => {
    const batch = this.late;
    this.late = this.spareLate;
    for (const shared of batch) shared.flush();
    batch.length = 0;
    this.spareLate = batch;
    this.flush();
  };

  /** Called at the end of each callback that the runtime makes. A flush may make others dirty. */
  flush(): void {
    while (this.dirty.length > 0) {
      const batch = this.dirty;
      this.dirty = this.spare;
      for (const connection of batch) connection.flush();
      batch.length = 0;
      this.spare = batch;
    }
  }
}
