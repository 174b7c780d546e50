import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChildSpec, type Family, openFamily, untilReady } from './children.ts';
import { isAlive } from './postgres/postmaster.ts';
import { supervise } from './supervise.ts';

let folder: string;
let family: Family;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidelight-children-'));
  family = openFamily();
});
afterAll(async () => {
  await family.close();
  await rm(folder, { recursive: true, force: true });
});

const program = (name: string, code: string): ChildSpec => ({ name, command: process.execPath, args: ['-e', code], env: {}, cwd: folder, logFile: join(folder, `${name}.log`) });
const HANG = 'setInterval(() => {}, 1000); console.log("up");';

async function untilLog(name: string, text: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await readFile(join(folder, `${name}.log`), 'utf8').catch(() => '')).includes(text)) {
    if (performance.now() > deadline) throw new Error(`no ${text} in the log of ${name}`);
    await sleep(20);
  }
}

test('a child stops when asked, and is killed when it does not', async () => {
  const polite = family.start(program('polite', `process.on('SIGTERM', () => { console.log('bye'); process.exit(0); }); ${HANG}`));
  const stubborn = family.start(program('stubborn', `process.on('SIGTERM', () => {}); ${HANG}`));
  await Promise.all([untilLog('polite', 'up'), untilLog('stubborn', 'up')]);
  expect(await polite.stop()).toEqual({ code: 0, signal: null, asked: true, killed: false });
  expect(await stubborn.stop(200)).toEqual({ code: null, signal: 'SIGKILL', asked: true, killed: true });
  expect(await readFile(join(folder, 'polite.log'), 'utf8')).toContain('bye');
});

test('nothing of our environment is passed on unasked', async () => {
  process.env['SIDELIGHT_LEAK'] = 'leaked';
  const child = family.start({ ...program('env', 'console.log(JSON.stringify(process.env))'), env: { GIVEN: 'yes' } });
  await child.ended;
  delete process.env['SIDELIGHT_LEAK'];
  const env = JSON.parse(await readFile(join(folder, 'env.log'), 'utf8')) as Record<string, string>;
  expect(env).toMatchObject({ GIVEN: 'yes', PATH: process.env['PATH'] });
  expect(env).not.toHaveProperty('SIDELIGHT_LEAK');
});

test('a child that ends before it is ready fails with the end of its log', async () => {
  const child = family.start(program('dies', "console.error('the reason'); process.exit(3)"));
  await expect(untilReady(child, async () => false, 20_000)).rejects.toMatchObject({ code: 'child_ended', message: expect.stringContaining('the reason') });
});

test('a program that is not there is told as such', () => {
  expect(() => family.start({ ...program('none', ''), command: join(folder, 'no-such-program') })).toThrow(expect.objectContaining({ code: 'program_missing' }));
});

test('children of a killed parent are stopped, stubborn ones too', async () => {
  const code = `import { openFamily } from ${JSON.stringify(new URL('./children.ts', import.meta.url).href)};
    const family = openFamily();
    const start = (name, code) => family.start({ name, command: process.execPath, args: ['-e', code], env: {}, cwd: '/', logFile: ${JSON.stringify(folder)} + '/' + name + '.log' });
    const gone = start('gone', '');
    await gone.ended;
    const pids = [start('orphan', ${JSON.stringify(HANG)}), start('deaf', ${JSON.stringify(`process.on('SIGTERM', () => {}); ${HANG}`)})].map((child) => child.pid);
    process.stdout.write(pids.join(' '));
    setInterval(() => undefined, 1000);`;
  const parent: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (parent.stdout === null) throw new Error('its output is a pipe');
  const [text] = (await once(parent.stdout, 'data')) as [Buffer];
  await Promise.all([untilLog('orphan', 'up'), untilLog('deaf', 'up')]);
  const pids = text.toString().split(' ').map(Number);
  expect(pids.map(isAlive)).toEqual([true, true]);
  parent.kill('SIGKILL');
  const deadline = performance.now() + 20_000;
  while (pids.some(isAlive) && performance.now() < deadline) await sleep(50);
  expect(pids.map(isAlive)).toEqual([false, false]);
});

test('a supervised child is started again, each time said, and not after its stop', async () => {
  const said: string[] = [];
  const kept = supervise(() => family.start(program('kept', HANG)), (line) => said.push(line));
  await untilLog('kept', 'up');
  const first = kept.current().pid;
  kept.current().signal('SIGKILL');
  const deadline = performance.now() + 20_000;
  while (kept.current().pid === first && performance.now() < deadline) await sleep(20);
  expect(kept.current().pid).not.toBe(first);
  expect(kept.restarts()).toBe(1);
  await kept.stop();
  expect(kept.current().isRunning()).toBe(false);
  expect(said).toEqual([expect.stringContaining('kept ended by itself (SIGKILL')]);
});
