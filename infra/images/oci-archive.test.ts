import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import tar from 'tar-stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { billOf } from './bill.ts';
import { type ImageSpec, writeOciArchive } from './oci-archive.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidelight-oci-'));
  await writeFile(join(folder, 'program'), '#!/bin/true\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const spec = (): ImageSpec => ({
  reference: 'sidelight.dev/thing:1.2', entrypoint: ['/program'], user: '2102:2102', architecture: 'amd64', env: ['PATH=/bin'],
  layers: [
    [{ path: 'tmp', mode: 0o1777, content: { kind: 'folder' } }, { path: 'bin/alias', mode: 0o777, content: { kind: 'link', target: '../program' } }],
    [{ path: 'program', mode: 0o755, content: { kind: 'file', source: join(folder, 'program') } }, { path: 'etc/passwd', mode: 0o644, content: { kind: 'bytes', bytes: Buffer.from('root\n') } }],
  ],
});

interface Entry {
  readonly name: string;
  readonly type: string | null | undefined;
  readonly mode: number | undefined;
  readonly mtimeMs: number | undefined;
  readonly linkname: string | null | undefined;
  readonly bytes: Buffer;
}

async function entriesOf(bytes: Buffer): Promise<Entry[]> {
  const extract = tar.extract();
  Readable.from([bytes]).pipe(extract);
  const entries: Entry[] = [];
  for await (const entry of extract) {
    const { name, type, mode, mtime, linkname } = entry.header;
    entries.push({ name, type, mode, mtimeMs: mtime?.getTime(), linkname, bytes: await buffer(entry) });
  }
  return entries;
}

async function written(name: string): Promise<{ bytes: Buffer; digest: string; blob: (digest: string) => Buffer; index: { manifests: { digest: string; annotations: Record<string, string> }[] } }> {
  const path = join(folder, name);
  const digest = await writeOciArchive(spec(), path);
  const bytes = await readFile(path);
  const entries = new Map((await entriesOf(bytes)).map((entry) => [entry.name, entry.bytes]));
  const text = (entry: string): Buffer => entries.get(entry) ?? Buffer.from('{}');
  return { bytes, digest, blob: (wanted) => text(`blobs/${wanted.replace(':', '/')}`), index: JSON.parse(text('index.json').toString()) as never };
}

test('the same content gives the same bytes', async () => {
  const [first, second] = [await written('a.tar'), await written('b.tar')];
  expect(createHash('sha256').update(first.bytes).digest('hex')).toBe(createHash('sha256').update(second.bytes).digest('hex'));
});

test('every blob is under the digest of its bytes, and the index leads to manifest, configuration and layers', async () => {
  const { digest, blob, index } = await written('c.tar');
  expect(index.manifests).toMatchObject([{ digest, annotations: { 'io.containerd.image.name': 'sidelight.dev/thing:1.2' } }]);
  const manifest = JSON.parse(blob(digest).toString()) as { config: { digest: string }; layers: { digest: string; size: number }[] };
  const config = JSON.parse(blob(manifest.config.digest).toString()) as { config: object; rootfs: { diff_ids: string[] } };
  expect(config.config).toMatchObject({ User: '2102:2102', Entrypoint: ['/program'], Env: ['PATH=/bin'] });
  for (const [at, layer] of manifest.layers.entries()) {
    const bytes = blob(layer.digest);
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(layer.digest);
    expect(bytes.length).toBe(layer.size);
    expect(`sha256:${createHash('sha256').update(gunzipSync(bytes)).digest('hex')}`).toBe(config.rootfs.diff_ids[at]);
  }
});

test('a layer has its files with mode and owner, links and folders, and no time', async () => {
  const { digest, blob } = await written('d.tar');
  const { layers } = JSON.parse(blob(digest).toString()) as { layers: { digest: string }[] };
  const [lower, upper] = await Promise.all(layers.map(({ digest: one }) => entriesOf(gunzipSync(blob(one)))));
  expect(lower).toMatchObject([{ name: 'bin/alias', type: 'symlink', linkname: '../program' }, { name: 'tmp', type: 'directory', mode: 0o1777 }]);
  expect(upper).toMatchObject([{ name: 'etc/passwd', bytes: Buffer.from('root\n') }, { name: 'program', mode: 0o755, bytes: Buffer.from('#!/bin/true\n') }]);
  expect([...(lower ?? []), ...(upper ?? [])].every(({ mtimeMs }) => mtimeMs === 0)).toBe(true);
});

test('a missing file leaves no archive', async () => {
  const path = join(folder, 'broken.tar');
  await expect(writeOciArchive({ ...spec(), layers: [[{ path: 'x', mode: 0o644, content: { kind: 'file', source: join(folder, 'nothing') } }]] }, path)).rejects.toThrow('ENOENT');
  await expect(readFile(path)).rejects.toThrow('ENOENT');
});

test('the bill names every package once and says what contains it', () => {
  const bill = billOf({ image: 'sidelight/proxy', version: '0.1.0', npm: [{ name: '@kubernetes/client-node', version: '2.0.1' }], system: [{ name: 'libc6:amd64', version: '2.36-9' }] }) as { packages: { SPDXID: string }[]; relationships: object[] };
  expect(bill.packages.map(({ SPDXID }) => SPDXID)).toEqual(['SPDXRef-Image-sidelight-proxy-0.1.0', 'SPDXRef-Npm--kubernetes-client-node-2.0.1', 'SPDXRef-Debian-libc6-amd64-2.36-9']);
  expect(bill.relationships).toMatchObject([{ relationshipType: 'DESCRIBES' }, { relationshipType: 'CONTAINS' }, { relationshipType: 'CONTAINS' }]);
});
