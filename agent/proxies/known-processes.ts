/** The list of linked proxies on disk, so that an agent that is killed knows at its next start whom to wait for. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { KnownProcess } from './absences.ts';

const List = z.array(z.object({ instance: z.string().regex(/^[0-9a-f]{16}$/), workload: z.string().max(512), name: z.string().max(253) }));

/**
 * The list that was kept, without the instances of which the newest frame on disk tells already; none when there is none or
 * when it is damaged, since a wrong one would tell of losses that never were.
 */
export function readKnownProcesses(file: string, told: readonly string[]): readonly KnownProcess[] {
  try {
    return List.parse(JSON.parse(readFileSync(file, 'utf8'))).filter(({ instance }) => !told.includes(instance));
  } catch {
    return [];
  }
}

/** Whole or not at all. Throws the system's error. */
export function writeKnownProcesses(file: string, known: readonly KnownProcess[]): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(known)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
