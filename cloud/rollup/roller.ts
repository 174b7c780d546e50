/** Sums the parts of 10-second windows, oldest first, into minute chunks; only one minute is dense at a time. Pure. */
import type { PackedRow, UnpackedPart } from '../ingest/packed.ts';
import type { EdgeLabels } from '../series/edge.ts';
import { addRaw, addRow, createRaw } from '../series/golden.ts';
import type { Raw } from '../series/golden.ts';
import { classOf, CLASSES, edgeSubject, MINUTE_MS, packedRow, routeSubject, sumSubjects } from './chunk.ts';
import type { Chunk } from './chunk.ts';

/** A part of a 10-second window as the roll-up reads it. */
export interface RollPart {
  readonly startMs: number;
  readonly lengthMs: number;
  readonly kind: 'edge' | 'route';
  readonly part: UnpackedPart;
}

export interface MinuteChunks {
  readonly chunks: readonly Chunk[];
  /** Seconds covered by windows in each minute. */
  readonly coveredS: readonly number[];
}

export interface Roller {
  /** Parts come in the order of their begin. */
  add(piece: RollPart): void;
  finish(): MinuteChunks;
}

/** Rows of one minute by entity, dense. */
interface Minute {
  readonly edge: Map<number, Raw>;
  readonly route: Map<number, Raw>;
}

/** `points` minutes from `fromMs` on; edges without labels are kept, but in no sum. */
export function createRoller(fromMs: number, points: number, edges: ReadonlyMap<number, EdgeLabels>): Roller {
  const chunks = new Map<string, PackedRow[]>();
  const windows = new Map<number, number>();
  const subjects = new Map<number, readonly string[]>();
  let open = -1;
  let minute: Minute = { edge: new Map(), route: new Map() };

  function push(subject: string, entity: number, raw: Raw): void {
    const rows = chunks.get(subject);
    if (rows) rows.push(packedRow(entity, raw));
    else chunks.set(subject, [packedRow(entity, raw)]);
  }

  function subjectsOf(id: number, labels: EdgeLabels): readonly string[] {
    const known = subjects.get(id) ?? sumSubjects(labels);
    subjects.set(id, known);
    return known;
  }

  function close(): void {
    const sums = new Map<string, (Raw | undefined)[]>();
    for (const [id, raw] of minute.edge) {
      push(edgeSubject(id), open, raw);
      const labels = edges.get(id);
      if (!labels) continue;
      const kind = classOf(labels);
      for (const subject of subjectsOf(id, labels)) {
        const byClass = sums.get(subject) ?? new Array<Raw | undefined>(CLASSES).fill(undefined);
        sums.set(subject, byClass);
        addRaw((byClass[kind] ??= createRaw()), raw);
      }
    }
    for (const [subject, byClass] of sums) byClass.forEach((raw, kind) => { if (raw) push(subject, open * CLASSES + kind, raw); });
    for (const [id, raw] of minute.route) push(routeSubject(id), open, raw);
    minute = { edge: new Map(), route: new Map() };
  }

  function add({ startMs, lengthMs, kind, part }: RollPart): void {
    const point = Math.floor((startMs - fromMs) / MINUTE_MS);
    if (point !== open) close();
    open = point;
    windows.set(startMs, Math.max(lengthMs, windows.get(startMs) ?? 0));
    for (let row = 0; row < part.rows; row++) {
      const id = part.entity[row] ?? 0;
      let raw = minute[kind].get(id);
      if (!raw) minute[kind].set(id, (raw = createRaw()));
      addRow(raw, part, row);
    }
  }

  return {
    add,
    finish: () => {
      close();
      return { chunks: [...chunks].map(([subject, rows]) => ({ subject, rows })), coveredS: coverageOf(fromMs, points, windows) };
    },
  };
}

function coverageOf(fromMs: number, points: number, windows: ReadonlyMap<number, number>): number[] {
  const covered = new Array<number>(points).fill(0);
  for (const [startMs, lengthMs] of windows) {
    const point = Math.floor((startMs - fromMs) / MINUTE_MS);
    covered[point] = Math.min(MINUTE_MS / 1000, (covered[point] ?? 0) + lengthMs / 1000);
  }
  return covered.map(Math.round);
}
