import { expect, test } from 'vitest';
import { WATCHES_MAX } from '../../proxy/wire/orders.ts';
import type { Destination } from '../../proxy/wire/orders.ts';
import { Watched } from './watched.ts';

const at = (port: number) => ({ host: '10.96.0.10', port });
const service = (port: number): Destination => ({ kind: 'service', to: { service: 'shop/cart', port, protocol: 'http1', endpoints: [] } });

test('only what changed since it was told last is told', () => {
  let answer = service(1);
  const watched = new Watched(({ port }) => (port === 1 ? answer : { kind: 'external' }));
  expect([watched.watch(at(1)), watched.watch(at(2))]).toEqual([service(1), { kind: 'external' }]);
  expect([...watched.changed()]).toEqual([]);
  answer = service(2);
  expect([...watched.changed()]).toEqual([{ address: at(1), destination: service(2) }]);
  expect([...watched.changed()]).toEqual([]);
});

test('a proxy watches a limited number of addresses, and has room again for each that it forgets', () => {
  const watched = new Watched(() => ({ kind: 'external' }));
  for (let port = 0; port < WATCHES_MAX; port++) watched.watch(at(port));
  expect(watched.watch(at(WATCHES_MAX))).toBeNull();
  expect(watched.watch(at(0))).not.toBeNull();
  watched.forget(at(0));
  expect(watched.watch(at(WATCHES_MAX))).not.toBeNull();
  expect(watched.size).toBe(WATCHES_MAX);
});
