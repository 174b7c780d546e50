/** A listener that carries what comes, byte by byte, into the mesh port of a proxy as another proxy would. */
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { type TLSSocket, connect } from 'node:tls';
import { shopIdentity } from '../../test/static-bed.ts';
import type { TestCa } from '../../test/test-ca.ts';

export interface TunnelTo {
  /** Port of the mesh listener. */
  readonly mesh: number;
  /** The app, `host:port`. */
  readonly target: string;
  readonly ca: TestCa;
  readonly serviceAccount: string;
  /** `link`: the mesh port's own HTTP/2 (version 2 of the hop). `hop`: behind the CONNECT of version 1, HTTP/2 to the app. */
  readonly as: 'link' | 'hop';
}

export interface Tunnel {
  readonly port: number;
  stop(): Promise<void>;
}

/** Opens it: each accepted connection is a mutual TLS connection of its own. */
export async function openTunnel({ mesh, target, ca, serviceAccount, as }: TunnelTo): Promise<Tunnel> {
  const leaf = ca.issue([shopIdentity(serviceAccount)]);
  const open = new Set<Socket>();
  const hello = `CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\nsidelight-mesh: 1\r\nsidelight-service: shop/cart\r\nsidelight-workload: shop/host/${serviceAccount}\r\nsidelight-protocol: http2\r\n\r\n`;
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: mesh, host: '127.0.0.1', ca: ca.certificate, cert: leaf.certificate, key: leaf.privateKey, checkServerIdentity: () => undefined });
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        near.destroySoon();
        far.destroySoon();
      });
    }
    if (as === 'link') {
      near.pipe(far);
      far.pipe(near);
      return;
    }
    far.on('secureConnect', () => far.write(hello));
    join(near, far);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** Waits for the CONNECT's answer, then copies both ways. */
function join(near: Socket, far: TLSSocket): void {
  let head = Buffer.alloc(0);
  const onData = (bytes: Buffer): void => {
    head = Buffer.concat([head, bytes]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    far.off('data', onData);
    if (head.subarray(0, 12).toString() !== 'HTTP/1.1 200') return near.destroy() && undefined;
    near.write(head.subarray(end + 4));
    near.pipe(far);
    far.pipe(near);
  };
  far.on('data', onData);
}
