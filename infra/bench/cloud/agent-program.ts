/**
 * An agent of the ingest bench, in a process of its own so that its work is not the cloud's: makes its frames, prints
 * `ready`, and at the first line of its input sends them, some ahead of the acknowledgements; prints `done` at the end.
 * Arguments: cloud URL, seed, first window's begin, number of windows, first sequence. The token is in BENCH_TOKEN.
 */
import { once } from 'node:events';
import { encodeMessage } from '../../../agent/wire/envelope.ts';
import { connectAgent, testFrame, testHello } from '../../../cloud/testing.ts';
import { benchRandom } from './mesh.ts';
import { benchWindow } from './window.ts';

/** Frames sent ahead of their acknowledgement. */
const AHEAD = 4;
/** Frames kept ready; more are made while others are under way. */
const READY_MAX = 400;
const WINDOW_MS = 10_000;

const [url = '', seed = '1', from = '0', count = '1', sequence = '1'] = process.argv.slice(2);
const random = benchRandom(Number(seed), 'agent');
const first = Number(sequence);
const frames: Uint8Array[] = [];
const make = (at: number): Uint8Array => encodeMessage(testFrame(first + at, [benchWindow(Number(from) + at * WINDOW_MS, WINDOW_MS, random)]));
for (let at = 0; at < Math.min(Number(count), READY_MAX); at++) frames.push(make(at));

const agent = await connectAgent(url, process.env['BENCH_TOKEN'] ?? '');
const welcome = await agent.ask(testHello());
if (welcome.kind !== 'welcome') throw new Error(`the cloud answered ${welcome.kind}`);
process.stdout.write('ready\n');
await once(process.stdin, 'data');

let acknowledged = 0;
for (let at = 0; at < Number(count); at++) {
  agent.sendBytes(frames[at] ?? make(at));
  frames[at] = new Uint8Array();
  if (at - acknowledged < AHEAD) continue;
  await acknowledge();
}
while (acknowledged < Number(count)) await acknowledge();
agent.cut();
process.stdout.write('done\n');
process.exit(0);

async function acknowledge(): Promise<void> {
  const answer = await agent.next();
  if (answer.kind !== 'acknowledge') throw new Error(`the cloud answered ${answer.kind}`);
  acknowledged += 1;
}
