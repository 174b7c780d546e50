import { expect, test } from 'vitest';
import { FieldList } from '../protocol/hpack/fields.ts';
import { FieldsView, replaceInList } from './fields-view.ts';

function list(fields: readonly (readonly [string, string])[]): FieldList {
  const made = new FieldList();
  for (const [name, value] of fields) made.addText(name, value);
  return made;
}

const REQUEST = [[':method', 'POST'], [':path', '/shop.Cart/Add'], [':authority', 'cart'], ['traceparent', 'a'], ['user-agent', 'grpc-go'], ['traceparent', 'b'], ['x-own', '1']] as const;

test('a request of HTTP/2 reads like any other', () => {
  const view = new FieldsView(list(REQUEST), '10.0.0.7');
  expect([view.method, view.target, view.host, view.version, view.client]).toEqual(['POST', '/shop.Cart/Add', 'cart', 'HTTP/2.0', '10.0.0.7']);
  expect([view.field('user-agent'), view.field('x-own'), view.field('traceparent'), view.field('b3')]).toEqual(['grpc-go', '1', 'a', null]);
});

test('without an authority the host field counts', () => {
  expect(new FieldsView(list([['host', 'cart:80']]), '').host).toBe('cart:80');
});

test('replaced fields stand once, in place of all of their names, and the others stay', () => {
  const fields = list(REQUEST);
  replaceInList(fields, { names: new Set(['traceparent']), fields: [['traceparent', 'new']] });
  const left = Array.from({ length: fields.count }, (_, index) => index).filter((index) => !fields.removed(index)).map((index) => [fields.nameText(index), fields.valueText(index)]);
  expect(left).toEqual([...REQUEST.filter(([name]) => name !== 'traceparent'), ['traceparent', 'new']]);
});
