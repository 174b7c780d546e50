/** The app of long answers as a process of its own, and a reader of one answer. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AppProcess } from './contenders.ts';

const BUN = fileURLToPath(new URL('../../node_modules/.bin/bun', import.meta.url));
const APP = fileURLToPath(new URL('body-app.ts', import.meta.url));

export interface BodyApp extends AppProcess {
  /** The same app once more, for a second service. */
  readonly secondPort: number;
  stop(): Promise<void>;
}

export async function startBodyApp(): Promise<BodyApp> {
  const child = spawn(BUN, [APP], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((done) => void child.once('close', () => done()));
  const line = await new Promise<string>((done) => createInterface({ input: child.stdout }).once('line', done));
  const [port = 0, secondPort = 0] = line.split(' ').map(Number);
  const stop = (): Promise<void> => {
    child.kill('SIGKILL');
    return ended;
  };
  return { port, secondPort, pid: child.pid ?? -1, stop };
}
