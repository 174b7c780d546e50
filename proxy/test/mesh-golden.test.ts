import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { connectRequest } from '../outbound/hop-1.ts';
import { formatAddress } from '../sockets/address.ts';
import { identityOf } from '../wire/labels.ts';
import { startFakeControl, type FakeControl } from './fake-control.ts';
import { freePorts } from './free-ports.ts';
import { loopback, meshOrders } from './orders.ts';
import { cleanUp, proxyEnv, startProxy, until } from './proxy-process.ts';
import { createTestCa } from './test-ca.ts';

const golden = (name: string) => readFileSync(`${import.meta.dirname}/../wire/golden/mesh-1/${name}.txt`, 'latin1');
const ends: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  await cleanUp();
  for (const end of ends.splice(0)) await end();
});

test.each([
  ['connect-http1', { host: '10.0.0.7', port: 8_080 }, 'shop/cart', 'http1', 'shop/host/web'],
  ['connect-opaque', { host: 'fd00::7', port: 5_432 }, 'shop/db', 'opaque', 'shop/deployment/web'],
] as const)('mesh hop version 1: %s is written as it always was', (name, address, service, protocol, workload) => {
  expect(Buffer.from(connectRequest({ target: formatAddress(address), service, protocol, workload })).toString('latin1')).toBe(golden(name));
});

async function callee(ca: ReturnType<typeof createTestCa>, appPort: number, meshPort: number): Promise<FakeControl> {
  const control = await startFakeControl({
    ca,
    leafName: () => identityOf('cart', 'shop', 'cluster.local'),
    orders: (workload) =>
      meshOrders(workload, meshPort, {
        inbound: { mesh: loopback(meshPort), ports: [{ target: loopback(appPort), services: ['shop/cart'], protocol: 'http1', plain: null }], policy: 'all-authenticated' },
      }),
  });
  ends.push(() => control.close());
  return control;
}

function app(port: number): Promise<Server> {
  const server = createServer((request, response) => response.end(`answer to ${request.url}`));
  ends.push(() => void server.closeAllConnections(), () => void server.close());
  return new Promise((done) => void server.listen(port, '127.0.0.1', () => done(server)));
}

test('mesh hop version 1: a callee still takes the CONNECT of a released caller, and requests behind it', async () => {
  const ca = createTestCa();
  const [appPort = 0, meshPort = 0] = await freePorts(2);
  await app(appPort);
  const control = await callee(ca, appPort, meshPort);
  const proxy = startProxy(proxyEnv({ controlPort: control.port, trustBundle: ca.certificate, workload: 'shop/host/cart', instance: 'cart-1' }));
  await until(() => control.statuses.some(({ ready }) => ready), proxy.text);
  const leaf = ca.issue([identityOf('web', 'shop', 'cluster.local')]);
  const servername = identityOf('cart', 'shop', 'cluster.local');
  const socket: TLSSocket = connect({ host: '127.0.0.1', port: meshPort, servername, ca: ca.certificate, cert: leaf.certificate, key: leaf.privateKey });
  ends.push(() => void socket.destroy());
  let answer = '';
  socket.on('data', (bytes: Buffer) => void (answer += bytes.toString('latin1')));
  socket.write(golden('connect-http1').replaceAll('10.0.0.7:8080', `127.0.0.1:${appPort}`));
  await until(() => answer.startsWith('HTTP/1.1 200 ') && answer.endsWith('\r\n\r\n'), () => answer + proxy.text());
  socket.write('GET /items/5 HTTP/1.1\r\nhost: cart\r\n\r\n');
  await until(() => answer.endsWith('answer to /items/5'), () => answer + proxy.text());
});
