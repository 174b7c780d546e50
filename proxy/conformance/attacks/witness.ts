/** A client that has nothing to do with the attack, and whose every request must succeed. */
import http2 from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantileOf } from '../../bench/statistics.ts';

const REQUEST_MS_MAX = 10_000;
const BODY_BYTES = 1024;

export interface Testimony {
  readonly requests: number;
  readonly failures: readonly string[];
  readonly p99Ms: number;
  readonly worstMs: number;
}

export class Witness {
  private readonly session: http2.ClientHttp2Session;
  private readonly latencies: number[] = [];
  private readonly failures: string[] = [];

  constructor(port: number) {
    this.session = http2.connect(`http://127.0.0.1:${port}`);
    this.session.on('error', (error) => this.failures.push(`session: ${error.message}`));
    this.session.on('goaway', (code) => this.failures.push(`GOAWAY ${code}`));
  }

  /** Sends so many requests a second until told. */
  async watch(perSecond: number, until: () => boolean): Promise<Testimony> {
    this.latencies.length = this.failures.length = 0;
    const open: Promise<void>[] = [];
    while (!until()) {
      open.push(this.ask());
      await sleep(1_000 / perSecond);
    }
    await Promise.all(open);
    return { requests: open.length, failures: [...this.failures], p99Ms: quantileOf(Float64Array.from(this.latencies), 0.99), worstMs: Math.max(0, ...this.latencies) };
  }

  close(): void {
    this.session.destroy();
  }

  private async ask(): Promise<void> {
    const began = performance.now();
    try {
      await this.request();
      this.latencies.push(performance.now() - began);
    } catch (error) {
      this.failures.push(String(error));
    }
  }

  private request(): Promise<void> {
    const request = this.session.request({ ':method': 'POST', ':path': '/witness' });
    return new Promise((resolve, reject) => {
      let status = 0;
      let bytes = 0;
      let why = '';
      request.setTimeout(REQUEST_MS_MAX, () => reject(new Error('no answer in time')));
      request.on('response', (fields) => {
        status = Number(fields[':status']);
        why = String(fields['l5d-proxy-error'] ?? '');
      });
      request.on('data', (part: Buffer) => (bytes += part.length));
      request.on('end', () => (status === 200 && bytes === BODY_BYTES ? resolve() : reject(new Error(`answer ${status} ${why} of ${bytes} bytes`))));
      request.on('error', reject);
      request.end(Buffer.alloc(BODY_BYTES, 'w'));
    });
  }
}
