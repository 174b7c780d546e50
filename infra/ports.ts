/** Free ports of 127.0.0.1. A port is free when asked; another program can still take it before it is used. */
import { randomInt } from 'node:crypto';
import { type Server, createServer } from 'node:net';
import { Fault, isSystemError } from './fault.ts';

/**
 * Where free ports are looked for: below the range from which systems take the ports of outgoing connections
 * (32768 on Linux, 49152 elsewhere), so that no connection takes one between the asking and the use.
 */
const PORT_MIN = 12_000;
const PORT_MAX = 31_999;
const TRIES_MAX = 1_000;

/** `count` different free ports. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries === TRIES_MAX + count) throw new Fault('no_free_port', `No ${count} free ports between ${PORT_MIN} and ${PORT_MAX}.`, 'Stop programs that listen there.');
    const port = randomInt(PORT_MIN, PORT_MAX + 1);
    if (!ports.has(port) && await isFree(port)) ports.add(port);
  }
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  try {
    const server = await listen(port, '127.0.0.1');
    await new Promise((done) => server.close(done));
    return true;
  } catch {
    return false;
  }
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('one port was asked for');
  return port;
}

/** Fault: `port_in_use` or `port_refused`, before anything is started on it. */
export async function ensurePortFree(host: string, port: number): Promise<void> {
  try {
    const server = await listen(port, host);
    await new Promise((done) => server.close(done));
  } catch (error) {
    if (isSystemError(error, 'EADDRINUSE')) {
      throw new Fault('port_in_use', `Port ${port} of ${host} is in use by another program.`, `Stop that program, or set PORT to a free port, for example PORT=${port + 1}.`);
    }
    throw new Fault('port_refused', `This machine does not let us listen on ${host}:${port}: ${error instanceof Error ? error.message : String(error)}.`, 'Set HOST to an address of this machine and PORT to a port above 1023.');
  }
}

function listen(port: number, host: string): Promise<Server> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(port, host, () => done(server));
  });
}
