/** Free ports of 127.0.0.1. A port is free when asked; another program can still take it before it is used. */
import { type Server, createServer } from 'node:net';
import { Fault, isSystemError } from './fault.ts';

/** `count` different free ports. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0, '127.0.0.1')));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP listener has a port');
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
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
