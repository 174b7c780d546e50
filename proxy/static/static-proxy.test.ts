import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../test/free-ports.ts';
import { shopIdentity, StaticBed, type RunningProxy } from '../test/static-bed.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const BUN = fileURLToPath(new URL('../../node_modules/.bin/bun', import.meta.url));

const bed = new StaticBed();
let app: Server;
let callee: RunningProxy;
let caller: RunningProxy;
let target: string;
let outbound: number;
let mesh: number;

beforeAll(async () => {
  app = createHttpServer((request, response) => response.end(`${request.method} ${request.url}`));
  const [appPort = 0, meshPort = 0, outboundPort = 0] = await freePorts(3);
  await new Promise<void>((done) => void app.listen(appPort, '127.0.0.1', done));
  outbound = outboundPort;
  mesh = meshPort;
  target = `127.0.0.1:${appPort}`;
  callee = await bed.start('cart', { inbound: { mesh: `127.0.0.1:${meshPort}`, policy: 'all-authenticated', ports: [{ target, services: ['shop/cart'] }] } });
  const endpoint = { address: target, workload: 'shop/host/cart', mesh: { address: `127.0.0.1:${meshPort}`, identity: shopIdentity('cart') } };
  caller = await bed.start('web', { outbound: [{ listen: `127.0.0.1:${outboundPort}`, service: 'shop/cart', port: 80, endpoints: [endpoint] }] });
}, 60_000);

afterAll(async () => {
  await bed.stop();
  await new Promise((done) => app.close(done));
});

const fetchText = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${outbound}${path}`)).text();
const metrics = async (proxy: RunningProxy): Promise<string> => (await fetch(`http://${proxy.admin}/metrics`)).text();

test('a pair of proxies without a control plane carries requests over mutual TLS and counts them', async () => {
  expect(await fetchText('/items/7')).toBe('GET /items/7');
  await expect.poll(() => metrics(caller)).toMatch(new RegExp(`^response_total\\{direction="outbound"[^}]*,target_addr="${target}"[^}]*,tls="true",server_id="${shopIdentity('cart')}"[^}]*\\} 1$`, 'm'));
  expect(await metrics(callee)).toMatch(new RegExp(`^request_total\\{direction="inbound"[^}]*target_addr="${target}"[^}]*,tls="true",client_id="${shopIdentity('web')}"[^}]*\\} 1$`, 'm'));
});

test('an app that is away is the same error in the metrics of both proxies', async () => {
  const [appPort = 0, meshPort = 0, outboundPort = 0] = await freePorts(3);
  const away = `127.0.0.1:${appPort}`;
  const alone = await bed.start('stock', { inbound: { mesh: `127.0.0.1:${meshPort}`, ports: [{ target: away, services: ['shop/stock'] }] } });
  const endpoint = { address: away, workload: 'shop/host/stock', mesh: { address: `127.0.0.1:${meshPort}`, identity: shopIdentity('stock') } };
  const asking = await bed.start('api', { outbound: [{ listen: `127.0.0.1:${outboundPort}`, service: 'shop/stock', port: 80, endpoints: [endpoint] }] });
  const answer = await fetch(`http://127.0.0.1:${outboundPort}/`);
  expect([answer.status, answer.headers.get('l5d-proxy-error')]).toEqual([502, 'app-unreachable']);
  for (const [proxy, direction] of [[alone, 'inbound'], [asking, 'outbound']] as const) {
    await expect.poll(() => metrics(proxy)).toMatch(new RegExp(`^response_total\\{direction="${direction}"[^}]*status_code="502",classification="failure"[^}]*error="app-unreachable"\\} 1$`, 'm'));
    expect(await metrics(proxy)).toContain(`${direction}_http_errors_total{error="app-unreachable"} 1\n`);
  }
  await Promise.all([alone.stop(), asking.stop()]);
});

