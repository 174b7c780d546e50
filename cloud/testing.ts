/** Builders for tests of the cloud: a running cloud on a database of its own, people, tokens, frames and agents over real sockets. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { AgentDown } from '../agent/wire/down.ts';
import { decodeMessage, encodeMessage } from '../agent/wire/envelope.ts';
import type { ClusterWindow } from '../agent/wire/rollup.ts';
import type { AgentFrame, AgentHello, AgentUp } from '../agent/wire/up.ts';
import { UPLINK_PATH } from '../agent/wire/version.ts';
import { bucketOf, createHistogram, toSparse } from '../proxy/wire/histogram.ts';
import { DIRECTIONS, PROTOCOLS, TLS_STATES } from '../proxy/wire/labels.ts';
import { parseConfig } from './config.ts';
import { asAuth, connectDatabase } from './db/client.ts';
import type { Transaction } from './db/client.ts';
import { tenant } from './db/tenant.ts';
import type { OrgId } from './db/tenant.ts';
import { testDatabase } from './db/testing.ts';
import type { TestDatabase } from './db/testing.ts';
import { silentLog } from './log.ts';
import type { Log } from './log.ts';
import { startCloud } from './platform-node/cloud.ts';
import type { EdgeLabels } from './series/edge.ts';
import type { Role } from './wire/roles.ts';

export const TEST_SECRET = 'a secret of at least thirty-two characters';
/** Longest wait of a test for something that should happen at once. */
const PATIENCE_MS = 25_000;

export interface TestCloud {
  readonly url: string;
  readonly database: TestDatabase;
  stop(): Promise<void>;
}

/** A cloud on a free port and a fresh database, or beside another one on the same. */
export async function testCloud(options: { readonly now?: () => number; readonly beside?: TestCloud; readonly log?: Log } = {}): Promise<TestCloud> {
  const database = options.beside?.database ?? (await testDatabase());
  const parsed = parseConfig({ PORT: '0', DATABASE_URL: database.serverUrl, SIDELIGHT_SECRET: TEST_SECRET });
  if (parsed.kind === 'faults') throw new Error(JSON.stringify(parsed.faults));
  const cloud = await startCloud({ config: parsed.config, consoleDir: '/nonexistent', log: options.log ?? silentLog, now: options.now ?? Date.now });
  return {
    url: cloud.url,
    database,
    stop: async () => {
      await cloud.stop();
      if (!options.beside) await database.drop();
    },
  };
}

/** Runs `work` as the app role in the organization of that slug, on a connection of its own. */
export async function asOrg<T>(database: TestDatabase, slug: string, work: (tx: Transaction, orgId: OrgId) => Promise<T>): Promise<T> {
  const sql = connectDatabase(database.serverUrl, 1);
  try {
    const [org] = await asAuth(sql, (tx) => tx<{ id: OrgId }[]>`select id from auth.organization where slug = ${slug}`);
    if (!org) throw new Error(`no organization ${slug}`);
    return await tenant(sql, org.id).transaction((tx) => work(tx, org.id));
  } finally {
    await sql.end();
  }
}

export interface Answer {
  readonly status: number;
  readonly body: never;
  readonly headers: Headers;
}

