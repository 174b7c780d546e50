/** Two proxies in static mode in front of each other: `web` calls services behind `cart` over mutual TLS, without a control plane. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Authority, createAuthority } from '../../agent/issuer/authority.ts';
import { identityOf } from '../../proxy/wire/labels.ts';
import { type Child, type Family, answersOk, untilReady } from '../children.ts';
import type { ProxyProgram } from '../mesh/processes.ts';

const TRUST_DOMAIN = 'cluster.local';
const LEAF_MS = 24 * 3_600_000;
const READY_MS_MAX = 30_000;

/** One service of the pair. Ports are of 127.0.0.1. */
export interface PairService {
  readonly name: string;
  readonly protocol: 'http1' | 'http2' | 'opaque';
  /** Where `web` listens for it. */
  readonly listen: number;
  /** Where `web` finds the mesh listener of `cart`; a relay may stand there. */
  readonly dialled: number;
  /** What `cart` dials as the app; a relay may stand there. */
  readonly target: number;
}

export interface PairPlan {
  readonly folder: string;
  readonly webAdmin: number;
  readonly webMesh: number;
  readonly cartAdmin: number;
  readonly cartMesh: number;
  readonly services: readonly PairService[];
}

export interface StaticPair {
  readonly web: Child;
  readonly cart: Child;
  /** Starts another process in a proxy's place; gives the old one, which is still to be stopped, when the new one serves. */
  succeed(name: 'web' | 'cart'): Promise<Child>;
  /** Connections and exchanges open in both. */
  open(): Promise<{ readonly connections: number; readonly exchanges: number }>;
  /** The lines of their /metrics that name exchanges which began and have not ended. */
  openLines(): Promise<readonly string[]>;
  /** What they logged as an error: an exception of their own, an order that can't be carried out. */
  errors(): Promise<readonly string[]>;
}

const local = (port: number): string => `127.0.0.1:${port}`;

/** Starts both; resolves when they are ready. They end with the family. */
export async function startStaticPair(family: Family, program: ProxyProgram, plan: PairPlan): Promise<StaticPair> {
  const { authority } = createAuthority(TRUST_DOMAIN, Date.now());
  const [webFile, cartFile] = await Promise.all([
    writeProxy(plan.folder, 'web', authority, { admin: local(plan.webAdmin), inbound: { mesh: local(plan.webMesh) }, outbound: plan.services.map((service) => listener(service)) }),
    writeProxy(plan.folder, 'cart', authority, { admin: local(plan.cartAdmin), inbound: { mesh: local(plan.cartMesh), policy: 'all-authenticated', ports: plan.services.map((service) => inboundPort(service)) } }),
  ]);
  const start = (name: string, file: string): Child =>
    family.start({ name: `proxy ${name}`, command: program.command, args: [...program.args, '--config', file], env: {}, cwd: plan.folder, logFile: join(plan.folder, `${name}.log`) });
  const files = { web: webFile, cart: cartFile };
  const adminOf = { web: plan.webAdmin, cart: plan.cartAdmin };
  const running = { web: start('web', webFile), cart: start('cart', cartFile) };
  const { web, cart } = running;
  const admins = [plan.webAdmin, plan.cartAdmin];
  await Promise.all([untilReady(web, () => answersOk(`http://${local(plan.webAdmin)}/ready`), READY_MS_MAX), untilReady(cart, () => answersOk(`http://${local(plan.cartAdmin)}/ready`), READY_MS_MAX)]);
  return {
    get web() {
      return running.web;
    },
    get cart() {
      return running.cart;
    },
    succeed: async (name) => {
      const old = running[name];
      const next = start(name, files[name]);
      await untilReady(next, () => servesAs(adminOf[name], next.pid), READY_MS_MAX);
      running[name] = next;
      return old;
    },
    open: async () => summed(await Promise.all(admins.map((port) => openIn(port)))),
    errors: async () => (await Promise.all([web, cart].map(({ spec }) => errorsIn(spec.logFile)))).flat(),
    openLines: async () => (await Promise.all(admins.map((port) => openLinesIn(port)))).flat(),
  };
}

/** Both the old process and the new one have had this port. */
async function servesAs(admin: number, pid: number): Promise<boolean> {
  const { status, headers } = await fetch(`http://${local(admin)}/ready`, { signal: AbortSignal.timeout(2_000) });
  return status === 200 && headers.get('sidelight-pid') === String(pid);
}

function listener({ name, protocol, listen, dialled, target }: PairService): object {
  const mesh = { address: local(dialled), identity: identityOf('cart', 'shop', TRUST_DOMAIN) };
  return { listen: local(listen), service: `shop/${name}`, port: 80, protocol, endpoints: [{ address: local(target), workload: 'shop/host/cart', mesh }] };
}

function inboundPort({ name, protocol, target }: PairService): object {
  return { target: local(target), services: [`shop/${name}`], protocol };
}

/** Writes configuration and certificate files; returns the configuration's path. */
async function writeProxy(folder: string, name: string, authority: Authority, config: object): Promise<string> {
  const place = join(folder, name);
  await mkdir(place, { recursive: true, mode: 0o700 });
  const leaf = authority.issueKeyed(identityOf(name, 'shop', TRUST_DOMAIN), Date.now(), LEAF_MS);
  const certificate = { chainFile: 'leaf.pem', keyFile: 'key.pem', trustAnchorsFile: 'anchors.pem' };
  await Promise.all([
    writeFile(join(place, 'leaf.pem'), leaf.certificatePem),
    writeFile(join(place, 'key.pem'), leaf.keyPem, { mode: 0o600 }),
    writeFile(join(place, 'anchors.pem'), authority.certificatePem),
    writeFile(join(place, 'proxy.json'), JSON.stringify({ workload: `shop/host/${name}`, trustDomain: TRUST_DOMAIN, certificate, handover: 'proxy.sock', ...config }, null, 2)),
  ]);
  return join(place, 'proxy.json');
}

interface Open {
  readonly connections: number;
  readonly exchanges: number;
}

async function openIn(admin: number): Promise<Open> {
  const answer = await fetch(`http://${local(admin)}/config`);
  return ((await answer.json()) as { readonly open: Open }).open;
}

function summed(parts: readonly Open[]): Open {
  return { connections: parts.reduce((sum, part) => sum + part.connections, 0), exchanges: parts.reduce((sum, part) => sum + part.exchanges, 0) };
}

async function openLinesIn(admin: number): Promise<string[]> {
  const text = await (await fetch(`http://${local(admin)}/metrics`)).text();
  return text.split('\n').filter((line) => /^(sidelight_open_exchanges|tcp_open_connections)\{/.test(line) && !line.endsWith(' 0'));
}

async function errorsIn(logFile: string): Promise<string[]> {
  return (await readFile(logFile, 'utf8')).split('\n').filter((line) => line.includes('"level":"error"'));
}
