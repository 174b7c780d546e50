/**
 * The frames that the cloud hasn't acknowledged, on disk. A frame and the marks of the proxies' windows in it are one
 * record, so that after any crash either both are there or neither.
 */
import { sealSteps } from '../aggregate/seal.ts';
import type { Batch, Marks } from '../aggregate/pending.ts';
import { AgentFault, messageOf } from '../fault.ts';
import type { AgentFrame } from '../wire/up.ts';
import { deflatePayload, encodeRecord, inflatePayload, readRecord, scanRecords } from './record.ts';
import type { DataMeta, FramePayload, RawPayload, RecordMeta, StoredRecord } from './record.ts';
import { Segments } from './segments.ts';
import { inSlices } from './slices.ts';

export const SPOOL_MS_MAX = 24 * 3_600_000;
export const SPOOL_BYTES_MAX = 256 * 1024 * 1024;

/** The number of the start that sealed a frame, and the frame's number in it. */
export interface Position {
  readonly epoch: number;
  readonly sequence: number;
}

interface Entry {
  readonly meta: Exclude<RecordMeta, { kind: 'adopted' }>;
  readonly segment: number;
  readonly offset: number;
  readonly length: number;
}

/** Epochs whose acknowledged sequence each record repeats; more than one is only needed after quick restarts. */
const ACKNOWLEDGED_EPOCHS_MAX = 8;

export interface SpoolLimits {
  readonly ageMsMax: number;
  readonly bytesMax: number;
}

export class Spool {
  readonly #segments: Segments;
  readonly #limits: SpoolLimits;
  /** Not acknowledged, in the order of their positions. */
  #entries: Entry[] = [];
  #epoch: number | null = null;
  #sequence = 0;
  #acknowledged = new Map<number, number>();
  /** Epoch and marks with which a cloud adopted the raw records. */
  #adoption: { readonly epoch: number; readonly marks: Marks } | null = null;
  #marks: Marks = {};
  /** The segment whose newest record holds the marks. */
  #marksSegment = 0;
  #lastSealedMs: number | null = null;
  #lastLostOf: readonly string[] = [];
  #busy: Promise<unknown> = Promise.resolve();
  #damaged = 0;
  #droppedFrames = 0;
  /** Damaged frames that no frame has told of yet. */
  #untold = 0;

  private constructor(segments: Segments, limits: SpoolLimits) {
    this.#segments = segments;
    this.#limits = limits;
  }

  /** Opens the spool in a folder and begins a new epoch in it. Throws `AgentFault` `spool_unusable`. */
  static async open(folder: string, limits: SpoolLimits = { ageMsMax: SPOOL_MS_MAX, bytesMax: SPOOL_BYTES_MAX }): Promise<Spool> {
    const spool = new Spool(new Segments(folder), limits);
    try {
      await spool.#recover();
    } catch (cause) {
      throw new AgentFault('spool_unusable', `the spool in ${folder} can't be used: ${messageOf(cause)}`, 'make the folder writable for the agent, with some free space', { cause });
    }
    return spool;
  }

  /** The epoch of this start, or null as long as no cloud has adopted this spool. */
  get epoch(): number | null {
    return this.#epoch;
  }

  /** Per proxy instance the highest sequence in any record so far, as recovered and as written since. */
  get marks(): Marks {
    return this.#marks;
  }

  /** When the newest record was sealed, ms since 1970; null for a spool without any. */
  get lastSealedMs(): number | null {
    return this.#lastSealedMs;
  }

  /** Instances whose loss the newest record tells; whoever was killed behind it had no time to note that. */
  get lastLostOf(): readonly string[] {
    return this.#lastLostOf;
  }

  get frames(): number {
    return this.#entries.length;
  }

  get bytes(): number {
    return this.#segments.bytes;
  }

  /** Records that could not be read. */
  get damaged(): number {
    return this.#damaged;
  }

