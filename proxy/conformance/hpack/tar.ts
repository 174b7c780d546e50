/** Reads the regular files of a tar archive (POSIX ustar), gzipped or not. */
import { gunzipSync } from 'node:zlib';

export interface ArchivedFile {
  readonly name: string;
  readonly text: string;
}

const BLOCK_BYTES = 512;
const GZIP_MAGIC = 0x1f8b;

/** Throws when the archive is cut. */
export function filesOfTar(archive: Buffer): ArchivedFile[] {
  const tar = archive.length > 2 && archive.readUInt16BE(0) === GZIP_MAGIC ? gunzipSync(archive) : archive;
  const files: ArchivedFile[] = [];
  for (let at = 0; at + BLOCK_BYTES <= tar.length; ) {
    const header = tar.subarray(at, at + BLOCK_BYTES);
    if (header.every((byte) => byte === 0)) break;
    const size = Number.parseInt(textOf(header, 124, 136), 8);
    const start = at + BLOCK_BYTES;
    if (!Number.isSafeInteger(size) || start + size > tar.length) throw new Error('the archive is cut or no tar archive');
    const kind = header[156];
    if (kind === 0 || kind === 0x30) files.push({ name: textOf(header, 0, 100), text: tar.toString('utf8', start, start + size) });
    at = start + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return files;
}

function textOf(header: Buffer, start: number, end: number): string {
  const field = header.toString('latin1', start, end);
  const zero = field.indexOf('\0');
  return (zero < 0 ? field : field.slice(0, zero)).trim();
}
