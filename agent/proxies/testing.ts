/** A proxy's side of the control link, for tests: real TLS, everything it was told in order. */
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { FromControl, ToControl } from '../../proxy/wire/orders.ts';
import { CONTROL_WIRE_VERSION } from '../../proxy/wire/version.ts';
import { makeCsr } from '../issuer/testing.ts';
import { encodeFrame, FrameReader } from './framing.ts';

type Message<Kind extends FromControl['kind']> = Extract<FromControl, { kind: Kind }>;

export interface ClientIdentity {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface DialFacts {
  readonly port: number;
  readonly trustBundle: string;
  readonly serverName?: string;
  readonly client?: ClientIdentity | undefined;
}

const WAIT_MS = 8_000;

export class FakeProxy {
  readonly socket: TLSSocket;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;
  /** All that came, oldest first. */
  readonly heard: FromControl[] = [];
  #wake: () => void = () => {};
  #read = 0;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    const reader = new FrameReader();
    socket.on('data', (bytes: Buffer) => {
      for (const event of reader.push(bytes, 64 * 1024 * 1024)) if (event.kind === 'frame') this.heard.push(JSON.parse(event.bytes.toString()));
      this.#wake();
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    void this.closed.then(() => this.#wake());
  }

  static async dial({ port, trustBundle, serverName = 'control.sidelight.serviceaccount.identity.sidelight.cluster.local', client }: DialFacts): Promise<FakeProxy> {
    const identity = client ? { cert: client.certificatePem, key: client.keyPem } : {};
    const socket = connect({ host: '127.0.0.1', port, ca: trustBundle, servername: serverName, ...identity });
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    return new FakeProxy(socket);
  }

  send(message: ToControl): void {
    this.socket.write(encodeFrame(message));
  }

  hello(workload: string, instanceName: string, instance: string, version = CONTROL_WIRE_VERSION): void {
    this.send({ kind: 'hello', version, proxyVersion: '0.1.0', workload, instanceName, instance });
  }

  /** The next message of a kind, those before it left out. Rejects when none comes. */
  async next<Kind extends FromControl['kind']>(kind: Kind): Promise<Message<Kind>> {
    const untilMs = performance.now() + WAIT_MS;
    for (;;) {
      while (this.#read < this.heard.length) {
        const message = this.heard[this.#read++];
        if (message?.kind === kind) return message as Message<Kind>;
      }
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0 || this.socket.destroyed) throw new Error(`no ${kind} came, only ${this.heard.map((message) => message.kind).join(' ')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  end(): void {
    this.socket.destroy();
  }
}

/** Gets a first certificate with a join token, as a proxy does. Rejects when refused. */
export async function certify(facts: DialFacts, workload: string, token: string): Promise<ClientIdentity> {
  const { der, keyPem } = makeCsr();
  const proxy = await FakeProxy.dial(facts);
  proxy.send({ kind: 'certify', version: CONTROL_WIRE_VERSION, token, workload, csr: der.toString('base64') });
  const { certificateChain } = await proxy.next('certified');
  proxy.end();
  return { certificatePem: certificateChain, keyPem };
}
