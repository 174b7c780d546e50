/** The leaf in force, as the data path sees it. */
import type { Identity } from '../wire/labels.ts';

export interface Leaf {
  readonly identity: Identity;
  /** PEM, leaf first. */
  readonly certificateChain: string;
  /** PEM, PKCS#8. */
  readonly privateKey: string;
  /** Trust anchors, PEM. */
  readonly trustBundle: string;
  readonly notAfterMs: number;
  /** Grows with each renewal or bundle change: listeners swap and links retire on a change. */
  readonly generation: number;
}

export interface Credentials {
  /** Null until the first certificate, and after it expired. */
  current(): Leaf | null;
  /** Called on every change; returns the way to stop. */
  subscribe(onChange: () => void): () => void;
}
