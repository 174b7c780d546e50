import { expect, test } from 'vitest';
import { edgeKey, isEdgeView, nameOf, namespaceOf, parseEdgeKey, parseRouteKey, routeKey } from './edge.ts';
import type { EdgeLabels } from './edge.ts';

const EDGE: EdgeLabels = { direction: 'outbound', source: 'shop/deployment/web', service: 'shop/cart', destination: '', protocol: 'grpc', tls: 'mtls' };

test('labels come back from their key, whatever stands in them', () => {
  for (const odd of ['shop/cart', '', 'a|b', '%7C', '100%', '%257C|%']) {
    expect(parseEdgeKey(edgeKey({ ...EDGE, service: odd, source: odd }))).toEqual({ ...EDGE, service: odd, source: odd });
    expect(parseRouteKey(routeKey({ direction: 'inbound', service: odd, route: `GET /${odd}` }))).toEqual({ direction: 'inbound', service: odd, route: `GET /${odd}` });
  }
});

test('a text that is no key is none', () => {
  for (const text of ['', 'a|b', edgeKey(EDGE).replace('outbound', 'sideways'), `${edgeKey(EDGE)}|x`, edgeKey(EDGE).replace('grpc', 'http9')]) expect(parseEdgeKey(text)).toBeNull();
  expect(parseRouteKey('x|y|z')).toBeNull();
});

test.each([
  [{ direction: 'outbound', tls: 'mtls', source: 'a/b/c' }, true],
  [{ direction: 'outbound', tls: 'plain', source: 'a/b/c' }, true],
  [{ direction: 'inbound', tls: 'mtls', source: 'a/b/c' }, false],
  [{ direction: 'inbound', tls: 'plain', source: 'a/b/c' }, true],
  [{ direction: 'inbound', tls: 'plain', source: '' }, true],
] as const)('%o stands for an edge: %s', (row, edge) => {
  expect(isEdgeView(row)).toBe(edge);
});

test('names and namespaces are read from keys', () => {
  expect([namespaceOf('shop/deployment/web'), nameOf('shop/deployment/web'), namespaceOf(''), nameOf('')]).toEqual(['shop', 'web', '', '']);
});
