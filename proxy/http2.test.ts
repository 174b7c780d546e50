import { type IncomingHttpHeaders, type ServerHttp2Stream, constants } from 'node:http2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Http2App, answerOf, open, serveHttp2 } from './test/http2-peer.ts';
import { Pair, eventually, rowsOf } from './test/pair.ts';

type Handler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

let pair: Pair<'app'>;
let app: Http2App;
const handlers = new Map<string, Handler>();

beforeAll(async () => {
  app = await serveHttp2((stream, headers) => (handlers.get(String(headers[':path'] ?? 'CONNECT').split('?')[0] ?? '') ?? echo)(stream, headers));
  pair = await Pair.start({ app: { port: app.port, protocol: 'http2' } });
}, 30_000);

afterAll(async () => {
  await pair.stop();
  await app.stop();
});

/** Says back what came. */
function echo(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  stream.respond({ ':status': 200, 'x-method': headers[':method'], 'x-saw': JSON.stringify(headers) });
  stream.pipe(stream);
}

/** Every way through the proxies: outside the mesh, and through the mTLS pair. */
const WAYS = ['plain', 'pair'] as const;
const portOf = (way: (typeof WAYS)[number]): number => (way === 'plain' ? pair.plain.app : pair.out.app);

/** The value that a counter keeps for a while; it must come to rest in time. */
async function settled(read: () => number): Promise<number> {
  for (let look = 0, last = -1; look < 40; look++) {
    await new Promise((resolve) => setTimeout(resolve, 150));
    if (read() === last) return last;
    last = read();
  }
  throw new Error(`it never came to rest: ${read()}`);
}

/** Rows that counted something, of both views. */
async function rows(): Promise<ReturnType<typeof rowsOf>> {
  const both = await Promise.all([pair.web.facts(), pair.cart.facts()]);
  return both.flatMap((facts) => rowsOf(facts, 'shop/app'));
}

