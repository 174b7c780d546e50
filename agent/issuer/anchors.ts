/**
 * The authorities of a mesh in its state folder: `ca` issues, `ca-next` is trusted already, `ca-previous` is trusted
 * still. Each step is a rename, so that a kill at any moment leaves one of these states.
 */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentFault, messageOf } from '../fault.ts';
import { openAuthority } from './authority.ts';
import type { Authority } from './authority.ts';
import { bundleFingerprint, fingerprintOf } from './fingerprint.ts';
import type { Phase } from './rotation.ts';

/** What proxies are given to trust. */
export const BUNDLE_FILE = 'trust-bundle.pem';
const SINCE_FILE = 'rotation.json';
const FOLDERS = { issuing: 'ca', next: 'ca-next', previous: 'ca-previous', dropped: 'ca-dropped' } as const;

/** The phase that a state folder is in, without opening its keys. */
export function phaseIn(folder: string): Phase {
  if (existsSync(join(folder, FOLDERS.next))) return 'distribute';
  return existsSync(join(folder, FOLDERS.previous)) ? 'renew' : 'steady';
}

interface State {
  readonly phase: Phase;
  readonly sinceMs: number;
  readonly issuing: Authority;
  /** PEM, older first: the same text in both phases of a rotation. */
  readonly bundle: string;
}

export class Anchors {
  readonly #folder: string;
  readonly #trustDomain: string;
  #state: State;
  /** The files beside the authorities are those of the state. */
  #settled = false;

  private constructor(folder: string, trustDomain: string, nowMs: number) {
    this.#folder = folder;
    this.#trustDomain = trustDomain;
    this.#finishStep();
    this.#state = this.#load(nowMs);
    this.settle();
  }

  /** Opens what there is in a state folder, or makes the first authority. Throws `AgentFault` as `openAuthority`. */
  static open(folder: string, trustDomain: string, nowMs: number): Anchors {
    return new Anchors(folder, trustDomain, nowMs);
  }

  get phase(): Phase {
    return this.#state.phase;
  }

  /** When the phase began, ms since 1970. */
  get sinceMs(): number {
    return this.#state.sinceMs;
  }

  /** Who issues leaves. */
  get issuing(): Authority {
    return this.#state.issuing;
  }

  /** Who is trusted, PEM. */
  get bundle(): string {
    return this.#state.bundle;
  }

  get bundleSha256(): string {
    return bundleFingerprint(this.bundle);
  }

  get anchorSha256(): string {
    return fingerprintOf(this.issuing.certificatePem);
  }

  /** Writes the bundle and the phase's time unless they are written. Throws when the folder can't be written. */
  settle(): void {
    if (this.#settled) return;
    const { phase, sinceMs, bundle } = this.#state;
    this.#write(BUNDLE_FILE, bundle);
    this.#write(SINCE_FILE, `${JSON.stringify({ phase, sinceMs })}\n`);
    this.#settled = true;
  }

  /** The next phase: from `steady` a new authority is made. Call `settle` next. Throws with nothing changed. */
  advance(nowMs: number): void {
    // A step of which half was done by a failed try is finished, and counts.
    this.#finishStep();
    if (phaseIn(this.#folder) === this.#state.phase) this.#step(nowMs);
    this.#settled = false;
    this.#state = { ...this.#load(nowMs), sinceMs: nowMs };
  }

  #step(nowMs: number): void {
    const { phase } = this.#state;
    switch (phase) {
      case 'steady':
        openAuthority(this.#path('next'), this.#trustDomain, nowMs);
        return;
      case 'distribute':
        renameSync(this.#path('issuing'), this.#path('previous'));
        return this.#finishStep();
      case 'renew':
        renameSync(this.#path('previous'), this.#path('dropped'));
        return this.#finishStep();
      default:
        phase satisfies never;
    }
  }

  /** The second half of a step, which a kill may have cut off. */
  #finishStep(): void {
    if (!existsSync(this.#path('issuing')) && existsSync(this.#path('previous')) && existsSync(this.#path('next'))) {
      renameSync(this.#path('next'), this.#path('issuing'));
    }
    // Nothing is ever issued by it again.
    if (existsSync(this.#path('previous')) && existsSync(this.#path('issuing'))) rmSync(join(this.#path('previous'), 'key.pem'), { force: true });
    rmSync(this.#path('dropped'), { recursive: true, force: true });
  }

  #load(nowMs: number): State {
    const issuing = openAuthority(this.#path('issuing'), this.#trustDomain, nowMs);
    if (existsSync(this.#path('next'))) {
      const next = openAuthority(this.#path('next'), this.#trustDomain, nowMs);
      return { phase: 'distribute', sinceMs: this.#since('distribute', nowMs), issuing, bundle: issuing.certificatePem + next.certificatePem };
    }
    if (existsSync(this.#path('previous'))) {
      return { phase: 'renew', sinceMs: this.#since('renew', nowMs), issuing, bundle: this.#previousPem() + issuing.certificatePem };
    }
    return { phase: 'steady', sinceMs: this.#since('steady', nowMs), issuing, bundle: issuing.certificatePem };
  }

  #previousPem(): string {
    const file = join(this.#path('previous'), 'certificate.pem');
    try {
      return new X509Certificate(readFileSync(file)).toString();
    } catch (cause) {
      throw new AgentFault('ca_unreadable', `the authority before can't be read from ${file}: ${messageOf(cause)}`, 'restore the file, or remove its folder once no proxy has a leaf of it', { cause });
    }
  }

  /** A phase without a time began now: it then lasts longer, never shorter, than it should. */
  #since(phase: Phase, nowMs: number): number {
    try {
      const kept = JSON.parse(readFileSync(join(this.#folder, SINCE_FILE), 'utf8')) as { phase?: unknown; sinceMs?: unknown };
      return kept.phase === phase && typeof kept.sinceMs === 'number' && kept.sinceMs <= nowMs ? kept.sinceMs : nowMs;
    } catch {
      return nowMs;
    }
  }

  /** Proxies read at any moment, so a file is whole from its first. */
  #write(file: string, text: string): void {
    const path = join(this.#folder, file);
    writeFileSync(`${path}.new`, text, { flush: true });
    renameSync(`${path}.new`, path);
  }

  #path(which: keyof typeof FOLDERS): string {
    return join(this.#folder, FOLDERS[which]);
  }
}
