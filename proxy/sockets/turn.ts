/** One write per connection and turn of the event loop: whoever wrote is flushed when the turn's work is done. */

export interface Flushable {
  flush(): void;
}

export class Turn {
  /** Told of an exception of ours that a callback of the runtime caught: one connection is lost, the others go on. */
  readonly bug: (error: Error) => void;
  private dirty: Flushable[] = [];
  /** The other of two lists that take turns, so that a turn allocates none. */
  private spare: Flushable[] = [];

  constructor(bug: (error: Error) => void) {
    this.bug = bug;
  }

  add(connection: Flushable): void {
    this.dirty.push(connection);
  }

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
