/** Peers on either end of a mesh hop with whatever certificate a test wants, on Node's TLS. */
import { type TLSSocket, connect, createServer } from 'node:tls';
import { RawClient } from './raw-client.ts';
import type { TestLeaf } from './test-ca.ts';

/** What came back: everything until the connection ended, and whether it ended by an error. */
export interface PeerResult {
  readonly received: string;
  readonly failed: boolean;
}

export interface PeerOptions {
  readonly port: number;
  readonly trust: string;
  readonly leaf: TestLeaf | null;
  readonly send: string;
  readonly maxVersion?: 'TLSv1.2';
}

/** Connects, sends, and reads until the other side ends the connection or `until` is seen. */
export function callMesh(options: PeerOptions, until: RegExp | null = null): Promise<PeerResult> {
  return new Promise((resolve) => {
    let received = '';
    const socket: TLSSocket = connect({
      port: options.port,
      host: '127.0.0.1',
      ca: options.trust,
      checkServerIdentity: () => undefined,
      ...(options.leaf === null ? {} : { cert: options.leaf.certificate, key: options.leaf.privateKey }),
      ...(options.maxVersion === undefined ? {} : { maxVersion: options.maxVersion }),
    });
    const finish = (failed: boolean): void => {
      socket.destroy();
      resolve({ received, failed });
    };
    socket.on('secureConnect', () => socket.write(options.send));
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      if (until?.test(received) === true) finish(false);
    });
    socket.on('error', () => finish(true));
    socket.on('close', () => finish(false));
    socket.setTimeout(8_000, () => finish(true));
  });
}

export interface FakeMesh {
  readonly port: number;
  /** Bytes that somebody sent inside TLS. */
  received(): string;
  stop(): Promise<void>;
}

/** A mesh listener with that leaf, which answers every CONNECT with 200 and then as `answer` says. */
export async function fakeMesh(leaf: TestLeaf, trust: string, answer = 'HTTP/1.1 200 OK\r\n\r\n'): Promise<FakeMesh> {
  const sockets = new Set<TLSSocket>();
  let received = '';
  const server = createServer({ cert: leaf.certificate, key: leaf.privateKey, ca: trust, requestCert: true, rejectUnauthorized: false }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      socket.write(answer);
    });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    received: () => received,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

/** Opens a verified hop by hand; what comes can be read and more be sent. */
export async function openMesh(options: Omit<PeerOptions, 'send' | 'maxVersion'>): Promise<RawClient> {
  const socket = connect({
    port: options.port, host: '127.0.0.1', ca: options.trust, checkServerIdentity: () => undefined,
    ...(options.leaf === null ? {} : { cert: options.leaf.certificate, key: options.leaf.privateKey }),
  });
  const client = new RawClient(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return client;
}
