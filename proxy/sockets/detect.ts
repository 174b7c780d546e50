/** Waits for the first bytes of a connection until they say what is spoken on it, or until waiting is over. */
import { concat } from '../protocol/bytes.ts';
import { sniff } from '../protocol/sniff.ts';
import { DETECT_MS_MAX } from './limits.ts';
import type { Sockets } from './sockets.ts';
import type { DetectResult } from '../telemetry/detections.ts';
import type { ByteStream, StreamEvents } from './stream.ts';
import { Timer, type TimerOwner } from './timer-wheel.ts';

export type Detected =
  | { readonly kind: 'http1' }
  | { readonly kind: 'http2' }
  /** Passed through; `serverName` is what its ClientHello asked for. */
  | { readonly kind: 'tls'; readonly serverName: string | null }
  /** `silent`: nothing that could be told apart came in time, as with a server that speaks first. */
  | { readonly kind: 'opaque'; readonly silent: boolean };

export interface Detecting {
  /** Called once, unless the connection breaks before. `bytes` came already and belong to whoever serves it now. */
  readonly detected: (detected: Detected, bytes: Uint8Array) => void;
  /** How it ended, and how long it took, for `/metrics`. */
  readonly counted?: (result: DetectResult, tookUs: number) => void;
  /** It broke before anything was certain. */
  readonly gone: () => void;
}

const NOTHING = new Uint8Array(0);

/** Takes the stream's events until `detecting` is told; whoever serves it then takes them. Returns what ends the waiting. */
export function detect(sockets: Sockets, stream: ByteStream, detecting: Detecting): { stop(): void } {
  return new Detection(sockets, stream, detecting);
}

class Detection implements StreamEvents, TimerOwner {
  private readonly sockets: Sockets;
  private readonly stream: ByteStream;
  private readonly detecting: Detecting;
  private readonly timer = new Timer(this);
  private bytes: Uint8Array = NOTHING;
  private over = false;
  private readonly beganUs: number;

  constructor(sockets: Sockets, stream: ByteStream, detecting: Detecting) {
    this.sockets = sockets;
    this.stream = stream;
    this.detecting = detecting;
    this.beganUs = sockets.nowUs();
    stream.events = this;
    sockets.arm(this.timer, DETECT_MS_MAX);
  }

  /** Breaks the connection off. */
  stop(): void {
    if (this.over) return;
    this.stream.close();
    this.closed();
  }

  received(bytes: Uint8Array): void {
    this.bytes = this.bytes.length === 0 ? bytes : concat([this.bytes, bytes]);
    const sniffed = sniff(this.bytes, 0, this.bytes.length);
    switch (sniffed.kind) {
      case 'more':
        return;
      case 'http1':
      case 'http2':
      case 'tls':
        return this.settle(sniffed);
      case 'opaque':
        return this.settle({ kind: 'opaque', silent: false });
      default:
        sniffed satisfies never;
    }
  }

  /** Whoever ends its side without a word that can be told apart is passed on, and so is its end. */
  ended(): void {
    this.settle({ kind: 'opaque', silent: false });
  }

  closed(): void {
    if (!this.finish()) return;
    this.bytes = NOTHING;
    this.count('error');
    this.detecting.gone();
  }

  expired(): void {
    this.settle({ kind: 'opaque', silent: true });
  }

  congested(): void {}
  drained(): void {}

  private settle(detected: Detected): void {
    if (!this.finish()) return;
    const { bytes } = this;
    this.bytes = NOTHING;
    this.count(resultOf(detected));
    this.detecting.detected(detected, bytes);
  }

  private count(result: DetectResult): void {
    this.detecting.counted?.(result, this.sockets.nowUs() - this.beganUs);
  }

  private finish(): boolean {
    if (this.over) return false;
    this.over = true;
    this.sockets.remove(this.timer);
    return true;
  }
}

function resultOf(detected: Detected): DetectResult {
  switch (detected.kind) {
    case 'http1':
      return 'http/1';
    case 'http2':
      return 'http/2';
    case 'tls':
      return 'not_http';
    case 'opaque':
      return detected.silent ? 'read_timeout' : 'not_http';
    default:
      return detected satisfies never;
  }
}
