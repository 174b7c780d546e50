import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';

let program: ChildProcess | undefined;
afterEach(() => { program?.kill('SIGKILL'); });

/** A program whose orderly stop never ends. */
async function startHanging(): Promise<{ signal(name: NodeJS.Signals): void; ended: Promise<unknown[]>; output(): string }> {
  const code = `import { listenForStop } from ${JSON.stringify(new URL('./stopping.ts', import.meta.url).href)};
    const stop = listenForStop(() => process.stdout.write('forced '));
    setInterval(() => undefined, 1000);
    process.stdout.write('up ');
    await stop.asked;
    process.stdout.write('asked ');`;
  const started = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  program = started;
  let output = '';
  started.stdout.on('data', (bytes: Buffer) => { output += bytes.toString(); });
  await once(started.stdout, 'data');
  return { signal: (name) => { started.kill(name); }, ended: once(started, 'exit'), output: () => output };
}

test('the first signal asks, one that npm repeats at once changes nothing, a later one forces the end', async () => {
  const hanging = await startHanging();
  hanging.signal('SIGINT');
  await sleep(100);
  hanging.signal('SIGINT');
  await sleep(1_400);
  expect(hanging.output()).toBe('up asked ');
  hanging.signal('SIGTERM');
  expect(await hanging.ended).toEqual([130, null]);
  expect(hanging.output()).toBe('up asked forced ');
});
