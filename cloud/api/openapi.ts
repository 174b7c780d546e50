/** The OpenAPI 3.1 document, from the table of calls and the entities alone: zod writes the JSON Schemas, entities become components. */
import { z } from 'zod';
import { calls } from '../wire/calls.ts';
import type { Call } from '../wire/calls.ts';
import * as entities from '../wire/entities.ts';
import { ERROR_CODES, Problem } from '../wire/errors.ts';
import type { ErrorCode } from '../wire/errors.ts';
import * as history from '../wire/history.ts';
import * as people from '../wire/people.ts';
import * as tap from '../wire/tap.ts';

type Json = { readonly [key: string]: unknown };

const COMPONENTS = '#/components/schemas/';
const SECURITY = [{ session: [] }, { token: [] }];

/** Names of the entities, for references. */
const named = z.registry<{ id: string }>();
for (const [name, schema] of Object.entries({ ...entities, ...history, ...people, ...tap, Problem })) if (schema instanceof z.ZodObject) named.add(schema, { id: name });

/** The document; the same for every request. */
export function openApiDocument(publicUrl: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [name, call] of Object.entries(calls)) paths[call.path] = { ...paths[call.path], [call.method]: operationOf(name, call) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sidelight', version: '1',
      description: 'The public API of Sidelight. Errors are application/problem+json with a stable code; each code has a page at /docs/errors/{code}.',
    },
    servers: [{ url: publicUrl }],
    paths,
    components: { schemas: components(), securitySchemes: securitySchemes(publicUrl) },
  };
}

function components(): Json {
  const { schemas } = z.toJSONSchema(named, { ...OPTIONS, io: 'output', uri: (id) => COMPONENTS + id });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, without(schema, ['$schema', '$id'])]));
}

function without(schema: object, keys: readonly string[]): Json {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)));
}

function securitySchemes(publicUrl: string): Json {
  const cookie = `${publicUrl.startsWith('https:') ? '__Secure-' : ''}sidelight.session_token`;
  return {
    session: { type: 'apiKey', in: 'cookie', name: cookie, description: 'Session cookie from POST /api/auth/sign-in/email. A browser may change something from the console’s own origin only.' },
    token: { type: 'http', scheme: 'bearer', description: 'API token of one organization (slo_…), with the rights of an editor.' },
  };
}

function operationOf(name: string, call: Call): Json {
  const parameters = [...parametersOf('path', call.params), ...parametersOf('query', call.query)];
  return {
    operationId: name,
    summary: call.summary,
    security: SECURITY,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(call.body ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(call.body, 'input') } } } } : {}),
    responses: { [call.status]: successOf(call), ...errorsOf(call.errors) },
  };
}

function parametersOf(place: 'path' | 'query', schema: z.ZodObject | undefined): Json[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => ({
    name, in: place, required: place === 'path', schema: schemaOf(field as z.ZodType, 'input'),
  }));
}

function successOf(call: Call): Json {
  return call.response ? { description: 'Done.', content: { 'application/json': { schema: schemaOf(call.response, 'output') } } } : { description: 'Done; no content.' };
}

const seconds = (description: string): Json => ({ description, schema: { type: 'integer', minimum: 0 } });
/** Every answer has the first three; a refused call the last as well. */
const RATE_HEADERS = {
  'RateLimit-Limit': seconds('Calls that may come at once'), 'RateLimit-Remaining': seconds('Calls left'), 'RateLimit-Reset': seconds('Seconds until all of them are back'),
  'Retry-After': seconds('Seconds to wait before the next call'),
};

/** One response per status; several codes may share one. */
function errorsOf(codes: readonly ErrorCode[]): Json {
  const byStatus = Map.groupBy(codes, (code) => ERROR_CODES[code].status);
  return Object.fromEntries([...byStatus].map(([status, shared]) => [
    status,
    { ...(status === 429 ? { headers: RATE_HEADERS } : {}), description: shared.map((code) => `\`${code}\`: ${ERROR_CODES[code].title}.`).join(' '), content: { 'application/problem+json': { schema: schemaOf(Problem, 'output') } } },
  ]));
}

/** Answers may gain fields, so objects stay open; zod's patterns for times only repeat their format. */
const OPTIONS = {
  metadata: named,
  // Columns of history are checked by loops of ours; their shape stands beside them.
  unrepresentable: 'any',
  override: ({ zodSchema, jsonSchema }: { zodSchema: unknown; jsonSchema: z.core.JSONSchema.BaseSchema }): void => {
    Object.assign(jsonSchema, history.COLUMN_SHAPES.get(zodSchema as z.ZodType));
    delete jsonSchema.additionalProperties;
    if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
  },
} as const;

/** A schema with references to the components instead of definitions of its own. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const own = without(z.toJSONSchema(schema, { ...OPTIONS, io }), ['$schema', '$defs']);
  return JSON.parse(JSON.stringify(own).replaceAll('"#/$defs/', `"${COMPONENTS}`)) as Json;
}
