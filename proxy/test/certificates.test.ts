import { afterEach, expect, test } from 'vitest';
import { startControlledPair, type ControlledPair } from './controlled-pair.ts';
import { cleanUp, until } from './proxy-process.ts';

let pair: ControlledPair | null = null;

afterEach(async () => {
  await cleanUp();
  await pair?.stop();
  pair = null;
});

test('leaves of five seconds are renewed under load without a failed request', async () => {
  pair = await startControlledPair({ leafMs: 5_000 });
  const { control, request, caller, callee } = pair;
  const statuses = new Map<number, number>();
  const untilMs = Date.now() + 9_000;
  const client = async () => {
    while (Date.now() < untilMs) {
      const status = await request();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      await new Promise((resume) => setTimeout(resume, 10));
    }
  };
  await Promise.all([client(), client(), client(), client()]);
  expect([...statuses.keys()], caller.text() + callee.text()).toEqual([200]);
  expect(statuses.get(200)).toBeGreaterThan(300);
  expect(control.certifies.length).toBeGreaterThanOrEqual(6);
});

test('both proxies restarted while the control plane is gone serve at once', async () => {
  pair = await startControlledPair();
  expect(await pair.request()).toBe(200);
  await pair.caller.end('SIGKILL');
  await pair.callee.end();
  await pair.control.close();
  pair.callee = pair.startCallee();
  pair.caller = pair.startCaller();
  await pair.ready();
  for (let turn = 0; turn < 20; turn++) expect(await pair.request()).toBe(200);
  const { caller } = pair;
  await until(() => caller.lines().some(({ code }) => code === 'link_down'), caller.text);
});