test.each(WAYS)('%s: requests and answers arrive whole, with bodies and trailers both ways', async (way) => {
  const session = await open(portOf(way));
  handlers.set('/trailers', (stream) => {
    let received = '';
    let came: IncomingHttpHeaders = {};
    stream.on('data', (bytes: Buffer) => (received += bytes.toString()));
    stream.on('trailers', (trailers) => (came = trailers));
    stream.on('end', () => {
      stream.respond({ ':status': 201, 'content-type': 'text/plain' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': String(received.length), 'x-came': String(came['x-end']) }));
      stream.end(received.toUpperCase());
    });
  });
  const stream = session.request({ ':method': 'POST', ':path': '/trailers' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': 'yes' }));
  stream.end('hello');
  const answer = await answerOf(stream);
  expect([answer.headers[':status'], answer.body, answer.trailers['x-sum'], answer.trailers['x-came'], answer.code]).toEqual([201, 'HELLO', '5', 'yes', 0]);
  session.close();
});

test.each(WAYS)('%s: many streams of one connection at once come back each to its own', async (way) => {
  const session = await open(portOf(way));
  const answers = await Promise.all(Array.from({ length: 200 }, (_, at) => {
    const stream = session.request({ ':method': 'POST', ':path': `/echo/${at}` });
    stream.end(`body ${at} ${'x'.repeat(at * 37)}`);
    return answerOf(stream);
  }));
  expect(answers.map(({ body }) => body)).toEqual(answers.map((_, at) => `body ${at} ${'x'.repeat(at * 37)}`));
  session.close();
});

test.each(WAYS)('%s: a body of 8 MiB arrives as it was, whatever its pieces', async (way) => {
  const session = await open(portOf(way));
  const sent = Buffer.alloc(8 * 1024 * 1024, 'abcdefghijklmnopqrstuvwxyz0123456789');
  const stream = session.request({ ':method': 'PUT', ':path': '/big' });
  stream.end(sent);
  const answer = await answerOf(stream);
  expect(answer.body.length).toBe(sent.length);
  expect(answer.body === sent.toString()).toBe(true);
  session.close();
}, 20_000);

test.each(WAYS)('%s: no credit gets lost when answers end before their slow readers have them', async (way) => {
  const session = await open(portOf(way));
  handlers.set('/slowly', (stream) => {
    stream.respond({ ':status': 200 });
    stream.end(Buffer.alloc(120_000));
  });
  for (let turn = 0; turn < 5; turn++) {
    const lengths = await Promise.all(Array.from({ length: 10 }, async () => {
      const stream = session.request({ ':path': '/slowly' });
      await new Promise<void>((resolve) => void stream.once('response', () => resolve()));
      await new Promise((resolve) => setTimeout(resolve, 60));
      return (await answerOf(stream)).body.length;
    }));
    expect(lengths).toEqual(new Array(10).fill(120_000));
  }
  session.close();
}, 10_000);

test.each(WAYS)('%s: informational answers, HEAD, no content and content-length pass as they are', async (way) => {
  const session = await open(portOf(way));
  handlers.set('/early', (stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
    stream.respond({ ':status': 204 }, { endStream: true });
  });
  handlers.set('/length', (stream, headers) => {
    stream.respond({ ':status': 200, 'content-length': '5' }, { endStream: headers[':method'] === 'HEAD' });
    if (headers[':method'] !== 'HEAD') stream.end('12345');
  });
  const early = await answerOf(session.request({ ':path': '/early' }));
  expect([early.interim.map((head) => head[':status']), early.headers[':status']]).toEqual([[103], 204]);
  const head = await answerOf(session.request({ ':method': 'HEAD', ':path': '/length' }));
  expect([head.headers['content-length'], head.body, head.code]).toEqual(['5', '', 0]);
  expect((await answerOf(session.request({ ':path': '/length' }))).body).toBe('12345');
  session.close();
});

test.each(WAYS)('%s: words of the mesh in a stranger’s request or an app’s answer reach nobody', async (way) => {
  const session = await open(portOf(way));
  handlers.set('/says', (stream, headers) => {
    stream.respond({ ':status': 500, 'l5d-proxy-error': 'denied', 'x-saw': Object.keys(headers).filter((name) => /^(l5d|sidelight)-/.test(name)).join(), 'x-kept': headers['x-own'] });
    stream.end();
  });
  const answer = await answerOf(session.request({ ':path': '/says', 'l5d-client-id': 'me', 'sidelight-service': 'shop/other', 'sidelight-mesh': '2', 'x-own': 'kept' }));
  expect([answer.headers['x-saw'], answer.headers['l5d-proxy-error'], answer.headers['x-kept'], answer.headers[':status']]).toEqual(['', undefined, 'kept', 500]);
  session.close();
});

test.each(WAYS)('%s: a reset by the caller reaches the app, and is the caller’s fault', async (way) => {
  const session = await open(portOf(way));
  const codes: number[] = [];
  handlers.set('/cancelled', (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('first');
    stream.on('close', () => codes.push(stream.rstCode ?? -1));
  });
  const stream = session.request({ ':path': '/cancelled' });
  stream.on('error', () => undefined);
  await new Promise<void>((resolve) => void stream.once('data', () => resolve()));
  stream.close(constants.NGHTTP2_CANCEL);
  await eventually(async () => codes, (list) => list.length === 1);
  expect(codes).toEqual([constants.NGHTTP2_CANCEL]);
  await eventually(rows, (all) => all.some(({ ends }) => ends.some((end) => end.route === 'GET /cancelled' && end.fault === 'client')));
  session.close();
});

test.each(WAYS)('%s: a reset by the app reaches the caller with its code, and is the app’s fault', async (way) => {
  const session = await open(portOf(way));
  handlers.set('/broken', (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('half');
    setTimeout(() => stream.destroy(new Error('on purpose')), 20);
  });
  const answer = await answerOf(session.request({ ':path': '/broken' }));
  expect([answer.headers[':status'], answer.code]).toEqual([200, constants.NGHTTP2_INTERNAL_ERROR]);
  await eventually(rows, (all) => all.some(({ ends }) => ends.some((end) => end.route === 'GET /broken' && end.fault === 'app')));
  session.close();
});

test.each(WAYS)('%s: an answer before the request’s end passes, and the rest of the request still arrives', async (way) => {
  const session = await open(portOf(way));
  handlers.set('/early-answer', (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('already');
    let received = 0;
    stream.on('data', (bytes: Buffer) => (received += bytes.length));
    stream.on('end', () => stream.end(` ${received}`));
  });
  const stream = session.request({ ':method': 'POST', ':path': '/early-answer' });
  const answering = answerOf(stream);
  await new Promise<void>((resolve) => void stream.once('response', () => resolve()));
  stream.write('more');
  stream.end('x'.repeat(100_000));
  expect((await answering).body).toBe('already 100004');
  session.close();
});

test.each(WAYS)('%s: an app that answers and refuses the rest of the upload ends it with NO_ERROR', async (way) => {
  const session = await open(portOf(way));
  handlers.set('/too-big', (stream) => {
    stream.respond({ ':status': 413 });
    stream.end('no');
    stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
  });
  const stream = session.request({ ':method': 'POST', ':path': '/too-big' });
  stream.write('x'.repeat(1000));
  const answer = await answerOf(stream);
  expect([answer.headers[':status'], answer.body, answer.code]).toEqual([413, 'no', constants.NGHTTP2_NO_ERROR]);
  session.close();
});

test.each(WAYS)('%s: a reader that stops stops the sender, and only its own stream', async (way) => {
  const session = await open(portOf(way));
  let written = 0;
  handlers.set('/endless', (stream) => {
    stream.respond({ ':status': 200 });
    const chunk = Buffer.alloc(16 * 1024);
    const more = (): void => {
      while (!stream.destroyed && stream.write(chunk)) written += chunk.length;
      if (!stream.destroyed) stream.once('drain', more);
    };
    more();
  });
  const stopped = session.request({ ':path': '/endless' });
  stopped.on('error', () => undefined);
  await new Promise<void>((resolve) => void stopped.once('response', () => resolve()));
  stopped.pause();
  const stalledAt = await settled(() => written);
  expect((await answerOf(session.request({ ':path': '/quick' }))).headers[':status']).toBe(200);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(written).toBe(stalledAt);
  expect(written).toBeLessThan(1024 * 1024);
  stopped.close();
  session.close();
});

test.each(WAYS)('%s: CONNECT and extended CONNECT are tunnels both ways', async (way) => {
  const session = await open(portOf(way));
  handlers.set('/chat', (stream, headers) => {
    stream.respond({ ':status': 200, 'x-protocol': String(headers[':protocol']) });
    stream.on('data', (bytes: Buffer) => stream.write(bytes.toString().toUpperCase()));
    stream.on('end', () => stream.end('bye'));
  });
  handlers.set('CONNECT', handlers.get('/chat') ?? echo);
  for (const headers of [{ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat', ':scheme': 'http', ':authority': 'a' }, { ':method': 'CONNECT', ':authority': 'a:80' }]) {
    const stream = session.request(headers);
    const answering = answerOf(stream);
    await new Promise<void>((resolve) => void stream.once('response', () => resolve()));
    stream.write('ping ');
    await new Promise<void>((resolve) => void stream.once('data', () => resolve()));
    stream.end('pong ');
    const answer = await answering;
    expect([answer.headers[':status'], answer.body, answer.code]).toEqual([200, 'PING PONG bye', 0]);
  }
  session.close();
});

test('each request is counted once in each view, with its template, status and moments', async () => {
  const before = await rows();
  const count = (all: typeof before, direction: string): number => all.filter(({ key }) => key.direction === direction && key.protocol === 'http2' && key.tls === 'mtls').reduce((sum, { ends }) => sum + ends.filter(({ route }) => route === 'POST /counted/:id').length, 0);
  const session = await open(pair.out.app);
  for (let at = 0; at < 5; at++) {
    const stream = session.request({ ':method': 'POST', ':path': `/counted/${at}?q=1` });
    stream.end('12345');
    await answerOf(stream);
  }
  const after = await eventually(rows, (all) => count(all, 'inbound') === 5 && count(all, 'outbound') === 5);
  const ends = after.flatMap((row) => row.ends.filter(({ route }) => route === 'POST /counted/:id'));
  expect(ends).toHaveLength(10);
  for (const end of ends) expect(end).toMatchObject({ fault: null, status: 200, retries: 0 });
  for (const { latencyUs, durationUs, appUs } of ends) expect(latencyUs > 0 && latencyUs <= durationUs && appUs <= durationUs).toBe(true);
  session.close();
});

test('connections to the app are shared: hundreds of requests take a handful', async () => {
  expect(app.sessions()).toBeLessThan(12);
});
