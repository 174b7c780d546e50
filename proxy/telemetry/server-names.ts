/** TLS connections that were passed through, by the server name that their clients asked for; names beyond a cap count as `other`. */
import { OTHER } from '../wire/report.ts';

/** Names per direction: strangers choose them. */
export const SERVER_NAMES_MAX = 50;

type Direction = 'inbound' | 'outbound';

export class ServerNames {
  readonly #counts = { inbound: new Map<string, number>(), outbound: new Map<string, number>() };

  /** `name` null: the ClientHello named none. */
  count(direction: Direction, name: string | null): void {
    const counts = this.#counts[direction];
    const asked = name ?? '';
    const key = counts.has(asked) || counts.size < SERVER_NAMES_MAX ? asked : OTHER;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }

  /** What was counted, names in order. */
  *entries(): Generator<{ readonly direction: Direction; readonly name: string; readonly count: number }> {
    for (const direction of ['inbound', 'outbound'] as const) {
      for (const [name, count] of [...this.#counts[direction]].sort(([a], [b]) => (a < b ? -1 : 1))) yield { direction, name, count };
    }
  }
}
