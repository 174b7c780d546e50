/** The published HPACK stories: blocks of other encoders with what they mean, each read several ways. */
import { readFileSync } from 'node:fs';
import { Decoder } from '../../protocol/hpack/decoder.ts';
import { Encoder } from '../../protocol/hpack/encoder.ts';
import { FieldList } from '../../protocol/hpack/fields.ts';
import { CompressionError } from '../../protocol/hpack/integer.ts';
import { fromHex } from '../../protocol/hpack/vectors.ts';
import { type Pairs, pairsOf } from '../../protocol/http2/testing.ts';
import { filesOfTar } from './tar.ts';

/** One file: blocks that one encoder made one after the other. */
export interface Story {
  readonly name: string;
  readonly cases: readonly StoryCase[];
}

interface StoryCase {
  readonly wire: Uint8Array;
  readonly headers: Pairs;
  /** SETTINGS_HEADER_TABLE_SIZE before this block, or null. */
  readonly tableSize: number | null;
}

interface RawCase {
  readonly wire?: string;
  readonly headers?: readonly Readonly<Record<string, string>>[];
  readonly header_table_size?: number | null;
}

const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** The stories in a tar archive. */
export function readStories(path: string): Story[] {
  return filesOfTar(readFileSync(path)).filter(({ name }) => name.endsWith('.json')).map(({ name, text }) => {
    const { cases } = JSON.parse(text) as { cases: readonly RawCase[] };
    return {
      name: name.replace(/^\.\//, ''),
      cases: cases.filter(({ wire }) => wire !== undefined).map((one) => ({
        wire: fromHex(one.wire ?? ''),
        headers: (one.headers ?? []).flatMap((field) => Object.entries(field)),
        tableSize: one.header_table_size ?? null,
      })),
    };
  });
}

/** Faults of one story, in words; empty when every block decodes exactly in every way. */
export function tryStory(story: Story): string[] {
  return [...decodes(story), ...survivesOurEncoder(story), ...survivesCuts(story)].map((fault) => `${story.name}: ${fault}`);
}

function decodes({ cases }: Story): string[] {
  const decoder = new Decoder();
  const list = new FieldList();
  return cases.flatMap(({ wire, headers, tableSize }, at) => {
    if (tableSize !== null) decoder.limit(tableSize);
    decoder.decode(wire, 0, wire.length, list, NO_LIMIT);
    return same(pairsOf(list), headers) ? [] : [`block ${at} decodes to ${JSON.stringify(pairsOf(list))}`];
  });
}

/** What was decoded, encoded by us and decoded again; pseudo fields go first, as HTTP/2 has them. */
function survivesOurEncoder({ cases }: Story): string[] {
  const [decoder, encoder, again] = [new Decoder(), new Encoder(), new Decoder()];
  const list = new FieldList();
  return cases.flatMap(({ wire, headers, tableSize }, at) => {
    if (tableSize !== null) {
      for (const one of [decoder, encoder, again]) one.limit(tableSize);
    }
    decoder.decode(wire, 0, wire.length, list, NO_LIMIT);
    const block = new Uint8Array(Encoder.bound(list));
    again.decode(block, 0, encoder.encode(list, block, 0), list, NO_LIMIT);
    return same(pairsOf(list), pseudoFirst(headers)) ? [] : [`block ${at} doesn't survive our encoder`];
  });
}

/** A cut block is a shorter list or a compression error, and never anything else. */
function survivesCuts({ cases }: Story): string[] {
  const faults: string[] = [];
  const list = new FieldList();
  const { wire } = cases[0] ?? { wire: new Uint8Array(0) };
  for (let cut = 0; cut < wire.length; cut++) {
    try {
      new Decoder().decode(wire, 0, cut, list, NO_LIMIT);
    } catch (error) {
      if (!(error instanceof CompressionError)) faults.push(`block 0 cut at ${cut}: ${String(error)}`);
    }
  }
  return faults;
}

function pseudoFirst(headers: Pairs): Pairs {
  return [...headers.filter(([name]) => name.startsWith(':')), ...headers.filter(([name]) => !name.startsWith(':'))];
}

function same(one: Pairs, other: Pairs): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
