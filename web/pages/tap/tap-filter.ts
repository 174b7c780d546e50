/** A tap's filter between the query string, the form and the API. Pure. */
import type { TapInput } from '../../../cloud/wire/tap.ts';

/** The form's fields as they stand in the query string; empty: everything passes. */
export interface TapFilter {
  readonly workload: string;
  readonly direction: string;
  readonly method: string;
  readonly path: string;
  readonly status: string;
  readonly peer: string;
}

export const NO_FILTER: TapFilter = { workload: '', direction: '', method: '', path: '', status: '', peer: '' };

export const DIRECTIONS = [['', 'Both ends'], ['outbound', 'As the caller sees it'], ['inbound', 'As the callee sees it']] as const;
export const STATUSES = [['', 'Any status'], ['2', '2xx'], ['3', '3xx'], ['4', '4xx'], ['5', '5xx'], ['0', 'No answer']] as const;
export const METHODS = ['', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** What the API is asked for. */
export function inputOf(filter: TapFilter): Partial<TapInput> {
  const { workload, direction, method, path, status, peer } = filter;
  return {
    ...(workload === '' ? {} : { workload }),
    ...(direction === 'inbound' || direction === 'outbound' ? { direction } : {}),
    ...(method === '' ? {} : { method }),
    ...(path === '' ? {} : { pathPrefix: path.startsWith('/') ? path : `/${path}` }),
    ...(status === '' ? {} : { statusClass: Number(status) }),
    ...(peer === '' ? {} : { peer }),
  };
}

/** Members for the query string: what is empty stays out. */
export function searchOf(filter: TapFilter): Record<keyof TapFilter, string | undefined> {
  return Object.fromEntries(Object.entries(filter).map(([key, text]) => [key, text === '' ? undefined : text])) as Record<keyof TapFilter, string | undefined>;
}

/** The filter in words, for the sentence: `GET /items 5xx of web to cart`. */
export function filterWords(filter: TapFilter, nameOf: (key: string) => string): string {
  const words = [
    filter.direction === '' ? '' : filter.direction,
    filter.method,
    filter.path,
    filter.status === '' ? '' : filter.status === '0' ? 'without an answer' : `${filter.status}xx`,
    filter.workload === '' ? '' : `at ${nameOf(filter.workload)}`,
    filter.peer === '' ? '' : `with ${nameOf(filter.peer)}`,
  ].filter((word) => word !== '');
  return words.length === 0 ? 'every exchange' : `${words.join(' ')}`;
}
