/** Where the reader is: organization, cluster and range, from the URL. */
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { readComparison, type ComparisonKey } from '../api/comparison.ts';
import { rangeOf, readRangeSearch, searchOf, type TimeRange } from '../api/range.ts';

type LooseSearch = Readonly<Record<string, unknown>>;

function useParam(name: 'slug' | 'clusterId' | 'id'): string {
  const params: Readonly<Record<string, string | undefined>> = useParams({ strict: false });
  const value = params[name];
  if (value === undefined) throw new Error(`this page's address has no ${name}`);
  return value;
}

export const useSlug = (): string => useParam('slug');
export const useClusterId = (): string => useParam('clusterId');
export const useId = (): string => useParam('id');

/** The cluster of the address, or null on pages of the organization. */
export function useMaybeClusterId(): string | null {
  const params: Readonly<Record<string, string | undefined>> = useParams({ strict: false });
  return params['clusterId'] ?? null;
}

export function useTimeRange(): TimeRange {
  return rangeOf(readRangeSearch(useSearch({ strict: false })));
}

/** One text of the query string, undefined when absent. */
export function useSearchText(key: string): string | undefined {
  const search: LooseSearch = useSearch({ strict: false });
  const value = search[key];
  // A number or boolean typed by hand is read as one; to a page it is text all the same.
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value === 'string' ? value : undefined;
}

/** Changes parts of this page's query string; undefined removes one. */
export function useSetSearch(): (patch: LooseSearch, replace?: boolean) => void {
  const navigate = useNavigate();
  return (patch, replace = false) => {
    void navigate({ to: '.', search: ((before: LooseSearch) => ({ ...before, ...patch })) as never, replace, resetScroll: false });
  };
}

export function useSetRange(): (range: TimeRange) => void {
  const setSearch = useSetSearch();
  return (range) => setSearch(searchOf(range));
}

/** The earlier range that the reader compares with, or null. */
export function useComparisonKey(): ComparisonKey | null {
  return readComparison(useSearch({ strict: false })).vs ?? null;
}
