import { expect, test } from 'vitest';
import type { Destination } from '../wire/orders.ts';
import { Watches } from './watches.ts';

const at = (port: number) => ({ host: '10.96.0.10', port });
const EXTERNAL: Destination = { kind: 'external' };

function make() {
  const asked: string[] = [];
  return { asked, watches: new Watches(({ kind, address }) => void asked.push(`${kind} ${address.port}`)) };
}

test('what is watched is asked for when there is somebody to ask, and again after each reconnect', () => {
  const { asked, watches } = make();
  watches.watch(at(1), () => undefined);
  expect(asked).toEqual([]);
  watches.begin();
  watches.watch(at(2), () => undefined);
  watches.begin();
  expect(asked).toEqual(['resolve 1', 'resolve 2']);
  watches.end();
  watches.begin();
  expect(asked.slice(2)).toEqual(['resolve 1', 'resolve 2']);
});

test('answers go to whom they are for; those that nobody waits for are counted', () => {
  const { watches } = make();
  const told: Destination[] = [];
  watches.watch(at(1), (destination) => void told.push(destination));
  watches.resolved(at(1), EXTERNAL);
  watches.resolved(at(9), EXTERNAL);
  expect(told).toEqual([EXTERNAL]);
  expect(watches.unasked).toBe(1);
});

test('the end of a watch is told once, and only to whom was asked', () => {
  const { asked, watches } = make();
  const end = watches.watch(at(1), () => undefined);
  watches.watch(at(2), () => undefined)();
  watches.begin();
  end();
  end();
  expect(asked).toEqual(['resolve 1', 'forget 1']);
  expect(watches.size).toBe(0);
});
