/** Small secrets and notes of a data folder: made once, kept 0600, written in one step. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault, isSystemError } from './fault.ts';

/** The file's text, or undefined when there is none. */
export async function readKept(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw unwritable(file, error);
  }
}

/** Fault: `data_folder_unwritable`. */
export async function keep(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch (error) {
    throw unwritable(file, error);
  }
}

/** A random word of `bytes` bytes, the same at every later start. */
export async function keptSecret(file: string, bytes = 24): Promise<string> {
  const kept = (await readKept(file))?.trim();
  if (kept !== undefined && kept.length > 0) return kept;
  const secret = randomBytes(bytes).toString('base64url');
  await keep(file, secret);
  return secret;
}

function unwritable(file: string, error: unknown): Fault {
  return new Fault('data_folder_unwritable', `${file} can't be used: ${error instanceof Error ? error.message : String(error)}.`, 'Set SIDELIGHT_DATA to a folder that you can write.');
}
