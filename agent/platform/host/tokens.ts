/** Join tokens: one a workload in a file of its own, with which a proxy asks for its first certificate. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MeshWorkload } from '../../inventory/inventory.ts';

export class JoinTokens {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Makes the tokens that are missing or empty, each whole or not at all. Throws the system's error. */
  ensure(workloads: readonly MeshWorkload[]): void {
    for (const workload of workloads) {
      if (this.#read(workload) !== '') continue;
      const fresh = join(this.#folder, '.new');
      writeFileSync(fresh, `slj_${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flush: true });
      renameSync(fresh, this.fileOf(workload));
    }
  }

  /** `<namespace>.<name>`; neither part can have a dot. */
  fileOf({ namespace, name }: Pick<MeshWorkload, 'namespace' | 'name'>): string {
    return join(this.#folder, `${namespace}.${name}`);
  }

  /** Whether this is the workload's token as its file has it now. Takes the same time for every wrong one. */
  matches(workload: Pick<MeshWorkload, 'namespace' | 'name'>, token: string): boolean {
    const expected = this.#read(workload);
    return expected !== '' && timingSafeEqual(digest(expected), digest(token.trim()));
  }

  #read(workload: Pick<MeshWorkload, 'namespace' | 'name'>): string {
    try {
      return readFileSync(this.fileOf(workload), 'utf8').trim();
    } catch {
      return '';
    }
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
