/** Watches the mesh file by looking at it: works for edits in place, renames over it and network folders alike. */
import { readFile, stat } from 'node:fs/promises';

/** A change is seen within this. */
export const WATCH_MS = 500;

export class FileWatch {
  readonly #file: string;
  readonly #onText: (text: string) => void;
  #timer: NodeJS.Timeout | null = null;
  #signature = '';
  #text: string;
  #looking = false;

  /** `text` is what the watcher has seen already; `onText` gets each other content. */
  constructor(file: string, text: string, onText: (text: string) => void) {
    this.#file = file;
    this.#text = text;
    this.#onText = onText;
  }

  start(intervalMs = WATCH_MS): void {
    this.#timer = setInterval(() => void this.look(), intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  /** A file that is gone or unreadable for a moment is looked at again the next time. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const { mtimeMs, size, ino } = await stat(this.#file);
      const signature = `${mtimeMs} ${size} ${ino}`;
      if (signature === this.#signature) return;
      const text = await readFile(this.#file, 'utf8');
      this.#signature = signature;
      if (text === this.#text) return;
      this.#text = text;
      this.#onText(text);
    } catch {
      this.#signature = '';
    } finally {
      this.#looking = false;
    }
  }
}
