import { afterEach, expect, test } from 'vitest';
import { distinctWindows, startControlledPair, total, type ControlledPair } from './controlled-pair.ts';
import { cleanUp, until, type ProxyProcess } from './proxy-process.ts';

let pair: ControlledPair;

afterEach(async () => {
  await cleanUp();
  await pair.stop();
});

/** Starts another process in a proxy's place, and ends the old one when the new one serves. */
async function replace(old: ProxyProcess, start: () => ProxyProcess): Promise<ProxyProcess> {
  const next = start();
  await next.logged('took over; the process before may end');
  expect(await old.end()).toBe(0);
  return next;
}

test('both proxies of a mesh are replaced at load without a failed request, and each request is counted once in each view', async () => {
  pair = await startControlledPair();
  const instances = (): string[] => [...new Set(pair.control.hellos.map(({ instance }) => instance))];
  let running = true;
  let answered = 0;
  const failures: unknown[] = [];
  const callers = Array.from({ length: 6 }, async () => {
    while (running) {
      const status = await pair.request().catch((error: unknown) => error);
      if (status === 200) answered++;
      else failures.push(status);
    }
  });
  for (let turn = 0; turn < 2; turn++) {
    pair.caller = await replace(pair.caller, pair.startCaller);
    pair.callee = await replace(pair.callee, pair.startCallee);
  }
  running = false;
  await Promise.all(callers);
  expect(failures).toEqual([]);
  expect(instances()).toHaveLength(6);
  await Promise.all([pair.caller.end(), pair.callee.end()]);
  const counted = (direction: 'outbound' | 'inbound'): number =>
    instances().reduce((sum, instance) => {
      const windows = distinctWindows(pair.control.windows, instance);
      return windows.some(({ edges }) => edges.some((edge) => edge.direction === direction)) ? sum + total(windows, 'requests') : sum;
    }, 0);
  await until(() => counted('outbound') === answered && counted('inbound') === answered, () => `answered ${answered}, counted ${counted('outbound')} and ${counted('inbound')}`);
}, 90_000);
