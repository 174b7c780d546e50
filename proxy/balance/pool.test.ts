import { expect, test } from 'vitest';
import type { FaultCodeName } from '../wire/mesh.ts';
import { type Member, Pool, type PoolOptions } from './pool.ts';

class FakeMember implements Member {
  readonly generation: number;
  usable = true;
  idleSinceMs = 0;
  retired = false;

  constructor(generation = 1) {
    this.generation = generation;
  }

  retire(): void {
    this.retired = true;
  }
}

interface Opening {
  readonly opened: (member: FakeMember) => void;
  readonly failed: (code: FaultCodeName) => void;
}

class Bed {
  readonly openings: Opening[] = [];
  readonly heard: string[] = [];
  readonly members: FakeMember[] = [];
  readonly pool: Pool<FakeMember>;

  constructor(options: Partial<PoolOptions<FakeMember>> = {}) {
    this.pool = new Pool<FakeMember>({
      open: (opened, failed) => void this.openings.push({ opened, failed }),
      connectionsMax: 2, idleMax: 2, idleMsMax: 100, queueMax: 3, ...options,
    });
  }

  wait(name: string): { connected(member: FakeMember): void; failed(code: FaultCodeName): void } {
    const waiter = {
      connected: (member: FakeMember) => {
        this.heard.push(`${name} connected`);
        this.members.push(member);
      },
      failed: (code: FaultCodeName) => void this.heard.push(`${name} ${code}`),
    };
    this.pool.wait(waiter);
    return waiter;
  }

  open(at: number, member = new FakeMember()): FakeMember {
    this.openings[at]?.opened(member);
    return member;
  }
}

test('the connection used last is used next', () => {
  const bed = new Bed();
  bed.wait('a');
  bed.wait('b');
  const [first, second] = [bed.open(0), bed.open(1)];
  bed.pool.give(second, 0);
  bed.pool.give(first, 0);
  expect(bed.pool.take()).toBe(first);
  expect(bed.pool.take()).toBe(second);
  expect(bed.pool.take()).toBeNull();
});

test('a connection given back serves who waits longest, before the one that was opened for it', () => {
  const bed = new Bed();
  bed.wait('a');
  const first = bed.open(0);
  bed.wait('b');
  bed.pool.give(first, 0);
  expect(bed.heard).toEqual(['a connected', 'b connected']);
  const second = bed.open(1);
  expect(bed.pool.take()).toBe(second);
});

test('no more connections are opened than the limit, and no more wait than the limit', () => {
  const bed = new Bed();
  for (const name of ['a', 'b', 'c', 'd']) bed.wait(name);
  expect(bed.openings).toHaveLength(2);
  expect(bed.heard).toEqual(['d queue-full']);
  bed.open(0);
  bed.pool.forget(bed.open(1));
  expect(bed.openings).toHaveLength(3);
});

test('a failed opening fails one waiter and frees its place', () => {
  const bed = new Bed({ connectionsMax: 1 });
  bed.wait('a');
  bed.wait('b');
  bed.openings[0]?.failed('connect-failed');
  expect(bed.heard).toEqual(['a connect-failed']);
  expect(bed.pool.connections).toBe(0);
  bed.wait('c');
  bed.open(1);
  expect(bed.heard).toEqual(['a connect-failed', 'b connected']);
});

test('who gave up waiting is forgotten', () => {
  const bed = new Bed();
  bed.pool.cancel(bed.wait('a'));
  const member = bed.open(0);
  expect(bed.heard).toEqual([]);
  expect(bed.pool.take()).toBe(member);
});

test('connections that are closed, too many, idle too long or under an older leaf are retired', () => {
  const bed = new Bed({ connectionsMax: 9 });
  const members = Array.from({ length: 4 }, (_, at) => {
    bed.wait(String(at));
    return bed.open(at, new FakeMember(at < 3 ? 1 : 2));
  });
  const [closed, old, fresh, renewed] = members as [FakeMember, FakeMember, FakeMember, FakeMember];
  closed.usable = false;
  bed.pool.give(closed, 0);
  bed.pool.give(old, 0);
  bed.pool.give(fresh, 90);
  bed.pool.give(renewed, 90);
  expect(members.map(({ retired }) => retired)).toEqual([true, false, false, true]);
  bed.pool.sweep(120, 1);
  expect(members.map(({ retired }) => retired)).toEqual([true, true, false, true]);
  bed.pool.sweep(121, 2);
  expect(fresh.retired).toBe(true);
  expect(bed.pool.connections).toBe(0);
});

test('a connection that was opened under a leaf older than the one in force is not handed out', () => {
  const bed = new Bed();
  bed.wait('a');
  bed.pool.sweep(0, 2);
  expect(bed.open(0, new FakeMember(1)).retired).toBe(true);
  bed.open(1, new FakeMember(2));
  expect(bed.heard).toEqual(['a connected']);
});

test('a closed pool ends what is idle now and what is in use when it comes back', () => {
  const bed = new Bed();
  bed.wait('a');
  bed.wait('b');
  const [idle, used] = [bed.open(0), bed.open(1)];
  bed.pool.give(idle, 0);
  bed.pool.close();
  expect([idle.retired, used.retired]).toEqual([true, false]);
  bed.pool.give(used, 0);
  expect(used.retired).toBe(true);
});
