/** Data paths in processes of their own, with certificates of a test authority, as a test drives them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Leaf } from '../identity/credentials.ts';
import type { LinkLimits } from '../links/endpoint-links.ts';
import { identityOf } from '../wire/labels.ts';
import type { ProxyOrders } from '../wire/orders.ts';
import type { HostCommand, HostFacts } from './host-protocol.ts';
import type { TestCa, TestLeaf } from './test-ca.ts';

const BUN = fileURLToPath(new URL('../../node_modules/.bin/bun', import.meta.url));
const HOST = fileURLToPath(new URL('./dataplane-host.ts', import.meta.url));
export const TRUST_DOMAIN = 'cluster.local';

let generations = 0;

/** A leaf in force, of an authority's certificate. */
export function leafOf(ca: TestCa, leaf: TestLeaf, identity: string): Leaf {
  generations++;
  return {
    identity, certificateChain: leaf.certificate, privateKey: leaf.privateKey, trustBundle: ca.certificate,
    notAfterMs: Date.now() + 3_600_000, generation: generations,
  };
}

/** A fresh, valid leaf of a service account in namespace `shop`. */
export function shopLeaf(ca: TestCa, serviceAccount: string): Leaf {
  const identity = identityOf(serviceAccount, 'shop', TRUST_DOMAIN);
  return leafOf(ca, ca.issue([identity]), identity);
}

export class DataplaneProcess {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (answer: unknown) => void>();
  private readonly exited: Promise<void>;
  private nextId = 0;
  /** All that it logged. */
  log = '';

  /** `limits`: where the product's numbers are not what is tested. */
  constructor(limits?: LinkLimits) {
    this.child = spawn(BUN, limits === undefined ? [HOST] : [HOST, JSON.stringify(limits)], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.exited = new Promise((resolve) => void this.child.once('exit', () => resolve()));
    if (this.child.stdout === null || this.child.stderr === null) throw new Error('the process has no pipes');
    this.child.stderr.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const { id, answer } = JSON.parse(line) as { id: number; answer: unknown };
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async apply(orders: ProxyOrders): Promise<readonly string[]> {
    return (await this.send({ kind: 'apply', orders })) as readonly string[];
  }

  async use(leaf: Leaf | null): Promise<void> {
    await this.send({ kind: 'leaf', leaf });
  }

  async facts(): Promise<HostFacts> {
    return (await this.send({ kind: 'facts' })) as HostFacts;
  }

  async collected(): Promise<HostFacts> {
    return (await this.send({ kind: 'collect' })) as HostFacts;
  }

  async drain(limitMs: number): Promise<void> {
    await this.send({ kind: 'drain', limitMs });
  }

  /** Ends the process by its id. */
  async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  private send(command: HostCommand): Promise<unknown> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, resolve);
      void this.exited.then(() => reject(new Error(`the data path ended before it answered ${command.kind}: ${this.log}`)));
      this.child.stdin?.write(`${JSON.stringify({ id, command })}\n`);
    });
  }
}
