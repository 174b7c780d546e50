/** Benches of the proxy: `proxy` (the mTLS pair beside HAProxy) and `cores` (the hot cores against their budgets). */
import { exitCodeOf } from '../test/arguments.ts';
import { runBodyBench } from './body.ts';
import { runConnectionsBench } from './connections.ts';
import { runCoresBench } from './cores.ts';
import { runFairnessBench } from './fairness.ts';
import { runHttp2Bench } from './http2.ts';
import { runMemoryBench } from './memory.ts';
import { runProxyBench } from './proxy.ts';
import { runStartBench } from './start.ts';
import { runTurnsBench } from './turns.ts';

const BENCHES: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  proxy: runProxyBench, cores: runCoresBench, memory: runMemoryBench, start: runStartBench, body: runBodyBench, fairness: runFairnessBench, connections: runConnectionsBench, http2: runHttp2Bench, turns: runTurnsBench,
};

const [name = '', ...args] = process.argv.slice(2);
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench === undefined) process.stderr.write(`error [bench_unknown] there is no bench ${JSON.stringify(name)}. Benches: ${Object.keys(BENCHES).join(', ')}.\n`);
process.exitCode = bench === undefined ? 64 : await exitCodeOf(() => bench(args));
