/** A control plane for tests: certifies by a test CA, greets, and lets the test say what it sends and acknowledges. */
import { createServer, type TLSSocket } from 'node:tls';
import { encodeFrame, FrameReader } from '../control/framing.ts';
import type { Destination, FromControl, ProxyOrders, SocketAddress, ToControl } from '../wire/orders.ts';
import type { ProxyWindow } from '../wire/report.ts';
import type { TapReport } from '../wire/tap.ts';
import { spkiOfRequest } from './read-csr.ts';
import type { TestCa } from './test-ca.ts';

export interface FakeControlOptions {
  readonly ca: TestCa;
  readonly trustDomain?: string;
  /** The name on the control plane's own certificate. */
  readonly serverNames?: readonly string[];
  readonly token?: string;
  /** The name of the leaf for a workload. */
  readonly leafName: (workload: string) => string;
  readonly leafMs?: number;
  /** Sent on each hello, after the welcome. */
  readonly orders?: (workload: string) => ProxyOrders | null;
  /** Which windows to acknowledge as they come; default all. */
  readonly acknowledges?: (window: ProxyWindow) => boolean;
  /** Length of its windows, which are those of this machine's clock; 0: it never sends a tick. */
  readonly tickMs?: number;
  readonly port?: number;
  /** Answers to `resolve`; null: none. */
  readonly destination?: (address: SocketAddress) => Destination | null;
}

/** One connection that said hello. */
export interface FakeLink {
  readonly hello: Extract<ToControl, { kind: 'hello' }>;
  send(message: FromControl | { kind: string }): void;
  sendRaw(bytes: Uint8Array): void;
  drop(): void;
  readonly open: boolean;
}

export interface FakeControl {
  readonly port: number;
  readonly certifies: Extract<ToControl, { kind: 'certify' }>[];
  readonly hellos: Extract<ToControl, { kind: 'hello' }>[];
  /** As they came, those that came again as well. */
  readonly windows: ProxyWindow[];
  readonly statuses: Extract<ToControl, { kind: 'status' }>[];
  /** Last sequences that proxies said at their end. */
  readonly goodbyes: number[];
  /** What tap sessions were told. */
  readonly tapped: TapReport[];
  readonly rediscoveries: Extract<ToControl, { kind: 'rediscover' }>[];
  /** Addresses that proxies asked for or forgot, as they came. */
  readonly questions: Extract<ToControl, { kind: 'resolve' | 'forget' }>[];
  /** The newest link (of this workload) that is still open. */
  link(workload?: string): FakeLink | null;
  /** Accept no `certify` from now on, with this code. */
  refuse: string | null;
  close(): Promise<void>;
}

export async function startFakeControl(options: FakeControlOptions): Promise<FakeControl> {
  const domain = options.trustDomain ?? 'cluster.local';
  const leaf = options.ca.issue(options.serverNames ?? [`control.sidelight.serviceaccount.identity.sidelight.${domain}`]);
  const sockets = new Set<TLSSocket>();
  const tickMs = options.tickMs ?? 10_000;
  let links: FakeLink[] = [];
  let ticker: ReturnType<typeof setTimeout> | undefined;
  const server = createServer(
    { key: leaf.privateKey, cert: leaf.certificate, ca: options.ca.certificate, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3' },
    (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
      const reader = new FrameReader((json) => onMessage(socket, JSON.parse(json) as ToControl));
      socket.on('data', (bytes) => reader.push(bytes));
    },
  );

  function onMessage(socket: TLSSocket, message: ToControl): void {
    const send = (answer: FromControl | { kind: string }) => void socket.write(encodeFrame(JSON.stringify(answer)));
    if (message.kind === 'certify') {
      control.certifies.push(message);
      const refusal = control.refuse ?? (options.token !== undefined && message.token !== options.token ? 'token_unknown' : null);
      if (refusal !== null) return send({ kind: 'refused', code: refusal, message: 'refused by the test' });
      return send(certified(message));
    }
    if (!socket.authorized) return void socket.destroy();
    if (message.kind === 'window') {
      control.windows.push(message.window);
      if (options.acknowledges?.(message.window) ?? true) send({ kind: 'acknowledge', sequence: message.window.sequence });
    } else if (message.kind === 'status') {
      control.statuses.push(message);
    } else if (message.kind === 'goodbye') {
      control.goodbyes.push(message.sequence);
    } else if (message.kind === 'tap') {
      control.tapped.push(...message.reports);
    } else if (message.kind === 'rediscover') {
      control.rediscoveries.push(message);
    } else if (message.kind === 'resolve' || message.kind === 'forget') {
      control.questions.push(message);
      const destination = message.kind === 'resolve' ? options.destination?.(message.address) : null;
      if (destination) send({ kind: 'resolved', address: message.address, destination });
    } else {
      onHello(socket, message, send);
    }
  }

  function onHello(socket: TLSSocket, hello: Extract<ToControl, { kind: 'hello' }>, send: FakeLink['send']): void {
    control.hellos.push(hello);
    const link: FakeLink = {
      hello,
      send,
      sendRaw: (bytes) => void socket.write(bytes),
      drop: () => void socket.destroy(),
      get open() {
        return !socket.destroyed;
      },
    };
    links = [link, ...links.filter(({ open }) => open)];
    send({ kind: 'welcome', version: 1, takesRediscover: true });
    if (tickMs > 0) send(tickNow());
    const orders = options.orders?.(hello.workload) ?? null;
    if (orders !== null) send({ kind: 'orders', orders });
  }

  function tickNow(): Extract<FromControl, { kind: 'tick' }> {
    const nowMs = Date.now();
    return { kind: 'tick', tick: Math.floor(nowMs / tickMs), tickMs, elapsedMs: nowMs % tickMs };
  }

  function onBoundary(): void {
    for (const link of links) if (link.open) link.send(tickNow());
    ticker = setTimeout(onBoundary, tickMs - (Date.now() % tickMs));
  }

  function certified(message: Extract<ToControl, { kind: 'certify' }>): FromControl {
    const notAfterMs = Date.now() + (options.leafMs ?? 3_600_000);
    const spki = spkiOfRequest(Buffer.from(message.csr, 'base64'));
    return {
      kind: 'certified',
      certificateChain: options.ca.certify(spki, [options.leafName(message.workload)], { notAfterMs }),
      trustBundle: options.ca.certificate,
      notAfter: new Date(notAfterMs).toISOString(),
    };
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  if (tickMs > 0) ticker = setTimeout(onBoundary, tickMs - (Date.now() % tickMs));
  const address = server.address();
  const control: FakeControl = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    certifies: [],
    hellos: [],
    windows: [],
    statuses: [],
    goodbyes: [],
    questions: [],
    tapped: [],
    rediscoveries: [],
    link: (workload) => links.find(({ open, hello }) => open && (workload === undefined || hello.workload === workload)) ?? null,
    refuse: null,
    async close() {
      clearTimeout(ticker);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return control;
}
