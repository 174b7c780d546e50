/** Writes container images as OCI archives (image-spec 1.1, one tar file), the same bytes for the same content. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import tar from 'tar-stream';

export interface ImageFile {
  /** Where it stands in the image, without a leading slash. */
  readonly path: string;
  readonly mode: number;
  readonly content: { readonly kind: 'file'; readonly source: string } | { readonly kind: 'bytes'; readonly bytes: Uint8Array } | { readonly kind: 'folder' } | { readonly kind: 'link'; readonly target: string };
}

export interface ImageSpec {
  /** Reference that it is imported under, such as `sidelight.test/pause:1`. */
  readonly reference: string;
  /** One layer each, lowest first; what changes least belongs first. */
  readonly layers: readonly (readonly ImageFile[])[];
  readonly entrypoint: readonly string[];
  readonly command?: readonly string[];
  readonly env?: readonly string[];
  /** `uid:gid` that it runs as. */
  readonly user: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly architecture: 'amd64' | 'arm64';
}

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** The beginning of time, so that the same content gives the same bytes. */
const EPOCH = '1970-01-01T00:00:00Z';
const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** Writes the archive to `path`, whole or not at all. Returns the image's digest. */
export async function writeOciArchive(spec: ImageSpec, path: string): Promise<string> {
  const layers = await Promise.all(spec.layers.map(layerOf));
  const config = json('application/vnd.oci.image.config.v1+json', configOf(spec, layers.map(({ diffId }) => diffId)));
  const manifest = json('application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config: descriptor(config), layers: layers.map(({ blob }) => descriptor(blob)),
  });
  const index = {
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...descriptor(manifest), platform: { os: 'linux', architecture: spec.architecture }, annotations: { 'io.containerd.image.name': spec.reference, 'org.opencontainers.image.ref.name': spec.reference.split(':').at(-1) ?? '' } }],
  };
  await writeTar(path, [
    { name: 'oci-layout', bytes: Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' })) },
    { name: 'index.json', bytes: Buffer.from(JSON.stringify(index)) },
    ...distinct([config, manifest, ...layers.map(({ blob }) => blob)]).map(({ digest, bytes }) => ({ name: `blobs/${digest.replace(':', '/')}`, bytes })),
  ]);
  return manifest.digest;
}

function configOf(spec: ImageSpec, diffIds: readonly string[]): object {
  const { entrypoint, command, env, user, labels, architecture } = spec;
  return {
    created: EPOCH, architecture, os: 'linux',
    config: { User: user, Entrypoint: entrypoint, WorkingDir: '/', ...(command && { Cmd: command }), ...(env && { Env: env }), ...(labels && { Labels: labels }) },
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: diffIds.map(() => ({ created: EPOCH, created_by: 'sidelight' })),
  };
}

async function layerOf(files: readonly ImageFile[]): Promise<{ blob: Blob; diffId: string }> {
  const pack = tar.pack();
  const packed = buffer(pack);
  for (const file of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) await addEntry(pack, file);
  pack.finalize();
  const plain = await packed;
  const bytes = await promisify(gzip)(plain, { level: 6 });
  return { blob: { mediaType: LAYER_TYPE, digest: digestOf(bytes), bytes }, diffId: digestOf(plain) };
}

async function addEntry(pack: tar.Pack, { path, mode, content }: ImageFile): Promise<void> {
  const header = { name: path, mode, uid: 0, gid: 0, mtime: new Date(0), uname: '', gname: '' };
  switch (content.kind) {
    case 'folder':
      return void pack.entry({ ...header, type: 'directory' });
    case 'link':
      return void pack.entry({ ...header, type: 'symlink', linkname: content.target });
    case 'bytes':
      return void pack.entry(header, Buffer.from(content.bytes));
    case 'file': {
      const { size } = await stat(content.source);
      return pipeline(createReadStream(content.source), pack.entry({ ...header, size }));
    }
    default:
      return content satisfies never;
  }
}

async function writeTar(path: string, entries: readonly { name: string; bytes: Buffer }[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const made = `${path}.${process.pid}`;
  const pack = tar.pack();
  const written = pipeline(pack, createWriteStream(made));
  try {
    for (const { name, bytes } of entries) pack.entry({ name, mtime: new Date(0) }, bytes);
    pack.finalize();
    await written;
    await rename(made, path);
  } catch (error) {
    await rm(made, { force: true });
    throw error;
  }
}

function json(mediaType: string, value: object): Blob {
  const bytes = Buffer.from(JSON.stringify(value));
  return { mediaType, digest: digestOf(bytes), bytes };
}

const descriptor = ({ mediaType, digest, bytes }: Blob): object => ({ mediaType, digest, size: bytes.length });
const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const distinct = (blobs: readonly Blob[]): Blob[] => [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
