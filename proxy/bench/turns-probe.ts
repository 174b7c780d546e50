/**
 * Preloaded into a proxy by the bench `turns`: measures each turn of its event loop by the CPU time of the thread, so that
 * other processes on the machine don't count, and tells what it saw on a port of its own.
 */

/** Turns with less in them are the loop going round for nothing. */
const WORK_US_MIN = 20;
/** Turns remembered between two questions; far more than a scenario has. */
const TURNS_MAX = 2_000_000;

const turns = new Float64Array(TURNS_MAX);
let count = 0;

const cpuUs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return user + system;
};

let lastUs = cpuUs();

function turn(): void {
  const nowUs = cpuUs();
  const tookUs = nowUs - lastUs;
  if (tookUs >= WORK_US_MIN && count < TURNS_MAX) turns[count++] = tookUs;
  lastUs = cpuUs();
  setImmediate(turn);
}

Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.env['SIDELIGHT_BENCH_TURNS_PORT'] ?? 0),
  fetch: () => {
    const taken = [...turns.subarray(0, count)];
    count = 0;
    return Response.json(taken);
  },
});
setImmediate(turn);