/** Someone who calls the API, with a cookie or a token. */
export interface Caller {
  readonly headers: Readonly<Record<string, string>>;
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

export function caller(url: string, headers: Readonly<Record<string, string>>): Caller {
  return {
    headers,
    call: async (method, path, body, more = {}) => {
      const content = body === undefined ? {} : { 'content-type': 'application/json' };
      const response = await fetch(url + path, { method, headers: { ...headers, ...content, ...more }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
      const text = await response.text();
      return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as never, headers: response.headers };
    },
  };
}

let people = 0;

/** Signs a new person up and answers a caller with their session. */
export async function signUp(url: string, name = 'Ada'): Promise<Caller & { readonly email: string; readonly password: string }> {
  const email = `${name.toLowerCase()}-${(people += 1)}@example.test`;
  const password = 'correct horse battery staple';
  const response = await fetch(`${url}/api/auth/sign-up/email`, {
    method: 'POST', headers: { 'content-type': 'application/json', origin: url }, body: JSON.stringify({ name, email, password }),
  });
  if (!response.ok) throw new Error(`sign-up answered ${response.status}: ${await response.text()}`);
  const cookie = response.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
  return { ...caller(url, { cookie, origin: url }), email, password };
}

/** A person with an organization of their own. */
export async function signUpWithOrg(url: string, slug: string): Promise<Caller & { readonly email: string; readonly password: string }> {
  const person = await signUp(url, slug);
  const made = await person.call('POST', '/api/v1/orgs', { name: slug, slug });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  return person;
}

/** A new person who has accepted an invitation to the organization, with that role. */
export async function invited(url: string, by: Caller, slug: string, role: Role): Promise<Caller & { readonly email: string; readonly password: string }> {
  const person = await signUp(url, role);
  const made = await by.call('POST', `/api/v1/orgs/${slug}/invitations`, { email: person.email, role });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  const accepted = await person.call('POST', `/api/v1/invitations/${(made.body as { id: string }).id}/accept`);
  if (accepted.status !== 200) throw new Error(JSON.stringify(accepted.body));
  return person;
}

/** A cluster and its agent token. */
export async function makeCluster(person: Caller, slug: string, name = 'eu-west'): Promise<{ readonly id: string; readonly token: string; readonly tokenId: string }> {
  const made = await person.call('POST', `/api/v1/orgs/${slug}/clusters`, { name });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  const { cluster, token } = made.body as { cluster: { id: string }; token: { id: string; token: string } };
  return { id: cluster.id, token: token.token, tokenId: token.id };
}

export interface TestRow extends Partial<EdgeLabels> {
  readonly requests: number;
  readonly failuresApp?: number;
  readonly failuresMesh?: number;
  readonly failuresClient?: number;
  readonly retries?: number;
  /** One latency in ms for every request. */
  readonly latencyMs?: number;
}

/** A window of edge rows; names are put into its dictionary. */
export function testWindow(startMs: number, rows: readonly TestRow[], lengthMs = 10_000): ClusterWindow {
  const strings = [''];
  const index = (text: string): number => {
    const at = strings.indexOf(text);
    return at >= 0 ? at : strings.push(text) - 1;
  };
  const numbers = (pick: (row: TestRow) => number | undefined): number[] => rows.map((row) => pick(row) ?? 0);
  return {
    startMs, lengthMs, proxies: 1,
    edges: {
      direction: rows.map((row) => DIRECTIONS.indexOf(row.direction ?? 'inbound')),
      source: rows.map((row) => index(row.source ?? 'shop/deployment/web')),
      service: rows.map((row) => index(row.service ?? 'shop/cart')),
      destination: rows.map((row) => index(row.destination ?? 'shop/deployment/cart')),
      protocol: rows.map((row) => PROTOCOLS.indexOf(row.protocol ?? 'http1')),
      tls: rows.map((row) => TLS_STATES.indexOf(row.tls ?? 'mtls')),
      requests: numbers((row) => row.requests), failuresApp: numbers((row) => row.failuresApp), failuresMesh: numbers((row) => row.failuresMesh),
      failuresClient: numbers((row) => row.failuresClient), retries: numbers((row) => row.retries),
      bytesIn: numbers((row) => row.requests * 100), bytesOut: numbers((row) => row.requests * 1000),
      latency: rows.map((row) => histogramOf(row.requests, row.latencyMs ?? 10)),
      durationSumUs: numbers((row) => row.requests * (row.latencyMs ?? 10) * 1000), appSumUs: numbers((row) => row.requests * 1000), queueSumUs: numbers(() => 0),
    },
    routes: { direction: [], service: [], route: [], requests: [], failuresApp: [], failuresMesh: [], failuresClient: [], retries: [], bytesIn: [], bytesOut: [], latency: [], durationSumUs: [], appSumUs: [], queueSumUs: [] },
    strings,
  };
}

function histogramOf(count: number, latencyMs: number): number[] {
  const dense = createHistogram();
  if (count > 0) dense[bucketOf(latencyMs * 1000)] = count;
  return toSparse(dense);
}

export function testFrame(sequence: number, windows: readonly ClusterWindow[], more: Partial<AgentFrame> = {}): AgentFrame {
  return { kind: 'frame', epoch: 1, sequence, previous: sequence - 1, windows, marks: {}, dropped: { proxyWindows: 0, frames: 0, folded: 0 }, ...more };
}

export function testHello(more: Partial<AgentHello> = {}): AgentHello {
  return { kind: 'hello', wire: 1, agentVersion: '0.1.0', platform: 'host', epoch: 1, clockMs: Date.now(), windowMs: 10_000, ...more };
}

/** An agent's end of the uplink. */
export interface TestAgent {
  send(message: AgentUp): void;
  sendBytes(bytes: Uint8Array): void;
  /** The next message; rejects when none comes. */
  next(): Promise<AgentDown>;
  /** Sends and awaits one answer. */
  ask(message: AgentUp): Promise<AgentDown>;
  /** Credentials that came, the newest last; `next` leaves them and requests to pause out. */
  readonly credentials: readonly string[];
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  /** Cuts the socket without a word. */
  cut(): void;
}

export async function connectAgent(url: string, token: string): Promise<TestAgent> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${UPLINK_PATH}`, { headers: { authorization: `Bearer ${token}` } });
  const inbox: AgentDown[] = [];
  const credentials: string[] = [];
  const waiting: ((message: AgentDown) => void)[] = [];
  socket.on('message', (data) => {
    const message = decodeMessage(data as Buffer) as AgentDown;
    if (message.kind === 'credential') return void credentials.push(message.credential);
    if (message.kind === 'slow') return;
    const first = waiting.shift();
    if (first) first(message);
    else inbox.push(message);
  });
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await once(socket, 'open');
  const next = (): Promise<AgentDown> => {
    const held = inbox.shift();
    if (held) return Promise.resolve(held);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no message in ${PATIENCE_MS} ms`)), PATIENCE_MS);
      waiting.push((message) => {
        clearTimeout(timer);
        resolve(message);
      });
    });
  };
  const send = (message: AgentUp): void => socket.send(encodeMessage(message));
  return {
    send, next, closed, credentials,
    sendBytes: (bytes) => socket.send(bytes),
    ask: (message) => {
      send(message);
      return next();
    },
    cut: () => socket.terminate(),
  };
}

/** Waits until `check` passes; its last error is the test's failure. */
export async function eventually<T>(check: () => Promise<T>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
