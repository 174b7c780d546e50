/** One agent a state folder: a Unix socket that only lives as long as its process, whatever kills it. */
import { createHash } from 'node:crypto';
import { existsSync, realpathSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentFault, systemCodeOf } from './fault.ts';

/** Of a Unix socket's path on every system. */
const PATH_BYTES_MAX = 100;

export interface Lock {
  release(): void;
}

/** Holds the folder until released. Throws `AgentFault` `state_in_use`. */
export async function lockFolder(folder: string): Promise<Lock> {
  const path = lockPath(realpathSync(folder));
  const server = (await tryListen(path)) ?? (await takeOver(path));
  if (!server) throw new AgentFault('state_in_use', `another agent uses ${folder}`, 'stop it, or give this agent a state folder of its own');
  server.unref();
  return { release: () => server.close() };
}

/** Whether an agent holds the folder now. */
export async function isLocked(folder: string): Promise<boolean> {
  return existsSync(folder) && answers(lockPath(realpathSync(folder)));
}

function lockPath(folder: string): string {
  const inside = join(folder, 'agent.lock');
  if (Buffer.byteLength(inside) <= PATH_BYTES_MAX) return inside;
  return join(tmpdir(), `sidelight-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.lock`);
}

/** Null when somebody listens, or did. */
function tryListen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (cause) => (systemCodeOf(cause) === 'EADDRINUSE' ? resolve(null) : reject(cause)));
    server.listen(path, () => resolve(server));
  });
}

/** The socket of a killed process refuses; that of a living one accepts. */
async function takeOver(path: string): Promise<Server | null> {
  if (await answers(path)) return null;
  rmSync(path, { force: true });
  return tryListen(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
