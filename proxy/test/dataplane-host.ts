/** Runs one data path under Bun for tests: commands come as JSON lines on stdin, answers go out as JSON lines on stdout. */
import { heapStats } from 'bun:jsc';
import { createBalancer } from '../balance/p2c.ts';
import { type Dataplane, createDataplane } from '../dataplane.ts';
import type { LinkLimits } from '../links/endpoint-links.ts';
import type { ExchangeEnd } from '../exchange.ts';
import type { Credentials, Leaf } from '../identity/credentials.ts';
import type { EdgeHandle, Recorder } from '../telemetry/recorder.ts';
import type { EdgeKey } from '../wire/report.ts';
import type { HostCommand, HostFacts } from './host-protocol.ts';

interface Counted extends EdgeHandle {
  began: number;
  ends: ExchangeEnd[];
  attempts: ExchangeEnd[];
  bytesIn: number;
  bytesOut: number;
}

class MemoryRecorder implements Recorder {
  readonly rows = new Map<string, Counted>();
  readonly refusals = new Map<string, number>();
  readonly connections = new Map<string, number>();

  edge(key: EdgeKey): EdgeHandle {
    const name = JSON.stringify(key);
    const known = this.rows.get(name);
    if (known !== undefined) return known;
    const row: Counted = { key, began: 0, ends: [], attempts: [], bytesIn: 0, bytesOut: 0 };
    this.rows.set(name, row);
    return row;
  }

  bytes(handle: EdgeHandle, bytesIn: number, bytesOut: number): void {
    const row = handle as Counted;
    row.bytesIn += bytesIn;
    row.bytesOut += bytesOut;
  }

  began(handle: EdgeHandle): void {
    (handle as Counted).began++;
  }

  attempted(handle: EdgeHandle, end: ExchangeEnd): void {
    (handle as Counted).attempts.push(end);
  }

  ended(handle: EdgeHandle, end: ExchangeEnd): void {
    const { ends } = handle as Counted;
    ends.push(end);
    if (ends.length > 5_000) ends.shift();
  }

  passedThrough(direction: string, serverName: string | null): void {
    add(this.refusals, `${direction} tls ${serverName ?? ''}`, 1);
  }

  detected(): void {}

  dialled(): void {}

  refused(direction: string, reason: string): void {
    add(this.refusals, `${direction} ${reason}`, 1);
  }

  connection(direction: string, peer: string, change: number): void {
    add(this.connections, `${direction} ${peer}`, change);
  }
}

function add(counts: Map<string, number>, name: string, change: number): void {
  counts.set(name, (counts.get(name) ?? 0) + change);
}

class GivenCredentials implements Credentials {
  private leaf: Leaf | null = null;
  private readonly listeners = new Set<() => void>();

  current(): Leaf | null {
    return this.leaf;
  }

  subscribe(onChange: () => void): () => void {
    this.listeners.add(onChange);
    return () => this.listeners.delete(onChange);
  }

  set(leaf: Leaf | null): void {
    this.leaf = leaf;
    for (const listener of this.listeners) listener();
  }
}

const recorder = new MemoryRecorder();
const credentials = new GivenCredentials();
const dataplane: Dataplane = createDataplane({
  recorder,
  credentials,
  createBalancer,
  nowUs: () => performance.now() * 1000,
  wallMs: Date.now,
  ...(process.argv[2] === undefined ? {} : { linkLimits: JSON.parse(process.argv[2]) as LinkLimits }),
  random: Math.random,
  log: (level, message, facts) => process.stderr.write(`${level} ${message} ${JSON.stringify(facts ?? {})}\n`),
});

function facts(): HostFacts {
  return {
    rows: [...recorder.rows.values()],
    refusals: Object.fromEntries(recorder.refusals),
    connections: Object.fromEntries(recorder.connections),
    open: dataplane.open(),
    ready: dataplane.ready(),
    residentBytes: process.memoryUsage().rss,
    cpuUs: process.cpuUsage().user + process.cpuUsage().system,
    objects: {},
  };
}

async function run(command: HostCommand): Promise<unknown> {
  switch (command.kind) {
    case 'apply':
      return dataplane.apply(command.orders);
    case 'leaf':
      credentials.set(command.leaf);
      return null;
    case 'facts':
      return facts();
    case 'collect':
      Bun.gc(true);
      return { ...facts(), objects: heapStats().objectTypeCounts };
    case 'drain':
      await dataplane.drain(command.limitMs);
      return null;
    default:
      return command satisfies never;
  }
}

let partial = '';
const decoder = new TextDecoder();
for await (const chunk of Bun.stdin.stream()) {
  const lines = (partial + decoder.decode(chunk, { stream: true })).split('\n');
  partial = lines.pop() ?? '';
  for (const line of lines) {
    const { id, command } = JSON.parse(line) as { id: number; command: HostCommand };
    void run(command).then((answer) => process.stdout.write(`${JSON.stringify({ id, answer })}\n`));
  }
}
process.exit(0);
