/** The proxy's credentials out of PEM files: read at the start, on SIGHUP, and again when one of them changes. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Log } from '../log.ts';
import type { LeafHolder } from '../identity/leaf-holder.ts';
import { verifyLeaf, type LeafMaterial } from '../identity/verify.ts';
import type { WorkloadKey } from '../wire/labels.ts';
import type { CertificateFiles } from './config.ts';
import type { StaticFault } from './fault.ts';

/** How often the files are looked at: three `stat` calls a second cost nothing, and links that are swapped are seen as well. */
export const POLL_MS = 1_000;

const POINTERS = { chain: '/certificate/chainFile', key: '/certificate/keyFile', trustAnchors: '/certificate/trustAnchorsFile' } as const satisfies Record<keyof CertificateFiles, string>;

export interface CertificateFilesParts {
  readonly files: CertificateFiles;
  /** Folder that relative paths start from. */
  readonly folder: string;
  readonly workload: WorkloadKey;
  readonly trustDomain: string;
  readonly holder: LeafHolder;
  /** The wall clock, ms since 1970. */
  readonly nowMs: () => number;
  readonly log: Log;
}

/** Gives the holder a leaf whenever the files hold another valid one; while they don't, the old one stays in force. */
export class WatchedCertificate {
  readonly #parts: CertificateFilesParts;
  #seen = '';
  #loaded = '';
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Reads that gave a new leaf, and reads that gave a fault. */
  loads = 0;
  failures = 0;

  constructor(parts: CertificateFilesParts) {
    this.#parts = parts;
  }

  /** Reads the files now. Returns what is wrong; nothing when the leaf in them is in force. */
  load(): readonly StaticFault[] {
    this.#seen = this.#signature();
    const read = readMaterial(this.#parts);
    const faults = read.kind === 'faults' ? read.faults : this.#take(read.material);
    if (faults.length > 0) this.failures += 1;
    return faults;
  }

  /** Looks at the files every POLL_MS. */
  watch(): void {
    this.#timer = setInterval(() => {
      if (this.#signature() !== this.#seen) this.reload('changed');
    }, POLL_MS);
    this.#timer.unref();
  }

  /** Reads again and logs what came of it. */
  reload(reason: string): void {
    const before = this.loads;
    const faults = this.load();
    for (const { code, message, remedy } of faults) this.#parts.log('warn', 'the certificate files are of no use; the old certificate stays', { code, message, remedy, reason });
    if (this.loads > before) this.#parts.log('info', 'certificate reloaded', { reason, notAfter: new Date(this.#parts.holder.current()?.notAfterMs ?? 0).toISOString() });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #take(material: LeafMaterial): readonly StaticFault[] {
    const { workload, trustDomain, holder, nowMs } = this.#parts;
    const namespace = workload.slice(0, workload.indexOf('/'));
    const leaf = verifyLeaf(material, { namespace, trustDomain }, nowMs());
    if (leaf.kind === 'invalid') {
      const remedy = 'Put a leaf, its key and its authority there that belong together.';
      return [{ code: 'static_certificate_invalid', pointer: '/certificate', message: `The certificate can't be used: ${leaf.reason}.`, remedy }];
    }
    const text = JSON.stringify(material);
    if (text === this.#loaded) return [];
    this.#loaded = text;
    this.loads += 1;
    holder.put(material, leaf.identity, leaf.notAfterMs);
    return [];
  }

  /** Changes whenever one of the files may have. */
  #signature(): string {
    const { files, folder } = this.#parts;
    return Object.values(files)
      .map((file: string) => {
        const found = statSync(resolve(folder, file), { throwIfNoEntry: false });
        return found === undefined ? 'none' : `${found.ino} ${found.size} ${found.mtimeMs}`;
      })
      .join(', ');
  }
}

type Read = { readonly kind: 'material'; readonly material: LeafMaterial } | { readonly kind: 'faults'; readonly faults: readonly StaticFault[] };

function readMaterial({ files, folder }: CertificateFilesParts): Read {
  const faults: StaticFault[] = [];
  const read = (which: keyof CertificateFiles): string => {
    try {
      return readFileSync(resolve(folder, files[which]), 'utf8');
    } catch (error) {
      const message = `${files[which]} can't be read: ${error instanceof Error ? error.message : String(error)}.`;
      faults.push({ code: 'static_certificate_unreadable', pointer: POINTERS[which], message, remedy: 'Put the file there, readable by this user.' });
      return '';
    }
  };
  const material = { certificateChain: read('chain'), privateKey: read('key'), trustBundle: read('trustAnchors') };
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'material', material };
}
