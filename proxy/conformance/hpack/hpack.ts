/** `npm run conformance -- hpack`: the standard's examples, the published stories, random lists against nghttp2, header bombs. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Decoder } from '../../protocol/hpack/decoder.ts';
import { FieldList } from '../../protocol/hpack/fields.ts';
import { VECTOR_RUNS, fromHex } from '../../protocol/hpack/vectors.ts';
import { pairsOf } from '../../protocol/http2/testing.ts';
import { wholeOption } from '../../test/arguments.ts';
import { type BombResult, tryBombs } from './bomb.ts';
import { judgeOurDecoder, judgeOurEncoder } from './judge.ts';
import { readStories, tryStory } from './stories.ts';

const COUNT_DEFAULT = 1_000;
/** On the terminal; --json has all. */
const FAULTS_SHOWN = 5;
const FAULT_LETTERS = 1_000;
const LIST_BYTES_MAX = 64 * 1024;
/** Sizes of the table entry that a bomb refers to. */
const ENTRIES: readonly number[] = [4_000, 1_000, 250];
/** Memory held, by input. */
const BOMB_RATIO_MAX = 100;

const USAGE = `npm run conformance -- hpack [--stories FILE.tar.gz] [--seed N] [--count LISTS] [--json FILE]
  --count 10000 is the full run. The stories are those of http2jp/hpack-test-case; without a file they are left out, and said so.`;

interface Part {
  readonly name: string;
  readonly tried: number;
  readonly faults: readonly string[];
  readonly note: string;
}

/** Runs; resolves with the exit code. */
export async function runHpack(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { stories: { type: 'string' }, seed: { type: 'string' }, count: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const seed = wholeOption('seed', values.seed, Math.floor(Math.random() * 2 ** 31), 0);
  const count = wholeOption('count', values.count, COUNT_DEFAULT);
  const parts = [standard(), ...(values.stories === undefined ? [] : [stories(values.stories)]), await encoder(seed, count), await decoder(seed, count), await bombs()];
  for (const { name, tried, faults, note } of parts) {
    process.stdout.write(`${name.padEnd(44)} ${String(tried).padStart(7)} tried ${String(faults.length).padStart(4)} faults   ${note}\n`);
    for (const fault of faults.slice(0, FAULTS_SHOWN)) process.stdout.write(`  ${fault.slice(0, FAULT_LETTERS)}\n`);
  }
  if (values.stories === undefined) process.stdout.write('the published stories were left out: --stories FILE.tar.gz names them\n');
  process.stdout.write(`seed ${seed}\n`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ seed, parts }, null, 2)}\n`);
  return parts.some(({ faults }) => faults.length > 0) ? 1 : 0;
}

function standard(): Part {
  const faults: string[] = [];
  let tried = 0;
  for (const { tableMax, vectors } of VECTOR_RUNS) {
    const decoder = new Decoder(tableMax);
    const list = new FieldList();
    for (const { section, hex, fields } of vectors) {
      const bytes = fromHex(hex);
      decoder.decode(bytes, 0, bytes.length, list, LIST_BYTES_MAX);
      tried++;
      if (JSON.stringify(pairsOf(list)) !== JSON.stringify(fields)) faults.push(`${section} decodes to ${JSON.stringify(pairsOf(list))}`);
    }
  }
  return { name: 'RFC 7541 appendix C', tried, faults, note: '' };
}

function stories(path: string): Part {
  const all = readStories(path);
  const blocks = all.reduce((sum, { cases }) => sum + cases.length, 0);
  const encoders = new Set(all.map(({ name }) => name.split('/')[0]));
  return { name: 'published stories', tried: blocks, faults: all.flatMap(tryStory), note: `${all.length} stories of ${encoders.size} encoders: decoded, encoded again, cut` };
}

async function encoder(seed: number, count: number): Promise<Part> {
  const { lists, faults } = await judgeOurEncoder(seed, count);
  return { name: 'random lists, ours to nghttp2', tried: lists, faults, note: 'with its table resized under way' };
}

async function decoder(seed: number, count: number): Promise<Part> {
  const { lists, faults } = await judgeOurDecoder(seed, count);
  return { name: 'random lists, nghttp2 to ours', tried: lists, faults, note: '' };
}

async function bombs(): Promise<Part> {
  const results: BombResult[] = [];
  for (const entryBytes of ENTRIES) results.push(await tryBombs(entryBytes));
  const faults = results.filter(({ ratio }) => ratio >= BOMB_RATIO_MAX).map(({ entryBytes, ratio }) => `entries of ${entryBytes} bytes hold ${ratio.toFixed(1)} × the input`);
  const note = results.map(({ entryBytes, ratio }) => `${entryBytes} B entry: ${ratio.toFixed(1)} × its input`).join(', ');
  return { name: 'header bombs', tried: results.length, faults, note };
}
