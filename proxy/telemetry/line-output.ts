/** Lines to an output that may block: one write at a time, a bounded queue, and what doesn't fit is dropped and counted. */
import { write } from 'node:fs';

/** Bytes that wait; a second of some thousand lines. */
export const LINES_BYTES_MAX = 1024 * 1024;
/** Lines are gathered for so long, or until so much waits. */
export const GATHER_MS = 50;
const GATHER_BYTES = 64 * 1024;
/** An output that takes nothing now is tried again so soon. */
const AGAIN_MS = 20;

/** Writes some bytes and tells how many were taken; never blocks its caller. */
export type WriteBytes = (bytes: Uint8Array, done: (error: NodeJS.ErrnoException | null, taken: number) => void) => void;

/** Writes to a descriptor by a thread of the runtime's, so that a full pipe holds up that thread and nothing else. */
export function writeTo(descriptor: number): WriteBytes {
  return (bytes, done) => write(descriptor, bytes, 0, bytes.length, null, (error, taken) => done(error, taken ?? 0));
}

export class LineOutput {
  readonly #write: WriteBytes;
  #lines: string[] = [];
  #bytes = 0;
  #writing = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Lines that were handed to the output, and lines that were dropped. */
  written = 0;
  dropped = 0;

  constructor(output: WriteBytes) {
    this.#write = output;
  }

  /** A line with its end. Latin letters count as one byte, others as little more; the limit is no promise to the byte. */
  push(line: string): void {
    if (this.#bytes + line.length > LINES_BYTES_MAX) {
      this.dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#bytes += line.length;
    if (this.#writing) return;
    if (this.#bytes >= GATHER_BYTES) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#takeSome();
    if (lines.length === 0) return;
    this.#writing = true;
    this.#send(new TextEncoder().encode(lines.join('')), lines.length);
  }

  /** So much at once that a turn stays short. */
  #takeSome(): string[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#lines.length && bytes < GATHER_BYTES) bytes += this.#lines[count++]?.length ?? 0;
    this.#bytes -= bytes;
    return this.#lines.splice(0, count);
  }

  #send(bytes: Uint8Array, lines: number): void {
    this.#write(bytes, (error, taken) => {
      if (error?.code === 'EAGAIN') setTimeout(() => this.#send(bytes, lines), AGAIN_MS);
      else if (error !== null) this.#over(0, lines);
      else if (taken < bytes.length) this.#send(bytes.subarray(taken), lines);
      else this.#over(lines, 0);
    });
  }

  #over(written: number, dropped: number): void {
    this.written += written;
    this.dropped += dropped;
    this.#writing = false;
    this.#flush();
  }
}
