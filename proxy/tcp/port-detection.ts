/** What is known of a port whose connections are read to tell what is spoken: whether its server speaks first. Pure. */
import type { Detected } from '../sockets/detect.ts';
import { SPEAKS_FIRST_MS_MAX } from '../sockets/limits.ts';

export class PortDetection {
  /** Learned: its connections are copied unread, since their callers wait for the server's greeting. */
  opaque = false;
  /** Something was told apart here once: its callers speak first. */
  private readable = false;

  saw(detected: Detected): void {
    if (detected.kind !== 'opaque') this.readable = true;
  }

  /**
   * The first bytes of a connection that stayed silent came so long after it was opened to the server. Returns whether
   * the port has been learned just now. A caller that is slow, or never says anything, teaches nothing.
   */
  spoke(by: 'caller' | 'callee', afterMs: number): boolean {
    if (this.opaque || this.readable || by === 'caller' || afterMs > SPEAKS_FIRST_MS_MAX) return false;
    this.opaque = true;
    return true;
  }
}
