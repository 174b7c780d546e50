/** Turns the anchors when asked to or when it is time, and says whom it waits for. */
import { existsSync, rmSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import type { Metrics } from '../admin/metrics.ts';
import { messageOf } from '../fault.ts';
import type { Log } from '../log.ts';
import type { Anchors } from './anchors.ts';
import { awaited, isDue } from './rotation.ts';
import type { ProxyTrust } from './rotation.ts';

/** In the state folder; its being there asks for a rotation. */
export const REQUEST_FILE = 'rotate-anchor';
/** How often the request's file and the proxies' reports are looked at. */
export const LOOK_MS = 500;
/** Proxies are asked to renew within this, spread out; at most a tenth of a leaf's life. */
const RENEW_WITHIN_MS_MAX = 30_000;
/** Who is waited for is told again this often. */
const TELL_MS = 60_000;
/** Names of awaited proxies in one line of the log. */
const NAMED_MAX = 10;

export interface RotatorParts {
  readonly anchors: Anchors;
  /** Path of REQUEST_FILE. */
  readonly requestFile: string;
  readonly leafTtlMs: number;
  /** Every instance of the mesh that has a sidecar. */
  readonly proxies: () => readonly ProxyTrust[];
  /** The wall clock that certificates are checked by. */
  readonly wallMs: () => number;
  /** Another bundle is in force. */
  readonly onBundle: () => void;
  /** Another anchor issues. */
  readonly onIssuer: () => void;
  /** These proxies should renew their leaves within so many ms. */
  readonly askRenewal: (keys: readonly string[], withinMs: number) => void;
  readonly metrics: Metrics;
  readonly log: Log;
}

export class Rotator {
  readonly #parts: RotatorParts;
  #timer: NodeJS.Timeout | null = null;
  #toldMs = -Infinity;
  #askedMs = -Infinity;

  constructor(parts: RotatorParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_MS);
    this.look();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  /** Proxies that the next phase waits for. */
  awaited(): string[] {
    const { anchors, proxies, wallMs, leafTtlMs } = this.#parts;
    const { phase, sinceMs, bundleSha256, anchorSha256 } = anchors;
    return awaited({ phase, sinceMs, bundleSha256, anchorSha256, nowMs: wallMs(), leafTtlMs, proxies: proxies() });
  }

  /** Does what is to be done now. */
  look(): void {
    const { anchors, log, metrics } = this.#parts;
    try {
      anchors.settle();
      if (anchors.phase === 'steady') this.#lookSteady();
      else this.#lookTurning();
    } catch (thrown) {
      metrics.add('trust_anchor_rotation_errors_total');
      log('error', 'the trust anchor rotation can’t go on and is tried again', { code: 'anchor_rotation_failed', phase: anchors.phase, reason: messageOf(thrown), remedy: 'let the agent write to its state folder' });
    }
  }

  #lookSteady(): void {
    const { anchors, requestFile, wallMs, log } = this.#parts;
    const { validFromDate, validToDate } = new X509Certificate(anchors.issuing.certificatePem);
    const asked = existsSync(requestFile);
    if (!asked && !isDue({ notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() }, wallMs())) return;
    log('info', 'trust anchor rotation begins', { reason: asked ? 'asked for' : 'less than a fifth of the anchor’s life is left', notAfter: validToDate.toISOString() });
    this.#advance();
    rmSync(requestFile, { force: true });
  }

  #lookTurning(): void {
    const { anchors, requestFile, log } = this.#parts;
    if (existsSync(requestFile)) {
      rmSync(requestFile, { force: true });
      log('warn', 'a trust anchor rotation is under way already; the request for another is left out', { code: 'rotation_under_way', phase: anchors.phase });
    }
    const keys = this.awaited();
    if (keys.length === 0) return this.#advance();
    if (anchors.phase === 'renew') this.#askRenewal(keys);
    this.#tell(keys);
  }

  #advance(): void {
    const { anchors, wallMs, log, metrics, onBundle, onIssuer } = this.#parts;
    const before = { bundle: anchors.bundleSha256, anchor: anchors.anchorSha256 };
    anchors.advance(wallMs());
    this.#settleLater();
    this.#toldMs = this.#askedMs = -Infinity;
    metrics.add('trust_anchor_rotation_steps_total');
    const phase = { distribute: 'both anchors are given out', renew: 'the new anchor issues, leaves are renewed', steady: 'the old anchor is dropped, the rotation is over' }[anchors.phase];
    log('info', 'trust anchor rotation', { phase: anchors.phase, meaning: phase, issuer: anchors.anchorSha256 });
    if (anchors.anchorSha256 !== before.anchor) onIssuer();
    if (anchors.bundleSha256 !== before.bundle) onBundle();
  }

  /** Who is told of an anchor reads the file next; when it can't be written, the next look says so and tries again. */
  #settleLater(): void {
    try {
      this.#parts.anchors.settle();
    } catch {
      this.#parts.metrics.add('trust_anchor_rotation_errors_total');
    }
  }

  /** Again after twice the time that they have: a proxy that connected later wasn't asked yet. */
  #askRenewal(keys: readonly string[]): void {
    const { wallMs, leafTtlMs, askRenewal } = this.#parts;
    const withinMs = Math.round(Math.min(RENEW_WITHIN_MS_MAX, leafTtlMs / 10));
    if (wallMs() - this.#askedMs < 2 * withinMs) return;
    this.#askedMs = wallMs();
    askRenewal(keys, withinMs);
  }

  #tell(keys: readonly string[]): void {
    const { anchors, wallMs, log } = this.#parts;
    if (wallMs() - this.#toldMs < TELL_MS) return;
    this.#toldMs = wallMs();
    log('info', 'trust anchor rotation waits for proxies', { phase: anchors.phase, count: keys.length, proxies: keys.slice(0, NAMED_MAX) });
  }
}
