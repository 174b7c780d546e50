import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, type Http2App, answerOf, open, serveHttp2 } from './test/http2-peer.ts';
import { Pair, eventually, local, rowsOf } from './test/pair.ts';

let pair: Pair<'app' | 'away'>;
let app: Http2App;

beforeAll(async () => {
  app = await serveHttp2(call);
  const away = await serveHttp2(() => undefined);
  await away.stop();
  pair = await Pair.start({ app: { port: app.port, protocol: 'http2' }, away: { port: away.port, protocol: 'http2' } });
}, 30_000);

afterAll(async () => {
  await pair.stop();
  await app.stop();
});

/** `/test.Echo/<how>`: `say` with the status in `x-status`, or fail in other ways. */
function call(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const how = String(headers[':path']).split('/').at(-1);
  const base = { ':status': 200, 'content-type': 'application/grpc' };
  switch (how) {
    case 'TrailersOnly':
      stream.respond({ ...base, 'grpc-status': '5', 'grpc-message': 'not%20found' }, { endStream: true });
      return;
    case 'Silent':
      stream.respond(base);
      stream.end('x');
      return;
    case 'Http503':
      stream.respond({ ':status': 503, 'content-type': 'text/html' });
      stream.end('<html>');
      return;
    default:
      stream.respond(base, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(headers['x-status'] ?? '0'), 'grpc-message': 'as asked' }));
      stream.pipe(stream);
  }
}

async function ask(port: number, method: string, fields: Record<string, string> = {}): Promise<Answer> {
  const session = await open(port);
  const stream = session.request({ ':method': 'POST', ':path': `/test.Echo/${method}`, 'content-type': 'application/grpc+proto', te: 'trailers', ...fields });
  stream.end(Buffer.from([0, 0, 0, 0, 1, 42]));
  const answer = await answerOf(stream);
  session.close();
  return answer;
}

/** Rows and ends of a method in both views. */
async function endsOf(service: string, method: string, expected: number): Promise<readonly string[]> {
  const route = `POST /test.Echo/${method}`;
  const read = async (): Promise<string[]> => {
    const both = await Promise.all([pair.web.facts(), pair.cart.facts()]);
    return both.flatMap((facts) => rowsOf(facts, service).flatMap(({ key, ends }) => ends.filter((end) => end.route === route).map((end) => `${key.direction} ${key.protocol} ${end.status} ${end.grpcStatus} ${end.fault} ${end.code}`)));
  };
  return eventually(read, (ends) => ends.length === expected);
}

test.each([
  ['0', null],
  ['1', 'app'],
  ['5', 'app'],
  ['14', 'app'],
  ['99', 'app'],
] as const)('a call that ends with grpc-status %s in its trailers is counted so by both views', async (status, fault) => {
  const answer = await ask(pair.out.app, `Say${status}`, { 'x-status': status });
  expect([answer.trailers['grpc-status'], answer.trailers['grpc-message'], answer.body]).toEqual([status, 'as asked', '\0\0\0\0\x01*']);
  const read = status === '99' ? 2 : status;
  expect(await endsOf('shop/app', `Say${status}`, 2)).toEqual([`outbound grpc 200 ${read} ${fault} null`, `inbound grpc 200 ${read} ${fault} null`]);
});

test('a call whose head is its end has its status there', async () => {
  const answer = await ask(pair.out.app, 'TrailersOnly');
  expect([answer.headers['grpc-status'], answer.headers['grpc-message']]).toEqual(['5', 'not%20found']);
  expect(await endsOf('shop/app', 'TrailersOnly', 2)).toEqual(['outbound grpc 200 5 app null', 'inbound grpc 200 5 app null']);
});

test('a call that ends without a status failed, as UNKNOWN', async () => {
  await ask(pair.out.app, 'Silent');
  expect(await endsOf('shop/app', 'Silent', 2)).toEqual(['outbound grpc 200 2 app null', 'inbound grpc 200 2 app null']);
});

test('an HTTP failure to a call is one', async () => {
  expect((await ask(pair.out.app, 'Http503')).headers[':status']).toBe(503);
  expect(await endsOf('shop/app', 'Http503', 2)).toEqual(['outbound grpc 503 2 app null', 'inbound grpc 503 2 app null']);
});

test('what a proxy answers to a call is shaped for gRPC, and both views agree on the cause', async () => {
  const answer = await ask(pair.out.away, 'Say');
  expect(answer.headers).toMatchObject({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14', 'l5d-proxy-error': 'app-unreachable' });
  expect(answer.headers['grpc-message']).toContain('app-unreachable');
  expect(await endsOf('shop/away', 'Say', 2)).toEqual(['outbound grpc 200 14 app app-unreachable', 'inbound grpc 200 14 app app-unreachable']);
});

test('a plain request to the same port gets a plain answer', async () => {
  const session = await open(pair.out.away);
  const answer = await answerOf(session.request({ ':path': '/x' }));
  expect([answer.headers[':status'], answer.headers['content-type'], answer.body]).toEqual([502, 'text/plain', expect.stringContaining('app-unreachable')]);
  session.close();
});

test('policy is asked for each call, and its no is PERMISSION_DENIED', async () => {
  const session = await open(pair.plain.app);
  const request = async (): Promise<Answer> => {
    const stream = session.request({ ':method': 'POST', ':path': '/test.Echo/Policy', 'content-type': 'application/grpc' });
    stream.end();
    return answerOf(stream);
  };
  expect((await request()).trailers['grpc-status']).toBe('0');
  await pair.cart.apply(pair.cartOrders('all-authenticated'));
  expect((await request()).headers).toMatchObject({ 'grpc-status': '7', 'l5d-proxy-error': 'denied' });
  await pair.cart.apply(pair.cartOrders());
  expect((await request()).trailers['grpc-status']).toBe('0');
  session.close();
});

test('without an endpoint a call is UNAVAILABLE within the wait', async () => {
  await pair.web.apply(pair.webOrders((listener) => ({ ...listener, endpoints: [] })));
  const answer = await ask(pair.out.app, 'Nobody');
  expect(answer.headers).toMatchObject({ ':status': 200, 'grpc-status': '14', 'l5d-proxy-error': 'no-endpoints' });
  await pair.web.apply(pair.webOrders());
  await pair.web.apply(pair.webOrders((listener) => ({ ...listener, endpoints: [{ ...pair.endpoint('app'), mesh: null, address: local(app.port) }] })));
  expect((await ask(pair.out.app, 'Direct')).trailers['grpc-status']).toBe('0');
  await pair.web.apply(pair.webOrders());
}, 15_000);
