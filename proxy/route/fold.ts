/**
 * Learns which segments of a service's templates are values: a position that has shown too many names behind the same
 * prefix becomes `:id`. Pure, and bounded by the caller, who offers only templates that it keeps.
 */

/** More names than this at one position are values; more than most APIs have resources behind one prefix. */
export const NAMES_PER_POSITION_MAX = 30;
/** When a service's table is full, its widest position is folded from so many names on. */
export const NAMES_UNDER_PRESSURE = 10;

/** Methods are no values, and neither is what stands first: a folded root would be all routes in one. */
const FOLDABLE_DEPTH = 2;

export const VALUE_SEGMENT = ':id';

interface Position {
  readonly names: Map<string, Position>;
  /** Names at this position are values. */
  folded: boolean;
}

const empty = (): Position => ({ names: new Map(), folded: false });

/** The templates of one service. */
export class TemplateFolds {
  /** By method, then by segment. */
  readonly #root = empty();

  /** The template with all that is known to be a value as `:id`. */
  folded(template: string): string {
    const segments = segmentsOf(template);
    let position: Position | undefined = this.#root;
    let changed = false;
    for (const [at, segment] of segments.entries()) {
      if (position === undefined) break;
      if (position.folded && segment !== VALUE_SEGMENT) {
        segments[at] = VALUE_SEGMENT;
        changed = true;
      }
      position = position.names.get(segments[at] ?? '');
    }
    return changed ? joined(segments) : template;
  }

  /** Learns a template that `folded` has given. Returns true when a position was folded by it: ask again. */
  learn(template: string): boolean {
    let position = this.#root;
    let folds = false;
    for (const [at, segment] of segmentsOf(template).entries()) {
      let next = position.names.get(segment);
      if (next === undefined) {
        next = empty();
        position.names.set(segment, next);
      }
      if (at >= FOLDABLE_DEPTH && !position.folded && namesIn(position) > NAMES_PER_POSITION_MAX) {
        fold(position);
        folds = true;
      }
      position = position.names.get(segment) ?? next;
    }
    return folds;
  }

  /** Makes room: folds the position with the most names. Returns false when none has enough. */
  foldWidest(): boolean {
    const widest = this.#widest(this.#root, 0, null);
    if (widest === null) return false;
    fold(widest);
    return true;
  }

  #widest(position: Position, depth: number, best: Position | null): Position | null {
    let widest = best;
    const wide = depth >= FOLDABLE_DEPTH && !position.folded && namesIn(position) >= NAMES_UNDER_PRESSURE;
    if (wide && (widest === null || namesIn(position) > namesIn(widest))) widest = position;
    for (const below of position.names.values()) widest = this.#widest(below, depth + 1, widest);
    return widest;
  }
}

function namesIn({ names }: Position): number {
  return names.has(VALUE_SEGMENT) ? names.size - 1 : names.size;
}

/** All names become one; what was learned below them is learned anew. */
function fold(position: Position): void {
  position.folded = true;
  position.names.clear();
  position.names.set(VALUE_SEGMENT, empty());
}

/** `GET /a/b` as `GET`, `a`, `b`. */
function segmentsOf(template: string): string[] {
  const space = template.indexOf(' ');
  return space < 0 ? [template] : [template.slice(0, space), ...template.slice(space + 2).split('/')];
}

function joined([method = '', ...segments]: readonly string[]): string {
  return `${method} /${segments.join('/')}`;
}
