/** What h2spec talks to: an app behind a proxy's plain port, behind an outbound listener, and behind the mesh port in both versions of the hop. */
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { freePorts } from '../../test/free-ports.ts';
import { type Program, StaticBed } from '../../test/static-bed.ts';
import { openTunnel } from './tunnel.ts';

export const WAYS = ['plain', 'outbound', 'mesh', 'hop'] as const;
export type Way = (typeof WAYS)[number];

export interface SpecBed {
  readonly ports: Readonly<Record<Way, number>>;
  stop(): Promise<void>;
}

/** Long enough for the cases that let the answer through a byte at a time. */
const BODY = 'served '.repeat(40);
/** Faulty frames that follow a request's head must meet an open stream, on a busy machine too. */
const ANSWER_MS = 40;

/** Starts all of it; the proxies are processes of their own. */
export async function startSpecBed(program: Program): Promise<SpecBed> {
  const app = createServer((_, response) => {
    response.on('error', () => undefined);
    setTimeout(() => response.end(BODY), ANSWER_MS);
  });
  app.on('sessionError', () => undefined);
  await new Promise<void>((resolve) => void app.listen(0, '127.0.0.1', () => resolve()));
  const origin = `127.0.0.1:${(app.address() as AddressInfo).port}`;
  const [plain = 0, mesh = 0, outbound = 0] = await freePorts(3);
  const bed = new StaticBed();
  await bed.start('cart', { inbound: { mesh: `127.0.0.1:${mesh}`, ports: [{ target: origin, services: ['shop/cart'], protocol: 'http2', plain: `127.0.0.1:${plain}` }] } }, program);
  const listener = { listen: `127.0.0.1:${outbound}`, service: 'shop/cart', port: 80, protocol: 'http2', endpoints: [{ address: origin, workload: 'shop/host/cart' }] } as const;
  await bed.start('web', { outbound: [listener] }, program);
  const to = { mesh, target: origin, ca: bed.ca, serviceAccount: 'web' };
  const tunnels = [await openTunnel({ ...to, as: 'link' }), await openTunnel({ ...to, as: 'hop' })];
  return {
    ports: { plain, outbound, mesh: tunnels[0]?.port ?? 0, hop: tunnels[1]?.port ?? 0 },
    async stop() {
      for (const tunnel of tunnels) await tunnel.stop();
      await bed.stop();
      app.close();
    },
  };
}
