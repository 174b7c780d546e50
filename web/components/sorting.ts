/** Order of a table's rows, and how it stands in the URL: `success`, or `-success` for the greatest first. Pure. */

export type SortValue = number | string | null;

export interface Sort {
  readonly key: string;
  readonly descending: boolean;
}

export function readSort(text: string | undefined, fallback: Sort): Sort {
  if (text === undefined || text === '' || text === '-') return fallback;
  return text.startsWith('-') ? { key: text.slice(1), descending: true } : { key: text, descending: false };
}

export function writeSort({ key, descending }: Sort): string {
  return descending ? `-${key}` : key;
}

/** The sort after a click on a column's head: the other way round, or the column's own first direction. */
export function toggled(sort: Sort, key: string, descendingFirst: boolean): Sort {
  return sort.key === key ? { key, descending: !sort.descending } : { key, descending: descendingFirst };
}

function compare(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}

/** Rows in order; rows without a value come last either way, equal rows keep their order. */
export function sorted<Row>(rows: readonly Row[], value: (row: Row) => SortValue, descending: boolean): Row[] {
  const sign = descending ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    return sign * compare(a, b);
  });
}
