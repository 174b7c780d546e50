import { expect, test } from 'vitest';
import { checkAddresses, checkUrl, parseOutboundAllow } from './outbound.ts';

const NOTHING = parseOutboundAllow('').allow;

test.each([
  'http://127.0.0.1/', 'http://127.1/', 'http://0x7f.1/', 'http://0x7f000001/', 'http://2130706433/', 'http://0177.0.0.1/',
  'http://017700000001/', 'http://127.0.0.1./', 'http://０x7f.1/', 'http://①②⑦.0.0.1/', 'http://127。0。0。1/', 'http://%31%32%37.0.0.1/',
  'http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://[0:0:0:0:0:ffff:7f00:1]/', 'http://[64:ff9b::7f00:1]/', 'http://[fe80::1]/',
  'http://169.254.169.254/latest/meta-data', 'http://0xa9fea9fe/', 'http://[fd00:ec2::254]/', 'http://0/', 'http://10.1/', 'http://192.168.257/',
  'http://localhost/', 'http://LOCALHOST:8080/', 'http://localhost./', 'http://a.localhost/', 'http://printer.local/', 'http://postgres/',
  'http://metadata.google.internal/', 'http://web.shop.svc.cluster.local/',
  'ftp://example.com/', 'file:///etc/passwd', 'gopher://example.com/', 'javascript:alert(1)', 'https://user:pass@example.com/', 'not a url', '', 'http://',
  'http://999.1.1.1/', 'http://[::1%25eth0]/',
])('%s is refused before anything is resolved', (text) => {
  const check = checkUrl(text, NOTHING);
  expect(check.kind).toBe('refused');
  if (check.kind === 'refused') expect(check.message.length).toBeGreaterThan(10);
});

test.each([
  ['https://hooks.example.com/a?b=c', 'hooks.example.com', 443, false],
  ['http://example.com:8080/', 'example.com', 8080, false],
  ['https://EXAMPLE.com./', 'example.com', 443, false],
  ['https://bücher.example/', 'xn--bcher-kva.example', 443, false],
  ['https://8.8.8.8/', '8.8.8.8', 443, true],
  ['https://[2606:4700:4700::1111]:8443/', '2606:4700:4700::1111', 8443, true],
])('%s may be resolved', (text, host, port, literal) => {
  const check = checkUrl(text, NOTHING);
  expect(check).toMatchObject({ kind: 'ok', target: { host, port, literal, exempt: false } });
});

function target(url: string, allow = NOTHING) {
  const check = checkUrl(url, allow);
  if (check.kind === 'refused') throw new Error(check.message);
  return check.target;
}

test('one private address among public ones refuses the name', () => {
  const name = target('https://rebind.example.com/');
  expect(checkAddresses(name, ['8.8.8.8', '2606:4700:4700::1111'], NOTHING).kind).toBe('ok');
  expect(checkAddresses(name, ['8.8.8.8', '10.0.0.1'], NOTHING)).toMatchObject({ message: expect.stringContaining('rebind.example.com leads to 10.0.0.1, a private address') });
  expect(checkAddresses(name, ['8.8.8.8', '::ffff:127.0.0.1'], NOTHING).kind).toBe('refused');
  expect(checkAddresses(name, [], NOTHING).kind).toBe('refused');
});

test('an exception holds for its host and port only', () => {
  const { allow, faults } = parseOutboundAllow('127.0.0.1:9999, [::1]:8080 hooks.corp.internal:443 0x7f.1:7');
  expect(faults).toEqual([]);
  expect(checkUrl('http://127.0.0.1:9999/hook', allow).kind).toBe('ok');
  expect(checkUrl('http://0x7f.1:9999/hook', allow).kind).toBe('ok');
  expect(checkUrl('http://127.0.0.1:7/', allow).kind).toBe('ok');
  expect(checkUrl('http://127.0.0.1:9998/hook', allow).kind).toBe('refused');
  expect(checkUrl('http://127.0.0.2:9999/hook', allow).kind).toBe('refused');
  expect(checkUrl('http://[::1]:8080/', allow).kind).toBe('ok');
  expect(checkUrl('https://hooks.corp.internal/', allow).kind).toBe('ok');
  expect(checkUrl('http://hooks.corp.internal/', allow).kind).toBe('refused');
  expect(checkAddresses(target('https://hooks.corp.internal/', allow), ['10.0.0.9'], allow).kind).toBe('ok');
  expect(checkAddresses(target('http://example.com:9999/', allow), ['127.0.0.1'], allow).kind).toBe('ok');
  expect(checkAddresses(target('http://example.com/', allow), ['127.0.0.1'], allow).kind).toBe('refused');
});

test('an exception that is not host:port is named', () => {
  expect(parseOutboundAllow('127.0.0.1, http://x:1/, x:1/path, :80, a:99999').faults).toHaveLength(5);
  expect(parseOutboundAllow('127.0.0.1').allow.size).toBe(0);
});
