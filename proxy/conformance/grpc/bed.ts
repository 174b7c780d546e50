/** gRPC's interop server behind a proxy's plain port, and behind a pair over mutual TLS. */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { freePorts } from '../../test/free-ports.ts';
import { type Program, StaticBed, shopIdentity } from '../../test/static-bed.ts';

export const WAYS = ['plain', 'pair'] as const;
export type Way = (typeof WAYS)[number];

export interface GrpcBed {
  readonly ports: Readonly<Record<Way, number>>;
  stop(): Promise<void>;
}

const READY_MS_MAX = 10_000;
const LOOK_MS = 50;

/** `server` is the interop server's executable. */
export async function startGrpcBed(server: string, program: Program): Promise<GrpcBed> {
  const [port = 0, plain = 0, mesh = 0, outbound = 0] = await freePorts(4);
  const child = spawn(server, ['--port', String(port)], { stdio: 'ignore' });
  const bed = new StaticBed();
  const stop = async (): Promise<void> => {
    await bed.stop();
    await end(child);
  };
  try {
    await untilListening(port);
    const target = `127.0.0.1:${port}`;
    await bed.start('echo', { inbound: { mesh: `127.0.0.1:${mesh}`, ports: [{ target, services: ['shop/echo'], protocol: 'http2', plain: `127.0.0.1:${plain}` }] } }, program);
    const endpoint = { address: target, workload: 'shop/host/echo', mesh: { address: `127.0.0.1:${mesh}`, identity: shopIdentity('echo') } };
    await bed.start('web', { outbound: [{ listen: `127.0.0.1:${outbound}`, service: 'shop/echo', port: 80, protocol: 'http2', endpoints: [endpoint] }] }, program);
  } catch (error) {
    await stop();
    throw error;
  }
  return { ports: { plain, pair: outbound }, stop };
}

async function untilListening(port: number): Promise<void> {
  const endMs = performance.now() + READY_MS_MAX;
  while (performance.now() < endMs) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`the interop server does not listen on port ${port} within ${READY_MS_MAX} ms`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  child.kill('SIGKILL');
  await ended;
}
