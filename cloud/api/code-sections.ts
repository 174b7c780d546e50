/** All stable codes of the product from the tables of its parts: one page a code, with a section for each part that uses it. Pure. */
import { AGENT_CODES } from '../../agent/wire/codes.ts';
import { ANSWER_CODES, PROXY_CODES } from '../../proxy/wire/codes.ts';
import type { Blame, CodePage } from '../../proxy/wire/codes.ts';
import { API_CODES, LAUNCH_CODES } from '../wire/codes.ts';
import { ERROR_CODES } from '../wire/errors.ts';
import type { ErrorCode } from '../wire/errors.ts';

/** What a code means where. */
export interface CodeSection extends CodePage {
  readonly where: string;
  /** HTTP status of the answers that carry it; null where it is no answer. */
  readonly status: number | null;
}

/** Whose doing it is, in words. */
export const BLAME_TEXT = {
  operator: 'Yours, if you run this: a setting, a file, a name or a version is not as it has to be.',
  caller: 'The caller’s: the request, or the right to make it.',
  app: 'The application’s, behind its proxy.',
  peer: 'The other side’s, or that of the network in between.',
  machine: 'The machine’s: its disk, its network, its clock or its load.',
  sidelight: 'Ours.',
  nobody: 'Nobody’s: this is how things go, and they mend themselves.',
} as const satisfies Record<Blame, string>;

/** Sections by code, in the order of the alphabet. */
export const CODE_SECTIONS: ReadonlyMap<string, readonly CodeSection[]> = collect();

function collect(): Map<string, CodeSection[]> {
  const sections = [
    ...Object.entries(API_CODES).map(([code, page]) => [code, { ...ERROR_CODES[code as ErrorCode], ...page, where: 'API' }] as const),
    ...sectionsOf(LAUNCH_CODES, 'Cloud, serve and demo'),
    ...sectionsOf(AGENT_CODES, 'Agent'),
    ...sectionsOf(PROXY_CODES, 'Proxy'),
    ...sectionsOf(ANSWER_CODES, 'Answer of a proxy, in l5d-proxy-error'),
  ];
  const byCode = new Map<string, CodeSection[]>();
  for (const [code, section] of sections.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) byCode.set(code, [...(byCode.get(code) ?? []), section]);
  return byCode;
}

function sectionsOf(table: Readonly<Record<string, CodePage>>, where: string): (readonly [string, CodeSection])[] {
  return Object.entries(table).map(([code, page]) => [code, { ...page, where, status: null }]);
}
