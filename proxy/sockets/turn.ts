/** One write per connection and turn of the event loop: whoever wrote is flushed when the turn's work is done. */

export interface Flushable {
  flush(): void;
}

export class Turn {
  private dirty: Flushable[] = [];

  add(connection: Flushable): void {
    this.dirty.push(connection);
  }

  /** Called at the end of each callback that the runtime makes. A flush may make others dirty. */
  flush(): void {
    while (this.dirty.length > 0) {
      const batch = this.dirty;
      this.dirty = [];
      for (const connection of batch) connection.flush();
    }
  }
}
