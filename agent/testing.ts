/** Runs the real agent as a process, and waits with a busy machine's patience: for tests. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const READY_MS_MAX = 20_000;

/** Expects something of a value that comes true after a while. */
export function eventually<T>(read: () => T, options: { readonly timeout?: number; readonly interval?: number } = {}): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 15_000, ...options });
}

export class AgentProcess {
  readonly child: ChildProcess;
  /** What it wrote to stderr so far. */
  stderr = '';
  stdout = '';
  /** Exit code, or the signal's name. */
  readonly exited: Promise<number | string | null>;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stderr?.on('data', (bytes: Buffer) => void (this.stderr += bytes.toString()));
    this.child.stdout?.on('data', (bytes: Buffer) => void (this.stdout += bytes.toString()));
    this.exited = new Promise((resolve) => this.child.once('close', (code, signal) => resolve(code ?? signal)));
  }

  /** The lines of its log. */
  get log(): Record<string, unknown>[] {
    const lines = this.stderr.split('\n').slice(0, -1);
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  }

  /** The first line with a message; rejects when the agent ends before it, or takes too long. */
  async logged(message: string): Promise<Record<string, unknown>> {
    const untilMs = performance.now() + READY_MS_MAX;
    for (;;) {
      const line = this.log.find((found) => found['message'] === message);
      if (line) return line;
      if (this.child.exitCode !== null || performance.now() > untilMs) throw new Error(`the agent never logged "${message}":\n${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Ends it and waits; resolves with the exit code or signal. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<number | string | null> {
    this.child.kill(signal);
    return this.exited;
  }
}

/** Ports of loopback that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map((server) => new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
