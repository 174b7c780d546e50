import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { exportRequest, type Span } from './otlp.ts';
import { postSpans, SpanExport, SPANS_PER_EXPORT_MAX, SPANS_WAITING_MAX } from './span-export.ts';
import { edgeKey, exchangeEnd } from './testing.ts';

const RESOURCE = { workload: 'shop/host/web', instance: 'web-1', version: '0.1.0' };

const span = (changes: Partial<Span> = {}): Span => ({
  traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentId: 'c'.repeat(16), direction: 'outbound', method: 'GET', path: '/items/7', host: 'cart', version: 'HTTP/1.1',
  startMs: 1_700_000_000_123, edge: edgeKey(), end: exchangeEnd({ fault: 'app', status: 500 }), ...changes,
});

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** An OTLP receiver that keeps the spans it takes. */
async function receiver(status = 200) {
  const spans: { readonly traceId: string; readonly name: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => void (body += chunk.toString()));
    request.on('end', () => {
      expect(request.headers['content-type']).toBe('application/json');
      const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: typeof spans }[] }[] };
      if (status === 200) spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      response.writeHead(status).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return { spans, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces` };
}

function exporter(post = postSpans) {
  const failures: string[] = [];
  const exports = new SpanExport({ resource: RESOURCE, post, failed: (reason) => failures.push(reason), exportMs: 20 });
  return { exports, failures };
}

test('a request has the members that OTLP wants, with times in ns and ids in hex', () => {
  const { resourceSpans } = JSON.parse(exportRequest([span()], RESOURCE)) as { resourceSpans: [{ resource: { attributes: unknown[] }; scopeSpans: [{ spans: [Record<string, unknown>] }] }] };
  const [{ resource, scopeSpans: [{ spans: [one] }] }] = resourceSpans;
  expect(resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'web' } });
  expect(one).toMatchObject({
    traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentSpanId: 'c'.repeat(16), name: 'GET /items/:id', kind: 3,
    startTimeUnixNano: '1700000000123000000', endTimeUnixNano: '1700000000129000000', status: { code: 2 },
  });
  expect(one['attributes']).toContainEqual({ key: 'http.response.status_code', value: { intValue: '500' } });
});

test('spans arrive at a collector in batches, each once', async () => {
  const { spans, url } = await receiver();
  const { exports } = exporter();
  exports.sendTo(url);
  for (let at = 0; at < SPANS_PER_EXPORT_MAX + 10; at += 1) exports.take(span({ spanId: String(at).padStart(16, '0') }));
  await expect.poll(() => spans.length).toBe(SPANS_PER_EXPORT_MAX + 10);
  await expect.poll(() => exports.exported).toBe(SPANS_PER_EXPORT_MAX + 10);
  expect(exports.requests).toBe(2);
});

test('stopping sends what waits', async () => {
  const { spans, url } = await receiver();
  const { exports } = exporter();
  exports.sendTo(url);
  exports.take(span());
  await exports.stop();
  expect(spans).toHaveLength(1);
});

test('a collector that hangs costs spans over the bound, and they are counted', () => {
  const { exports } = exporter(() => new Promise(() => undefined));
  exports.sendTo('http://127.0.0.1:1/');
  for (let at = 0; at < SPANS_WAITING_MAX * 2; at += 1) exports.take(span());
  expect(exports.waiting).toBe(SPANS_WAITING_MAX);
  expect(exports.dropped).toBe(SPANS_WAITING_MAX * 2 - SPANS_WAITING_MAX - SPANS_PER_EXPORT_MAX);
  exports.sendTo(null);
  expect(exports.waiting).toBe(0);
});

test('a collector that refuses or is away is told of once, and its spans are counted as lost', async () => {
  const { url } = await receiver(503);
  const { exports, failures } = exporter();
  for (const collector of [url, 'http://127.0.0.1:1/']) {
    exports.sendTo(collector);
    const before = exports.failedSpans;
    exports.take(span());
    await expect.poll(() => exports.failedSpans).toBe(before + 1);
  }
  expect(failures).toHaveLength(1);
  expect(exports.exported).toBe(0);
});

test('without a collector no span is kept', () => {
  const { exports } = exporter();
  exports.take(span());
  expect(exports.waiting).toBe(0);
});
