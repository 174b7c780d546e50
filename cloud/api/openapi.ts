/** The OpenAPI 3.1 document, from the table of calls and the entities alone. */
import { OpenAPIHono, z } from '@hono/zod-openapi';
import { calls } from '../wire/calls.ts';
import type { Call } from '../wire/calls.ts';
import * as entities from '../wire/entities.ts';
import { ERROR_CODES, Problem } from '../wire/errors.ts';
import type { ErrorCode } from '../wire/errors.ts';

const SECURITY = [{ session: [] }, { token: [] }];

/** The document; the same for every request. */
export function openApiDocument(publicUrl: string): object {
  nameSchemas();
  const builder = new OpenAPIHono();
  const registry = builder.openAPIRegistry;
  registry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey', in: 'cookie', name: publicUrl.startsWith('https:') ? '__Secure-sidelight.session_token' : 'sidelight.session_token',
    description: 'Session cookie from POST /api/auth/sign-in/email. Calls that change something must come from the console’s own origin.',
  });
  registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer', description: 'API token of one organization (slo_…), with the rights of an editor.' });
  for (const [name, call] of Object.entries(calls)) registry.registerPath(pathOf(name, call));
  return builder.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Sidelight', version: '1', description: 'The public API of Sidelight. Errors are application/problem+json with a stable code; each code has a page at /docs/errors/{code}.' },
    servers: [{ url: publicUrl }],
  });
}

/** Entities become named components; zod's own registry carries the names. */
function nameSchemas(): void {
  for (const [name, schema] of Object.entries({ ...entities, Problem })) {
    if (schema instanceof z.ZodObject && !z.globalRegistry.has(schema)) z.globalRegistry.add(schema, { id: name });
  }
}

type PathConfig = Parameters<OpenAPIHono['openAPIRegistry']['registerPath']>[0];

function pathOf(name: string, call: Call): PathConfig {
  const request: NonNullable<PathConfig['request']> = {};
  if (call.params) request.params = call.params;
  if (call.query) request.query = call.query;
  if (call.body) request.body = { required: true, content: { 'application/json': { schema: call.body } } };
  return {
    method: call.method, path: call.path, operationId: name, summary: call.summary, security: SECURITY, request,
    responses: { [call.status]: successOf(call), ...errorsOf(call.errors) },
  };
}

function successOf(call: Call): PathConfig['responses'][string] {
  return call.response ? { description: 'Done.', content: { 'application/json': { schema: call.response } } } : { description: 'Done; no content.' };
}

/** One response per status; several codes may share one. */
function errorsOf(codes: readonly ErrorCode[]): PathConfig['responses'] {
  const byStatus = Map.groupBy(codes, (code) => ERROR_CODES[code].status);
  return Object.fromEntries([...byStatus].map(([status, shared]) => [
    status,
    { description: shared.map((code) => `\`${code}\`: ${ERROR_CODES[code].title}.`).join(' '), content: { 'application/problem+json': { schema: Problem } } },
  ]));
}
