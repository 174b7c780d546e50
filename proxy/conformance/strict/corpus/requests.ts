/** All requests of the corpus. */
import type { RequestCase } from './case.ts';
import { CHUNKS } from './chunks.ts';
import { CODINGS, LENGTHS, PIPELINES } from './content.ts';
import { FIELDS } from './fields.ts';
import { START_LINES } from './start-line.ts';

export const REQUESTS: readonly RequestCase[] = [...START_LINES, ...FIELDS, ...LENGTHS, ...CODINGS, ...CHUNKS, ...PIPELINES];
