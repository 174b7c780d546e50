/**
 * Free ports of 127.0.0.1. They lie below the range from which the system takes ports for outgoing connections, so that
 * none of those sits on one between our look and its use; and a process never gives the same port twice.
 */
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:net';
import { Fault, isSystemError } from './fault.ts';

/** Where outgoing connections begin on systems that don't say it: macOS, the BSDs. */
const OUTGOING_FROM = 49_152;
/** Ports below belong to well-known programs. */
const LOWEST = 10_000;
/** Fewer than these to choose from: the system's range is left out of account. */
const CHOICE_MIN = 2_000;
const TRIES_MAX = 2_000;

const given = new Set<number>();

/** `count` different free ports. Fault: `ports_exhausted`. */
export async function freePorts(count: number): Promise<number[]> {
  const highest = await highestPort();
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries += 1) {
    if (tries >= TRIES_MAX) throw new Fault('ports_exhausted', `No ${count} free ports were found between ${LOWEST} and ${highest}.`, 'End programs that listen on many ports.');
    const port = randomInt(LOWEST, highest);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('one port was asked for');
  return port;
}

async function highestPort(): Promise<number> {
  const text = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => String(OUTGOING_FROM));
  const from = Number(text.trim().split(/\s+/)[0]);
  return from - LOWEST >= CHOICE_MIN ? from : 65_536;
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
