/** A request's params, query and body, checked against the call's schemas with every fault listed. */
import type { z } from 'zod';
import { ApiError } from '../context.ts';
import type { Call } from '../wire/calls.ts';

type Fault = { readonly path: string; readonly message: string };
export interface RawInput {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed JSON, or undefined without a body. */
  readonly body: unknown;
}
export interface ParsedInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** Throws `ApiError('invalid_request')`. */
export function parseInput(call: Call, raw: RawInput): ParsedInput {
  const faults: Fault[] = [];
  const parse = (part: 'params' | 'query' | 'body', schema: z.ZodType | undefined, value: unknown): unknown => {
    if (!schema) return {};
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) faults.push({ path: [part, ...issue.path].join('.'), message: issue.message });
    return {};
  };
  const parsed = { params: parse('params', call.params, raw.params), query: parse('query', call.query, raw.query), body: parse('body', call.body, raw.body) };
  if (faults.length > 0) throw new ApiError('invalid_request', faults.map((fault) => `${fault.path}: ${fault.message}`).join('; '), { faults });
  return parsed;
}

/** The JSON of a request's body. Throws `ApiError('invalid_request')` for another content type or unreadable text. */
export async function readJson(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  const text = await request.text();
  if (text === '') return undefined;
  if (type !== 'application/json') throw bodyFault('send JSON with Content-Type: application/json');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw bodyFault('is not valid JSON');
  }
}

function bodyFault(message: string): ApiError {
  return new ApiError('invalid_request', `The body: ${message}.`, { faults: [{ path: 'body', message }] });
}
