/** A proxy's side of the control link, for tests: real TLS, everything it was told in order. */
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { FromControl, ToControl } from '../../proxy/wire/orders.ts';
import type { EdgeRow, ProxyWindow, RouteRow } from '../../proxy/wire/report.ts';
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
  onMessage: (message: FromControl) => void = () => {};
  #wake: () => void = () => {};
  #read = 0;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    const reader = new FrameReader();
    socket.on('data', (bytes: Buffer) => {
      for (const event of reader.push(bytes, 64 * 1024 * 1024)) if (event.kind === 'frame') this.#hear(JSON.parse(event.bytes.toString()));
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

  #hear(message: FromControl): void {
    this.heard.push(message);
    this.onMessage(message);
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

export interface RingProxyFacts extends Omit<DialFacts, 'client'> {
  readonly client: ClientIdentity;
  readonly workload: string;
  readonly name: string;
  readonly instance: string;
}

/** A proxy that keeps its windows until they are acknowledged and connects again whenever the link breaks. */
export class RingProxy {
  readonly #facts: RingProxyFacts;
  #ring: ProxyWindow[] = [];
  #sequence = 0;
  #anchor: { readonly tick: number; readonly tickMs: number; readonly beganMs: number } | null = null;
  #link: FakeProxy | null = null;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(facts: RingProxyFacts) {
    this.#facts = facts;
    void this.#connect();
  }

  /** Windows that wait for their acknowledgement. */
  get waiting(): number {
    return this.#ring.length;
  }

  /** Ends a window with these rows; returns its tick, or null while none is known. */
  report(edges: readonly EdgeRow[], routes: readonly RouteRow[] = []): number | null {
    const anchor = this.#anchor;
    if (!anchor) return null;
    const tick = anchor.tick + Math.floor((performance.now() - anchor.beganMs) / anchor.tickMs);
    this.#sequence += 1;
    const window = { instance: this.#facts.instance, sequence: this.#sequence, tick, edges, routes, dropped: { windows: 0, folded: 0 } };
    this.#ring.push(window);
    this.#link?.send({ kind: 'window', window });
    return tick;
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#link?.end();
  }

  async #connect(): Promise<void> {
    const { workload, name, instance } = this.#facts;
    try {
      const link = await FakeProxy.dial(this.#facts);
      if (this.#stopped) return link.end();
      void link.closed.then(() => this.#again());
      link.hello(workload, name, instance);
      link.onMessage = (message) => this.#handle(link, message);
    } catch {
      this.#again();
    }
  }

  #again(): void {
    this.#link = null;
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#connect(), 50);
  }

  #handle(link: FakeProxy, message: FromControl): void {
    if (message.kind === 'acknowledge') this.#ring = this.#ring.filter(({ sequence }) => sequence > message.sequence);
    if (message.kind !== 'tick') return;
    this.#anchor = { tick: message.tick, tickMs: message.tickMs, beganMs: performance.now() - message.elapsedMs };
    if (this.#link === link) return;
    this.#link = link;
    for (const window of this.#ring) link.send({ kind: 'window', window });
  }
}
