/** Runs the program of a pod inside its namespace, and asks it things. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../root.ts';
import { inside } from './netns.ts';
import type { PodAnswer, PodCommand } from './pod-program.ts';

/** An app's user; any but the proxy's. */
const APP_UID = 1000;
const TIMEOUT_MS = 20_000;

export class PodApp {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (answer: PodAnswer) => void>();
  private next = 0;

  /** `netns` is the namespace's name. */
  constructor(netns: string) {
    const [command, args] = inside(netns, [process.execPath, join(ROOT, 'infra/netns/pod-program.ts')], APP_UID);
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/' });
    const { stdout } = this.child;
    if (stdout === null) throw new Error('stdout is a pipe');
    createInterface({ input: stdout }).on('line', (line) => {
      const { id, answer } = JSON.parse(line) as { id: number; answer: PodAnswer };
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
    });
  }

  async serveHttp(port: number, body: string): Promise<void> {
    await this.done({ kind: 'serve-http', port, body });
  }

  async serveHttp2(port: number, body: string): Promise<void> {
    await this.done({ kind: 'serve-http2', port, body });
  }

  /** A GET in HTTP/2 with prior knowledge, on a connection of its own. */
  getHttp2(url: string): Promise<PodAnswer> {
    return this.ask({ kind: 'get-http2', url, timeoutMs: TIMEOUT_MS });
  }

  async serveGreeting(port: number, greeting: string): Promise<void> {
    await this.done({ kind: 'serve-greeting', port, greeting });
  }

  /** A GET on a connection of its own. */
  get(url: string, host?: string): Promise<PodAnswer> {
    return this.ask({ kind: 'get', url, timeoutMs: TIMEOUT_MS, ...(host === undefined ? {} : { host }) });
  }

  /** Its text, or what went wrong in words. */
  async text(url: string): Promise<string> {
    const answer = await this.get(url);
    return answer.kind === 'response' ? `${answer.status} ${answer.body}` : JSON.stringify(answer);
  }

  dial(host: string, port: number, send: string, until: string, timeoutMs = TIMEOUT_MS): Promise<PodAnswer> {
    return this.ask({ kind: 'dial', host, port, send, until, timeoutMs });
  }

  /** Whom the connections to a served port came from. */
  async callers(port: number): Promise<readonly string[]> {
    const answer = await this.ask({ kind: 'seen', port });
    return answer.kind === 'callers' ? answer.addresses : [];
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  private ask(command: PodCommand): Promise<PodAnswer> {
    const id = this.next++;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.child.stdin?.write(`${JSON.stringify({ id, command })}\n`);
    });
  }

  private async done(command: PodCommand): Promise<void> {
    const answer = await this.ask(command);
    if (answer.kind !== 'done') throw new Error(`${command.kind}: ${JSON.stringify(answer)}`);
  }
}
