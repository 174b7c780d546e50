/** Join tokens: one a workload in a file of its own, with which a proxy asks for its first certificate. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MeshWorkload } from '../../inventory/inventory.ts';

export class JoinTokens {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Makes the tokens that are missing. */
  ensure(workloads: readonly MeshWorkload[]): void {
    for (const workload of workloads) {
      const file = this.fileOf(workload);
      if (!existsSync(file)) writeFileSync(file, `slj_${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
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
