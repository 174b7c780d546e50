/** Starts the embedded Postgres again, on its port, when it ends by itself: whoever uses it finds it where it was. */
import { setTimeout as sleep } from 'node:timers/promises';
import { faultText } from '../fault.ts';
import { type PostgresOptions, type RunningPostgres, startPostgres } from './launch.ts';
import { isAlive } from './postmaster.ts';

export interface KeptPostgres extends Pick<RunningPostgres, 'ownerUrl' | 'serverUrl' | 'superuserUrl' | 'port'> {
  /** How often it was started again. */
  restarts(): number;
  /** Ends the server and the watch. Safe to call twice. */
  stop(): Promise<void>;
}

const LOOK_MS = 500;
/** After failed starts in a row the wait grows by this, to this. A full disk may be freed at any time. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;

/** Rejects as `startPostgres` does when the first start fails. */
export async function keepPostgres(options: PostgresOptions): Promise<KeptPostgres> {
  const say = options.log ?? (() => undefined);
  let running = await startPostgres(options);
  const { port } = running;
  const over = new AbortController();
  let restarts = 0;

  async function startAgain(): Promise<void> {
    say('Postgres ended by itself; it is started again');
    for (let failures = 0; !over.signal.aborted; failures += 1) {
      try {
        running = await startPostgres({ ...options, port });
        restarts += 1;
        return;
      } catch (error) {
        if (failures === 0) say(faultText(error));
        await sleep(Math.min(RETRY_MS_MAX, RETRY_MS * (failures + 1)), undefined, { signal: over.signal }).catch(() => undefined);
      }
    }
  }

  async function watch(): Promise<void> {
    while (!over.signal.aborted) {
      if (!isAlive(running.pid)) await startAgain();
      await sleep(LOOK_MS, undefined, { signal: over.signal }).catch(() => undefined);
    }
  }

  const watching = watch();
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    over.abort();
    await watching;
    await running.stop();
  };
  return { ownerUrl: running.ownerUrl, serverUrl: running.serverUrl, superuserUrl: running.superuserUrl, port, restarts: () => restarts, stop: () => (stopping ??= stop()) };
}
