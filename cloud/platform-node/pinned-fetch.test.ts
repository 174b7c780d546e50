import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:https';
import forge from 'node-forge';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseOutboundAllow } from '../alerts/outbound.ts';
import { createReceiver } from '../alerts/testing.ts';
import type { Receiver } from '../alerts/testing.ts';
import { OutboundRefused, pinnedFetch } from './pinned-fetch.ts';
import type { Resolved } from './pinned-fetch.ts';

let receiver: Receiver;
beforeEach(async () => { receiver = await createReceiver(); });
afterEach(() => receiver.close());

function init(signal: AbortSignal = AbortSignal.timeout(5_000)) {
  return { method: 'POST' as const, headers: { 'content-type': 'text/plain' }, body: 'grüße', redirect: 'manual' as const, signal };
}

function allowing(...entries: string[]) {
  return parseOutboundAllow(entries.join(' ')).allow;
}

/** A resolver that knows one answer, and counts. */
function resolver(addresses: readonly string[]): { resolve: () => Promise<Resolved[]>; calls: () => number } {
  let calls = 0;
  return {
    resolve: () => {
      calls += 1;
      return Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
    },
    calls: () => calls,
  };
}

test('a name is resolved once, and the request goes to the checked address under the name', async () => {
  const { port, pathname } = new URL(receiver.url);
  const { resolve, calls } = resolver(['127.0.0.1']);
  const fetch = pinnedFetch(allowing(receiver.host), resolve);
  const response = await fetch(new URL(`http://hooks.example.com:${port}${pathname}?a=b`), init());
  expect(response.status).toBe(204);
  expect(calls()).toBe(1);
  expect(receiver.received[0]).toMatchObject({ body: 'grüße', headers: { host: `hooks.example.com:${port}`, 'content-length': '7', connection: 'close' } });
});

test.each([
  ['a private address', ['10.0.0.1']],
  ['a private address behind a public one', ['93.184.216.34', '127.0.0.1']],
  ['a mapped loopback address', ['::ffff:127.0.0.1']],
  ['the metadata service', ['169.254.169.254']],
  ['no address', []],
])('a name that leads to %s is refused and nothing is sent', async (_name, addresses) => {
  const port = receiver.host.split(':')[1] ?? '';
  const fetch = pinnedFetch(allowing(), resolver(addresses).resolve);
  await expect(fetch(new URL(`http://hooks.example.com:${port}/`), init())).rejects.toThrow(OutboundRefused);
  expect(receiver.received).toHaveLength(0);
});

test('a private literal is refused without the operator’s exception, and reached with it', async () => {
  const nowhere = resolver([]);
  await expect(pinnedFetch(allowing(), nowhere.resolve)(new URL(receiver.url), init())).rejects.toThrow(/loopback address/);
  expect((await pinnedFetch(allowing(receiver.host), nowhere.resolve)(new URL(receiver.url), init())).status).toBe(204);
  expect(nowhere.calls()).toBe(0);
});

test('a redirect is an answer, not a journey', async () => {
  receiver.answer = (_request, response) => { response.writeHead(307, { location: receiver.url }).end('elsewhere'); };
  const response = await pinnedFetch(allowing(receiver.host))(new URL(receiver.url), init());
  expect([response.status, await response.text()]).toEqual([307, 'elsewhere']);
  expect(receiver.received).toHaveLength(1);
});

test('a resolver that hangs, and a receiver that hangs, end with the signal', async () => {
  const never = pinnedFetch(allowing(), () => new Promise(() => undefined));
  await expect(never(new URL('http://hooks.example.com/'), init(AbortSignal.timeout(50)))).rejects.toThrow();
  receiver.answer = () => undefined;
  await expect(pinnedFetch(allowing(receiver.host))(new URL(receiver.url), init(AbortSignal.timeout(100)))).rejects.toThrow();
});

test('an answer that is no HTTP, or has an impossible status, is a failed attempt and no crash', async () => {
  receiver.answer = (request) => { request.socket.end('SSH-2.0-OpenSSH\r\n'); };
  await expect(pinnedFetch(allowing(receiver.host))(new URL(receiver.url), init())).rejects.toThrow();
  receiver.answer = (request) => { request.socket.end('HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n'); };
  expect((await pinnedFetch(allowing(receiver.host))(new URL(receiver.url), init())).status).toBe(502);
});

test('over TLS a certificate that nobody vouches for is refused', async () => {
  const server = createServer(selfSigned(), (_request, response) => response.end());
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  const fetch = pinnedFetch(allowing(`127.0.0.1:${port}`), resolver(['127.0.0.1']).resolve);
  await expect(fetch(new URL(`https://hooks.example.com:${port}/`), init())).rejects.toThrow(/self-signed certificate/);
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

function selfSigned(): { key: string; cert: string } {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const pair = forge.pki.privateKeyFromPem(key);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(pair.n, pair.e);
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date(Date.now() - 60_000);
  certificate.validity.notAfter = new Date(Date.now() + 3_600_000);
  certificate.setSubject([{ name: 'commonName', value: 'hooks.example.com' }]);
  certificate.setIssuer([{ name: 'commonName', value: 'hooks.example.com' }]);
  certificate.setExtensions([{ name: 'subjectAltName', altNames: [{ type: 2, value: 'hooks.example.com' }] }]);
  certificate.sign(pair, forge.md.sha256.create());
  return { key, cert: forge.pki.certificateToPem(certificate) };
}
