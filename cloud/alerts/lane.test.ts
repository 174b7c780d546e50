import { expect, test } from 'vitest';
import { createLane, inParallel, limited, StuckError } from './lane.ts';

function gate(): { open: () => void; passed: Promise<void> } {
  let open = (): void => undefined;
  const passed = new Promise<void>((done) => { open = done; });
  return { open, passed };
}

test('requests during a run become one more run, never two at once', async () => {
  const gates = [gate(), gate(), gate()];
  let begun = 0;
  let active = 0;
  const lane = createLane(async () => {
    active += 1;
    expect(active).toBe(1);
    await gates[begun++]?.passed;
    active -= 1;
  }, (fault) => { throw fault; });
  const first = lane.request();
  const second = lane.request();
  const third = lane.request();
  gates[0]?.open();
  gates[1]?.open();
  await Promise.all([first, second, third]);
  expect(begun).toBe(2);
  await lane.idle();
});

test('a run that throws is told and does not stop the next', async () => {
  const faults: unknown[] = [];
  let runs = 0;
  const lane = createLane(() => (++runs === 1 ? Promise.reject(new Error('down')) : Promise.resolve()), (fault) => faults.push(fault));
  await lane.request();
  await lane.request();
  expect(runs).toBe(2);
  expect(faults).toHaveLength(1);
});

test('work in parallel keeps its bound, does every item and then tells the first fault', async () => {
  let active = 0;
  let most = 0;
  const done: number[] = [];
  const work = async (item: number): Promise<void> => {
    active += 1;
    most = Math.max(most, active);
    await new Promise((next) => setImmediate(next));
    active -= 1;
    if (item === 3) throw new Error('three');
    done.push(item);
  };
  await expect(inParallel([1, 2, 3, 4, 5, 6, 7], 3, work)).rejects.toThrow('three');
  expect(most).toBe(3);
  expect(done.sort()).toEqual([1, 2, 4, 5, 6, 7]);
});

test('work that never ends is given up after its limit, and work that ends keeps its answer', async () => {
  await expect(limited(20, new Promise(() => undefined))).rejects.toThrow(StuckError);
  expect(await limited(1_000, Promise.resolve('done'))).toBe('done');
  await expect(limited(1_000, Promise.reject(new Error('down')))).rejects.toThrow('down');
});
