import { expect, test } from 'vitest';
import { FieldList } from '../protocol/hpack/fields.ts';
import type { Head } from '../protocol/http1/head.ts';
import { MessageReader } from '../protocol/http1/reader.ts';
import { latin1 } from '../protocol/testing.ts';
import { RouteTemplates, templateOf } from './template.ts';

test.each([
  ['/', 'GET /'],
  ['/users', 'GET /users'],
  ['/users/7', 'GET /users/:id'],
  ['/users/7/orders/12', 'GET /users/:id/orders/:id'],
  ['/users/', 'GET /users/'],
  ['/u/550e8400-e29b-41d4-a716-446655440000', 'GET /u/:id'],
  ['/blobs/9f86d081884c7d65', 'GET /blobs/:id'],
  ['/feedface', 'GET /feedface'],
  ['/v1/items', 'GET /v1/items'],
  ['/tags/a%20b', 'GET /tags/:id'],
  ['/x/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9eyJhbGciOiJI', 'GET /x/:id'],
  ['/a/b/c/d/e/f/g/h', 'GET /a/b/c/d/e/f/*'],
  ['/static/app.js', 'GET /static/app.js'],
  ['/days/2026-11-23', 'GET /days/:id'],
  ['/geo/52.5200,13.4050', 'GET /geo/:id'],
  ['/orders/order-20240001', 'GET /orders/:id'],
  ['/ulid/01ARZ3NDEKTSV4RRFFQ69G5FAV', 'GET /ulid/:id'],
  ['/tx/0xdeadbeef01', 'GET /tx/:id'],
  ['/users/ann@example.org', 'GET /users/ann@example.org'],
  ['/v1/recommendations', 'GET /v1/recommendations'],
  ['/api/v2beta1/http2-settings', 'GET /api/v2beta1/http2-settings'],
  ['/grpc.health.v1.Health/Check', 'GET /grpc.health.v1.Health/Check'],
  ['/oauth2/authorization_code', 'GET /oauth2/authorization_code'],
])('the path %s is the route %s', (path, template) => {
  expect(templateOf('GET', path)).toBe(template);
});

/** The templates of these requests, in order, from one cache. */
function templates(requests: readonly string[]): string[] {
  const cache = new RouteTemplates();
  return requests.map((request) => {
    let template = '';
    const head = (one: Head): void => void (template = cache.of(one));
    const nothing = (): void => undefined;
    const reader = new MessageReader({ kind: 'request', stripMesh: false }, { head, data: nothing, framing: nothing, trailers: nothing, end: nothing });
    const bytes = latin1(`${request} HTTP/1.1\r\nHost: a\r\n\r\n`);
    reader.push(bytes, 0, bytes.length);
    return template;
  });
}

test('a query is no part of the route, nor is the authority of an absolute target', () => {
  expect(templates(['GET /a?b=/c/7', 'GET http://a/x/7?y', 'GET http://a', 'POST /a', 'OPTIONS *', 'CONNECT a:80', 'FROB /a'])).toEqual([
    'GET /a', 'GET /x/:id', 'GET /', 'POST /a', 'OPTIONS *', 'CONNECT', 'OTHER /a',
  ]);
});

test('what is remembered is what would be computed, for more paths than are remembered', () => {
  const paths = Array.from({ length: 3_000 }, (_, at) => `/p${at % 1_500}/x`);
  expect(templates(paths.map((path) => `GET ${path}`))).toEqual(paths.map((path) => templateOf('GET', path)));
});

test.each([
  ['POST', '/shop.Cart/AddItem', 'POST /shop.Cart/AddItem'],
  ['GET', '/users/7?a=/b', 'GET /users/:id'],
  ['OPTIONS', '*', 'OPTIONS *'],
  ['PURGE', '/a', 'OTHER /a'],
])('an HTTP/2 head of %s %s is %s, remembered or not', (method, path, template) => {
  const templates = new RouteTemplates();
  const fields = new FieldList();
  fields.addText(':method', method);
  fields.addText(':path', path);
  expect([templates.ofFields(fields), templates.ofFields(fields)]).toEqual([template, template]);
});

test('heads of equal paths and other methods are told apart, and CONNECT has no path', () => {
  const templates = new RouteTemplates();
  const head = (method: string, path: string | null): FieldList => {
    const fields = new FieldList();
    fields.addText(':method', method);
    if (path !== null) fields.addText(':path', path);
    return fields;
  };
  expect(['GET', 'POST', 'GET'].map((method) => templates.ofFields(head(method, '/a')))).toEqual(['GET /a', 'POST /a', 'GET /a']);
  expect(templates.ofFields(head('CONNECT', null))).toBe('CONNECT');
});
