/** The spool's files: numbered segments, appended to and removed oldest first. */
import { open, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** A new segment begins after this much, so that little is dropped at a time. */
export const SEGMENT_BYTES_MAX = 1024 * 1024;

export class Segments {
  readonly folder: string;
  readonly #sizes = new Map<number, number>();
  #current: { readonly id: number; readonly handle: FileHandle } | null = null;
  #nextId = 1;

  constructor(folder: string) {
    this.folder = folder;
  }

  get bytes(): number {
    let sum = 0;
    for (const size of this.#sizes.values()) sum += size;
    return sum;
  }

  /** Ids of all segments, oldest first. */
  get ids(): number[] {
    return [...this.#sizes.keys()].sort((a, b) => a - b);
  }

  /** The segment being written, or the one that will be. */
  get currentId(): number {
    return this.#current?.id ?? this.#nextId;
  }

  sizeOf(id: number): number {
    return this.#sizes.get(id) ?? 0;
  }

  /** Reads every segment, oldest first. What is written later goes to a new one, so a torn tail stays a tail. */
  async *readAll(): AsyncGenerator<{ readonly id: number; readonly bytes: Buffer }> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const names = (await readdir(this.folder)).filter((name) => /^\d{10}\.segment$/.test(name)).sort();
    for (const name of names) {
      const id = Number.parseInt(name, 10);
      const bytes = await readFile(join(this.folder, name));
      this.#sizes.set(id, bytes.length);
      this.#nextId = id + 1;
      yield { id, bytes };
    }
  }

  /** Appends durably. After a failure the next append begins a new segment. */
  async append(bytes: Buffer): Promise<{ readonly id: number; readonly offset: number }> {
    if (this.#current && this.sizeOf(this.#current.id) >= SEGMENT_BYTES_MAX) await this.#closeCurrent();
    const current = (this.#current ??= await this.#create());
    const offset = this.sizeOf(current.id);
    try {
      await writeWhole(current.handle, bytes, offset);
      await current.handle.datasync();
    } catch (cause) {
      await this.#closeCurrent();
      throw cause;
    }
    this.#sizes.set(current.id, offset + bytes.length);
    return { id: current.id, offset };
  }

  /** The bytes of one record. */
  async read(id: number, offset: number, length: number): Promise<Buffer> {
    const handle = await open(this.#fileOf(id), 'r');
    try {
      const bytes = Buffer.alloc(length);
      const { bytesRead } = await handle.read(bytes, 0, length, offset);
      return bytes.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  }

  async remove(id: number): Promise<void> {
    if (this.#current?.id === id) await this.#closeCurrent();
    this.#sizes.delete(id);
    await rm(this.#fileOf(id), { force: true });
  }

  async close(): Promise<void> {
    await this.#closeCurrent();
  }

  /** A small file beside the segments, or null when it isn't there. */
  async readNote(name: string): Promise<string | null> {
    return readFile(join(this.folder, name), 'utf8').catch(() => null);
  }

  /** Writes such a file durably, whole or not at all. */
  async writeNote(name: string, text: string): Promise<void> {
    await writeFile(join(this.folder, `${name}.new`), text, { flush: true });
    await rename(join(this.folder, `${name}.new`), join(this.folder, name));
    await this.#syncFolder();
  }

  async #create(): Promise<{ id: number; handle: FileHandle }> {
    const id = this.#nextId;
    const handle = await open(this.#fileOf(id), 'wx', 0o600);
    this.#nextId = id + 1;
    this.#sizes.set(id, 0);
    await this.#syncFolder();
    return { id, handle };
  }

  async #closeCurrent(): Promise<void> {
    const handle = this.#current?.handle;
    this.#current = null;
    await handle?.close().catch(() => {});
  }

  async #syncFolder(): Promise<void> {
    const handle = await open(this.folder, 'r');
    await handle.sync().finally(() => handle.close());
  }

  #fileOf(id: number): string {
    return join(this.folder, `${String(id).padStart(10, '0')}.segment`);
  }
}

async function writeWhole(handle: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await handle.write(bytes, written, bytes.length - written, offset + written)).bytesWritten;
  }
}
