/** An app that speaks HTTP/2 and a proxy in front of it. */
import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { freePorts } from '../../test/free-ports.ts';
import { type Program, type RunningProxy, StaticBed } from '../../test/static-bed.ts';

const LARGE = Buffer.alloc(1024 * 1024, 'l');
const APP_SESSION_MEBIBYTES = 2_000;
const REJECTED_MAX = 1_000_000_000;
/** Node ends a whole connection for what one client made of it; the app is not what is attacked here. Its types don't know the last two. */
const GENEROUS: http2.ServerOptions = { maxSessionMemory: APP_SESSION_MEBIBYTES, ...{ maxSessionInvalidFrames: REJECTED_MAX, maxSessionRejectedStreams: REJECTED_MAX } };
const SMALL = Buffer.alloc(1024, 's');

export interface AttackBed {
  /** Where plain HTTP/2 is spoken. */
  readonly port: number;
  readonly proxy: RunningProxy;
  stop(): Promise<void>;
}

export async function startAttackBed(program: Program): Promise<AttackBed> {
  const app = http2.createServer(GENEROUS);
  app.on('stream', answer);
  app.on('sessionError', () => undefined);
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
  const [port = 0] = await freePorts(1);
  const bed = new StaticBed();
  const target = `127.0.0.1:${(app.address() as AddressInfo).port}`;
  const proxy = await bed.start('app', { logLevel: 'error', inbound: { ports: [{ target, services: ['shop/app'], plain: `127.0.0.1:${port}`, protocol: 'http2' }] } }, program);
  return {
    port, proxy,
    stop: async () => {
      await bed.stop();
      app.close();
    },
  };
}

function answer(stream: http2.ServerHttp2Stream, fields: http2.IncomingHttpHeaders): void {
  stream.on('error', () => undefined);
  stream.resume();
  stream.on('end', () => {
    if (stream.destroyed) return;
    stream.respond({ ':status': 200 });
    stream.end(fields[':path'] === '/large' ? LARGE : SMALL);
  });
}
