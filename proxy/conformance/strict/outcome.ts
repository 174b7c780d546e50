/** What became of one payload, and the sums over many. Pure. */
import type { Fault, FaultKind } from './verdict.ts';

export interface Outcome {
  readonly faults: readonly Fault[];
  /** `forwarded`: all of it was answered by the app; `refused`: the proxy answered; `silent`: nobody did. */
  readonly end: 'forwarded' | 'refused' | 'silent';
  /** Judges that would have refused what was forwarded. */
  readonly stricter: readonly string[];
}

/** A fault with what it takes to see it again. */
export interface FoundFault extends Fault {
  readonly name: string;
  readonly payload: string;
  readonly pieces: readonly number[];
}

/** Faults that are kept with their payloads; more are only counted. */
const KEPT_MAX = 200;

export class Tally {
  readonly title: string;
  payloads = 0;
  readonly ends: Record<Outcome['end'], number> = { forwarded: 0, refused: 0, silent: 0 };
  readonly stricter: Record<string, number> = {};
  readonly counts: Partial<Record<FaultKind, number>> = {};
  readonly faults: FoundFault[] = [];

  constructor(title: string) {
    this.title = title;
  }

  add(name: string, pieces: readonly string[], outcome: Outcome): void {
    this.payloads += 1;
    this.ends[outcome.end] += 1;
    for (const judge of outcome.stricter) this.stricter[judge] = (this.stricter[judge] ?? 0) + 1;
    for (const fault of outcome.faults) this.fault({ ...fault, name, payload: pieces.join(''), pieces: pieces.map((piece) => piece.length) });
  }

  fault(fault: FoundFault): void {
    this.counts[fault.kind] = (this.counts[fault.kind] ?? 0) + 1;
    if (this.faults.length < KEPT_MAX) this.faults.push(fault);
  }

  get faultCount(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }
}