  /** Frames dropped unsent since the spool was opened. */
  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  /**
   * Seals a batch: when this resolves, its frame and marks are on disk. `batch.marks` holds the marks of all proxies, not
   * only of those in the batch. Rejects with the disk's error, and then nothing has changed.
   */
  append(batch: Batch, lengthMs: number, nowMs: number): Promise<void> {
    return this.#exclusive(async () => {
      const [meta, payload] = await this.#compose(batch, lengthMs, nowMs);
      const doomed = this.#doomedSegments(nowMs, payload.length);
      const lost = this.#entries.filter(({ segment }) => doomed.has(segment));
      const floor = Math.max(0, ...doomed) + 1;
      const full = this.#withLosses({ ...meta, floor, droppedFrames: lost.length + this.#untold }, lost);
      const { id, offset, length } = await this.#write(full, payload);
      this.#sequence = full.sequence;
      this.#untold = 0;
      this.#marks = batch.marks;
      this.#lastSealedMs = full.sealedAtMs;
      this.#lastLostOf = full.lostOf ?? [];
      this.#marksSegment = id;
      this.#entries = [...this.#entries.filter(({ segment }) => !doomed.has(segment)), { meta: full, segment: id, offset, length }];
      this.#droppedFrames += lost.length;
      // The frame is safe: a file that can't be removed now is below the floor and goes another time.
      for (const segment of doomed) await this.#segments.remove(segment).catch(() => {});
    });
  }

  /** A cloud gave this spool its epoch and told the windows that it has. Durable when this resolves. */
  adopt(epoch: number, marks: Marks): Promise<void> {
    return this.#exclusive(async () => {
      await this.#write({ kind: 'adopted', epoch }, deflatePayload({ marks }));
      await this.#segments.writeNote('epoch', `${epoch}\n`);
      this.#adoption = { epoch, marks };
      this.#epoch = epoch;
    });
  }

  /** Seals under a higher epoch from now on. */
  advance(epoch: number): Promise<void> {
    return this.#exclusive(async () => {
      await this.#segments.writeNote('epoch', `${epoch}\n`);
      this.#epoch = epoch;
      this.#sequence = this.#acknowledged.get(epoch) ?? 0;
    });
  }

  /** The cloud has everything of an epoch up to a sequence. */
  acknowledge({ epoch, sequence }: Position): Promise<void> {
    this.#acknowledged.set(epoch, Math.max(sequence, this.#acknowledged.get(epoch) ?? 0));
    this.#entries = this.#entries.filter((entry) => this.#epochOf(entry) !== epoch || entry.meta.sequence > sequence);
    // Numbers that the cloud has seen are never given again.
    if (epoch === this.#epoch) this.#sequence = Math.max(this.#sequence, sequence);
    return this.#exclusive(() => this.#removeFinished());
  }

  /** The first frame after a position that waits for its acknowledgement; null when there is none. */
  next(after: Position | null): Position | null {
    const found = this.#entries.find((entry) => {
      const epoch = this.#epochOf(entry);
      return epoch !== null && (!after || epoch > after.epoch || (epoch === after.epoch && entry.meta.sequence > after.sequence));
    });
    return found ? { epoch: this.#epochOf(found) ?? 0, sequence: found.meta.sequence } : null;
  }

  /** The frame at a position; null when it has left the spool, or leaves it now because the disk has damaged it. */
  async read({ epoch, sequence }: Position): Promise<AgentFrame | null> {
    const at = this.#entries.findIndex((entry) => this.#epochOf(entry) === epoch && entry.meta.sequence === sequence);
    const entry = this.#entries[at];
    if (!entry) return null;
    const before = this.#entries[at - 1];
    const previous = before && this.#epochOf(before) === epoch ? before.meta.sequence : 0;
    const record = readRecord(await this.#segments.read(entry.segment, entry.offset, entry.length), entry.offset);
    if (!record) this.#dropDamaged(entry);
    return record && { kind: 'frame', epoch, sequence, previous, ...(await this.#contentOf(record)) };
  }

  /** Waits for what is being written and closes the files. */
  async close(): Promise<void> {
    await this.#exclusive(() => this.#segments.close());
  }

  #dropDamaged(entry: Entry): void {
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#damaged += 1;
    this.#droppedFrames += 1;
    this.#untold += 1;
  }

  async #contentOf(record: StoredRecord): Promise<Pick<AgentFrame, 'windows' | 'marks' | 'dropped'>> {
    const { meta } = record;
    switch (meta.kind) {
      case 'frame': {
        const { windows, marks } = inflatePayload<FramePayload>(record);
        return { windows, marks, dropped: meta.dropped };
      }
      case 'raw': {
        const { windows, marks, lost } = inflatePayload<RawPayload>(record);
        const known = this.#adoption?.marks ?? {};
        const { windows: merged, proxyWindows, folded } = await inSlices(sealSteps(windows.filter(({ instance, sequence }) => sequence > (known[instance] ?? 0)), meta.lengthMs, lost));
        return { windows: merged, marks: raiseMarks(marks, known, Object.keys(marks)), dropped: { proxyWindows, folded, frames: meta.droppedFrames } };
      }
      case 'adopted':
        return { windows: [], marks: {}, dropped: { proxyWindows: 0, frames: 0, folded: 0 } };
      default:
        return meta satisfies never;
    }
  }

  async #compose(batch: Batch, lengthMs: number, nowMs: number): Promise<[Entry['meta'], Buffer]> {
    // The number is drawn last: an acknowledgement between the slices may raise it.
    const base = (): DataMeta => ({ sequence: this.#sequence + 1, sealedAtMs: nowMs, floor: 0, droppedFrames: 0, acknowledged: this.#latestAcknowledged(), ...(batch.lostOf ? { lostOf: batch.lostOf } : {}) });
    if (this.#epoch === null) return [{ kind: 'raw', ...base(), lengthMs }, deflatePayload(batch)];
    const { windows, proxyWindows, folded } = await inSlices(sealSteps(batch.windows, lengthMs, batch.lost));
    const payload = deflatePayload({ windows, marks: batch.marks });
    return [{ kind: 'frame', ...base(), epoch: this.#epoch, dropped: { proxyWindows, frames: 0, folded } }, payload];
  }

  #latestAcknowledged(): (readonly [number, number])[] {
    return [...this.#acknowledged].sort(([a], [b]) => b - a).slice(0, ACKNOWLEDGED_EPOCHS_MAX);
  }

  /** What dropped frames had to tell as lost is told by the next one. */
  #withLosses(meta: Entry['meta'], lost: readonly Entry[]): Entry['meta'] {
    if (meta.kind === 'raw') return meta;
    const told = lost.map((entry) => (entry.meta.kind === 'frame' ? entry.meta.dropped : { proxyWindows: 0, frames: entry.meta.droppedFrames, folded: 0 }));
    const sum = (name: keyof AgentFrame['dropped']): number => told.reduce((total, dropped) => total + dropped[name], meta.dropped[name]);
    return { ...meta, dropped: { proxyWindows: sum('proxyWindows'), frames: sum('frames') + meta.droppedFrames, folded: sum('folded') } };
  }

  /** The oldest segments that have to go so that a record of so many bytes fits, and those that are too old. */
  #doomedSegments(nowMs: number, bytes: number): ReadonlySet<number> {
    const doomed = new Set<number>();
    let total = this.#segments.bytes + bytes;
    for (const id of this.#segments.ids) {
      const newest = Math.max(0, ...this.#entries.filter(({ segment }) => segment === id).map(({ meta }) => meta.sealedAtMs));
      const tooOld = newest > 0 && newest < nowMs - this.#limits.ageMsMax;
      if (id === this.#segments.currentId || (total <= this.#limits.bytesMax && !tooOld)) break;
      doomed.add(id);
      total -= this.#segments.sizeOf(id);
    }
    return doomed;
  }

  /** Segments go oldest first, so that an adoption outlives the raw records before it. */
  async #removeFinished(): Promise<void> {
    const alive = new Set(this.#entries.map(({ segment }) => segment));
    for (const id of this.#segments.ids) {
      if (id === this.#segments.currentId || id === this.#marksSegment || alive.has(id)) return;
      await this.#segments.remove(id);
    }
  }

  async #recover(): Promise<void> {
    let floor = 0;
    for await (const { id, bytes } of this.#segments.readAll()) {
      const { records, damaged } = scanRecords(bytes);
      this.#damaged += damaged;
      for (const record of records) {
        floor = Math.max(floor, record.meta.kind === 'adopted' ? 0 : record.meta.floor);
        this.#recoverRecord(record, id);
      }
    }
    for (const id of this.#segments.ids) if (id < floor) await this.#segments.remove(id);
    this.#entries = this.#entries.filter((entry) => {
      const seen = this.#acknowledged.get(this.#epochOf(entry) ?? 0) ?? 0;
      return entry.segment >= floor && entry.meta.sequence > seen;
    });
    await this.#beginEpoch();
  }

  #recoverRecord(record: StoredRecord, segment: number): void {
    const { meta, offset, length } = record;
    const { marks } = inflatePayload<{ marks: Marks }>(record);
    if (meta.kind === 'adopted') {
      this.#adoption = { epoch: meta.epoch, marks };
      this.#marks = raiseMarks(this.#marks, marks);
      this.#epoch = Math.max(meta.epoch, this.#epoch ?? 0);
      return;
    }
    // A write that failed may have reached the disk all the same, and its repetition stands after it.
    if (isSameFrame(this.#entries.at(-1)?.meta, meta)) this.#entries.pop();
    this.#entries.push({ meta, segment, offset, length });
    this.#marks = marks;
    this.#lastSealedMs = meta.sealedAtMs;
    this.#lastLostOf = meta.lostOf ?? [];
    this.#marksSegment = segment;
    for (const [epoch, sequence] of meta.acknowledged) this.#acknowledged.set(epoch, sequence);
    if (meta.kind === 'frame') this.#epoch = Math.max(meta.epoch, this.#epoch ?? 0);
    this.#sequence = meta.sequence;
  }

  /** An adopted spool numbers anew in its next epoch; one that isn't goes on counting. */
  async #beginEpoch(): Promise<void> {
    const noted = Number.parseInt((await this.#segments.readNote('epoch')) ?? '', 10);
    const last = Math.max(this.#epoch ?? 0, Number.isSafeInteger(noted) ? noted : 0);
    if (last === 0) return;
    this.#epoch = last + 1;
    this.#sequence = 0;
    await this.#segments.writeNote('epoch', `${this.#epoch}\n`);
  }

  #epochOf({ meta }: Entry): number | null {
    return meta.kind === 'frame' ? meta.epoch : (this.#adoption?.epoch ?? null);
  }

  async #write<Meta extends RecordMeta>(meta: Meta, payload: Buffer): Promise<{ id: number; offset: number; length: number }> {
    const record = encodeRecord(meta, payload);
    return { ...(await this.#segments.append(record)), length: record.length };
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#busy.then(work);
    this.#busy = done.catch(() => {});
    return done;
  }
}

function isSameFrame(a: Entry['meta'] | undefined, b: Entry['meta']): boolean {
  const epochOf = (meta: Entry['meta']): number => (meta.kind === 'frame' ? meta.epoch : 0);
  return a !== undefined && epochOf(a) === epochOf(b) && a.sequence === b.sequence;
}

/** The higher of both per instance; only of `names` where given. */
export function raiseMarks(marks: Marks, other: Marks, names: readonly string[] = [...Object.keys(marks), ...Object.keys(other)]): Marks {
  return Object.fromEntries(names.map((name) => [name, Math.max(marks[name] ?? 0, other[name] ?? 0)]));
}