test('a new certificate in the files is served within seconds, and no request notices', async () => {
  const served = (): Promise<string> =>
    new Promise((done, fail) => {
      const socket = connectTls({ host: '127.0.0.1', port: mesh, rejectUnauthorized: false }, () => {
        done(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      });
      socket.on('error', fail);
    });
  const before = await served();
  let failed = 0;
  let running = true;
  const traffic = (async () => {
    while (running) await fetchText('/').catch(() => (failed += 1));
  })();
  bed.writeLeaf(callee.folder, 'cart');
  await expect.poll(served, { timeout: 15_000 }).not.toBe(before);
  await fetchText('/after');
  running = false;
  await traffic;
  expect(failed).toBe(0);
});

test('SIGHUP puts a changed file in force; a broken one is refused with its faults, and the old one stays', async () => {
  const good = readFileSync(caller.configFile, 'utf8');
  const [second = 0] = await freePorts(1);
  writeFileSync(caller.configFile, good.replace(/"outbound": \[/, '"outbound": [], "unknown": ['));
  caller.signal('SIGHUP');
  await expect.poll(() => caller.log(), { timeout: 10_000 }).toContain('static_unknown');
  expect(await fetchText('/still')).toBe('GET /still');
  const file = JSON.parse(good) as { outbound: { listen: string }[] };
  const [listener] = file.outbound;
  writeFileSync(caller.configFile, JSON.stringify({ ...file, outbound: [listener, { ...listener, listen: `127.0.0.1:${second}` }] }));
  caller.signal('SIGHUP');
  await expect.poll(() => fetch(`http://127.0.0.1:${second}/x`).then((answer) => answer.text(), () => ''), { timeout: 10_000 }).toBe('GET /x');
  writeFileSync(caller.configFile, good.replace('shop/host/web', 'shop/host/api'));
  caller.signal('SIGHUP');
  await expect.poll(() => caller.log(), { timeout: 10_000 }).toContain('static_restart_needed');
  writeFileSync(caller.configFile, good);
});

async function failedStart(args: readonly string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(BUN, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part));
  const code = await new Promise<number | null>((done) => void child.once('close', done));
  return { code, text };
}

test('a start that can only fail tells every reason and leaves nothing open', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-static-'));
  const file = join(folder, 'proxy.json');
  const config = JSON.parse(readFileSync(callee.configFile, 'utf8')) as Record<string, unknown> & { inbound: object };
  const [admin, plain] = await freePorts(2);
  const taken = createTcpServer();
  await new Promise<void>((done) => void taken.listen(plain, '127.0.0.1', done));
  try {
    expect(await failedStart(['--config', join(folder, 'none.json')])).toMatchObject({ code: 78, text: expect.stringContaining('static_file_unreadable') });
    expect(await failedStart(['--config'])).toMatchObject({ code: 64 });
    expect(await failedStart(['--confg', file])).toMatchObject({ code: 64, text: expect.stringContaining('Usage') });
    writeFileSync(file, JSON.stringify({ ...config, workload: 'x', color: 1 }));
    expect(await failedStart(['--config', file])).toMatchObject({ code: 78, text: expect.stringMatching(/2 faults:\n.*static_invalid\] \/workload.*\n.*static_unknown\] \/color/) });
    writeFileSync(file, JSON.stringify({ ...config, admin: `127.0.0.1:${admin}` }));
    expect(await failedStart(['--config', file])).toMatchObject({ code: 1, text: expect.stringMatching(/3 faults:(\n.*static_certificate_unreadable.*){3}/) });
    bed.writeLeaf(folder, 'cart');
    const [freeMesh] = await freePorts(1);
    const ports = [{ target: '127.0.0.1:9', services: ['shop/cart'], plain: `127.0.0.1:${plain}` }];
    writeFileSync(file, JSON.stringify({ ...config, admin: `127.0.0.1:${admin}`, inbound: { mesh: `127.0.0.1:${freeMesh}`, ports } }));
    expect(await failedStart(['--config', file])).toMatchObject({ code: 1, text: expect.stringContaining('static_listen_failed') });
    writeFileSync(file, JSON.stringify({ ...config, admin: `127.0.0.1:${plain}`, inbound: { mesh: `127.0.0.1:${freeMesh}` } }));
    expect(await failedStart(['--config', file])).toMatchObject({ code: 1, text: expect.stringContaining('[static_listen_failed] /admin') });
  } finally {
    taken.close();
    rmSync(folder, { recursive: true });
  }
}, 60_000);

test('SIGTERM ends it with code 0', async () => {
  const proxy = await bed.start('api', {});
  expect(await proxy.stop()).toBe(0);
});

test('the log level changes while the proxy runs, and a level that there isn\'t leaves it as it was', async () => {
  const proxy = await bed.start('quiet', { outbound: [] });
  const level = (body: string): Promise<Response> => fetch(`http://${proxy.admin}/log-level`, { method: 'PUT', body });
  expect((await level('loud')).status).toBe(400);
  expect(await (await fetch(`http://${proxy.admin}/log-level`)).text()).toBe('info\n');
  expect((await level('error')).status).toBe(200);
  expect((await fetch(`http://${proxy.admin}/shutdown`, { method: 'POST' })).status).toBe(202);
  expect(await proxy.ended).toBe(0);
  expect(proxy.log()).not.toContain('"draining"');
});
