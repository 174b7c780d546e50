import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Discovery } from '../control/watches.ts';
import type { Connection } from '../sockets/connection.ts';
import { DISCOVERY_MS_MAX } from '../sockets/limits.ts';
import { Sockets } from '../sockets/sockets.ts';
import type { Destination, ServicePort } from '../wire/orders.ts';
import type { Lane } from './lane.ts';
import { Learned } from './learned.ts';

const ADDRESS = { host: '10.96.0.10', port: 80 };
const CART: Destination = { kind: 'service', to: { service: 'shop/cart', port: 80, protocol: 'http1', endpoints: [] } };

/** A connection as `Learned` sees one. */
class FakeConnection {
  open = true;
  paused = false;
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  close(): void {
    this.open = false;
  }
}

/** A lane that keeps what it was told. */
class FakeLane {
  busy = false;
  closed = false;
  readonly updates: ServicePort[] = [];
  readonly to: ServicePort;
  readonly external: boolean;
  constructor(to: ServicePort, external: boolean) {
    this.to = to;
    this.external = external;
  }
  fits(to: ServicePort): boolean {
    return to.service === this.to.service && to.protocol === this.to.protocol;
  }
  close(): void {
    this.closed = true;
  }
}

class FakeDiscovery implements Discovery {
  tell: (destination: Destination) => void = () => undefined;
  watching = false;
  reachable(): boolean {
    return true;
  }
  watch(_: typeof ADDRESS, told: (destination: Destination) => void): () => void {
    this.watching = true;
    this.tell = told;
    return () => {
      this.watching = false;
    };
  }
}

let sockets: Sockets;
let lanes: FakeLane[];
let served: { lane: FakeLane; connection: FakeConnection }[];
let unanswered: number;

beforeEach(() => {
  vi.useFakeTimers();
  sockets = new Sockets(() => performance.now() * 1_000, (error) => {
    throw error;
  });
  lanes = [];
  served = [];
  unanswered = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

function learn(discovery: Discovery | null): Learned {
  return new Learned(
    {
      sockets,
      discovery,
      open: (to, _, kind) => {
        const lane = new FakeLane(to, kind === 'external');
        lanes.push(lane);
        return lane as unknown as Lane;
      },
      update: (lane, to) => void (lane as unknown as FakeLane).updates.push(to),
      serve: (lane, connection) => void served.push({ lane: lane as unknown as FakeLane, connection: connection as unknown as FakeConnection }),
      unanswered: () => void (unanswered += 1),
    },
    ADDRESS,
    0,
  );
}

function take(learned: Learned): FakeConnection {
  const connection = new FakeConnection();
  learned.take(connection as unknown as Connection);
  return connection;
}

test('connections wait unread for the answer, and go where it says; those after it go at once', () => {
  const discovery = new FakeDiscovery();
  const learned = learn(discovery);
  const [first, second] = [take(learned), take(learned)];
  expect([first.paused, served.length, learned.busy]).toEqual([true, 0, true]);
  discovery.tell(CART);
  expect(served.map(({ connection }) => connection)).toEqual([first, second]);
  expect([first.paused, lanes.length, lanes[0]?.external, unanswered]).toEqual([false, 1, false, 0]);
  take(learned);
  expect(served).toHaveLength(3);
});

test('without an answer within a second the address counts as outside, until there is one', () => {
  const discovery = new FakeDiscovery();
  const learned = learn(discovery);
  take(learned);
  vi.advanceTimersByTime(DISCOVERY_MS_MAX - 200);
  expect(served).toHaveLength(0);
  vi.advanceTimersByTime(400);
  expect(served).toHaveLength(1);
  expect([lanes[0]?.external, lanes[0]?.to.service, unanswered, learned.known]).toEqual([true, 'external/10.96.0.10', 1, false]);
  discovery.tell(CART);
  take(learned);
  expect([lanes[0]?.closed, served[1]?.lane.to.service, learned.known]).toEqual([true, 'shop/cart', true]);
});

test('new endpoints of the same service keep the lane with its connections; another service gets another', () => {
  const discovery = new FakeDiscovery();
  learn(discovery);
  discovery.tell(CART);
  discovery.tell(CART);
  expect([lanes.length, lanes[0]?.updates.length]).toEqual([1, 1]);
  discovery.tell({ kind: 'external' });
  expect([lanes.length, lanes[0]?.closed, lanes[1]?.external]).toEqual([2, true, true]);
});

test('with nobody to ask, what orders don’t name is outside at once', () => {
  const learned = learn(null);
  take(learned);
  expect([served.length, lanes[0]?.external, unanswered]).toEqual([1, true, 0]);
});

test('a caller that left while it waited is served nobody, and the end closes those that wait and the watch', () => {
  const discovery = new FakeDiscovery();
  const learned = learn(discovery);
  take(learned).close();
  discovery.tell(CART);
  expect(served).toHaveLength(0);
  const other = new FakeDiscovery();
  const ended = learn(other);
  const waiting = take(ended);
  ended.close();
  expect([waiting.open, other.watching]).toEqual([false, false]);
});
