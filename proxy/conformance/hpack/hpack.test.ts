import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { judgeOurDecoder, judgeOurEncoder } from './judge.ts';
import { tryStory } from './stories.ts';
import { filesOfTar } from './tar.ts';
import { VECTOR_RUNS, fromHex } from '../../protocol/hpack/vectors.ts';

test('nghttp2 decodes what our encoder writes, list by list', async () => {
  expect(await judgeOurEncoder(3, 300)).toEqual({ lists: 300, faults: [] });
});

test('our decoder reads what nghttp2 writes, list by list', async () => {
  expect(await judgeOurDecoder(4, 300)).toEqual({ lists: 300, faults: [] });
});

test('a story that decodes to something else is a fault', () => {
  const { vectors } = VECTOR_RUNS[4] ?? { vectors: [] };
  const cases = vectors.map(({ hex, fields }) => ({ wire: fromHex(hex), headers: fields, tableSize: null }));
  expect(tryStory({ name: 'requests', cases })).toEqual([]);
  const [first, ...rest] = cases;
  expect(tryStory({ name: 'requests', cases: [{ wire: first?.wire ?? new Uint8Array(0), headers: [[':method', 'PUT']], tableSize: null }, ...rest] }).length).toBeGreaterThan(0);
});

test('files come out of a tar archive, packed or not, and a cut one is refused', () => {
  const text = 'some text';
  const header = Buffer.alloc(512);
  header.write('folder/a.json');
  header.write('0000011', 124);
  header.write('0', 156);
  const tar = Buffer.concat([header, Buffer.from(text.padEnd(512, '\0')), Buffer.alloc(1024)]);
  for (const archive of [tar, gzipSync(tar)]) expect(filesOfTar(archive)).toEqual([{ name: 'folder/a.json', text }]);
  expect(() => filesOfTar(tar.subarray(0, 515))).toThrow('cut');
});
