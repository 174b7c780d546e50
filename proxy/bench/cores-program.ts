/** The hot cores, timed under Bun as in the product: `bun proxy/bench/cores-program.ts`. Prints one line of JSON a core. */
import { createBalancer } from '../balance/p2c.ts';
import { ascii, concat } from '../protocol/bytes.ts';
import { Decoder } from '../protocol/hpack/decoder.ts';
import { Encoder } from '../protocol/hpack/encoder.ts';
import { FieldList } from '../protocol/hpack/fields.ts';
import type { Head } from '../protocol/http1/head.ts';
import { MessageReader } from '../protocol/http1/reader.ts';
import { writeHead } from '../protocol/http1/writer.ts';
import type { StreamEvents } from '../protocol/http2/events.ts';
import { HEADER_LIST_BYTES_MAX } from '../protocol/http2/limits.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import { GET, OK, POST, listOf, pair } from '../protocol/http2/testing.ts';
import type { ByteSink, MessageSink } from '../protocol/sink.ts';
import { Series } from '../telemetry/series.ts';
import { seededRandom } from '../test/random.ts';
import { bucketOf, createHistogram } from '../wire/histogram.ts';
import { quantileOf } from './statistics.ts';

/** One batch takes some milliseconds; the fastest of so many leave out what the machine did meanwhile. */
const BATCHES = 41;
const BATCH_MS = 5;
const WARM_UP_MS = 300;

class Counting implements MessageSink<Head> {
  seen = 0;
  head(head: Head): void {
    this.seen += head.end - head.start;
  }
  data(_bytes: Uint8Array, start: number, end: number): void {
    this.seen += end - start;
  }
  framing(_bytes: Uint8Array, start: number, end: number): void {
    this.seen += end - start;
  }
  trailers(): void {}
  end(): void {
    this.seen += 1;
  }
}

const REQUEST = ascii(
  'GET /api/v1/items/4711?page=2&sort=price HTTP/1.1\r\nHost: cart.shop.svc.cluster.local\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: application/json\r\nAccept-Encoding: gzip, deflate, br\r\n' +
    'X-Request-Id: 6f1b4a1e-5f0c-4a53-9c39-0c0f9c9d1a11\r\nTraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nConnection: keep-alive\r\n\r\n',
);
const RESPONSE = ascii(`HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: 1024\r\n\r\n${'x'.repeat(1024)}`);
const CHUNKED = ascii(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${`400\r\n${'x'.repeat(1024)}\r\n`.repeat(16)}0\r\n\r\n`);

function readerOf(kind: 'request' | 'response', bytes: Uint8Array): () => void {
  const reader = new MessageReader({ kind, stripMesh: true }, new Counting());
  return () => {
    if (kind === 'response') reader.expect('GET', false);
    reader.push(bytes, 0, bytes.length);
  };
}

function headWriter(): () => void {
  let head: Head | null = null;
  const sink = new Counting();
  sink.head = (one) => (head = one);
  new MessageReader({ kind: 'request', stripMesh: true }, sink).push(REQUEST, 0, REQUEST.length);
  const parts: Uint8Array[] = [];
  return () => {
    parts.length = 0;
    if (head !== null) writeHead(head, [], { write: (bytes, start, end) => parts.push(bytes.subarray(start, end)) });
    concat(parts);
  };
}

/** A typical request's head, as it repeats on a connection: decoded into a list and encoded for the next hop. */
function headTranscoder(): () => void {
  const list = listOf([...POST, ['content-type', 'application/grpc'], ['te', 'trailers'], ['user-agent', 'grpc-go/1.70.0'], ['grpc-timeout', '999m'], ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01']]);
  const [source, decoder, encoder, decoded] = [new Encoder(), new Decoder(), new Encoder(), new FieldList()];
  const block = new Uint8Array(Encoder.bound(list));
  const out = new Uint8Array(2 * block.length);
  for (let run = 0; run < 3; run++) decoder.decode(block, 0, source.encode(list, block, 0), decoded, HEADER_LIST_BYTES_MAX);
  const length = source.encode(list, block, 0);
  return () => {
    decoder.decode(block, 0, length, decoded, HEADER_LIST_BYTES_MAX);
    encoder.encode(decoded, out, 0);
  };
}

/** Two engines side by side: what one produces the other is pushed. */
class Hop {
  readonly ends = pair();
  private readonly toServer: ByteSink = { write: (bytes, start, end) => this.ends.server.connection.push(bytes, start, end) };
  private readonly toClient: ByteSink = { write: (bytes, start, end) => this.ends.client.connection.push(bytes, start, end) };

  turn(): void {
    const { client, server } = this.ends;
    client.connection.produce(this.toServer, 65_536);
    client.connection.flushed();
    server.connection.produce(this.toClient, 65_536);
    server.connection.flushed();
  }
}

class Consumer implements StreamEvents {
  stream: Http2Stream | null = null;
  head(): void {}
  data(_bytes: Uint8Array, start: number, end: number): void {
    this.stream?.consumed(end - start);
  }
  trailers(): void {}
  reset(): void {}
  drained(): void {}
}

/** So many bytes through a stream of two engines: sent, framed, read, credited. */
function dataThroughHop(bytes: number): () => void {
  const hop = new Hop();
  const reader = new Consumer();
  hop.ends.server.accept = (stream) => {
    reader.stream = stream;
    return reader;
  };
  const stream = hop.ends.client.connection.openStream(listOf(POST), false, new Consumer());
  const content = new Uint8Array(bytes);
  return () => {
    stream?.sendData(content, 0, bytes, false);
    hop.turn();
  };
}

/** A whole exchange through two engines: request head, response head, 1 KiB, end. */
function exchangeThroughHop(): () => void {
  const hop = new Hop();
  const request = listOf([...GET, ['user-agent', 'bench'], ['accept', '*/*']]);
  const response = listOf([...OK, ['content-type', 'application/json'], ['content-length', '1024']]);
  const content = new Uint8Array(1024);
  hop.ends.server.accept = (stream) => {
    const consumer = new Consumer();
    consumer.head = () => {
      stream.sendHead(response, false);
      stream.sendData(content, 0, content.length, true);
    };
    return consumer;
  };
  const { client } = hop.ends;
  return () => {
    const consumer = new Consumer();
    consumer.stream = client.connection.openStream(request, true, consumer);
    hop.turn();
  };
}

function histogramRecorder(random: () => number): () => void {
  const histogram = createHistogram();
  return () => {
    const bucket = bucketOf(random() * 1e6);
    histogram[bucket] = (histogram[bucket] ?? 0) + 1;
  };
}

function exchangeRecorder(): () => void {
  const series = new Series();
  const edge = series.edge({ direction: 'inbound', source: 'shop/host/web', service: 'shop/cart', destination: 'shop/host/cart', protocol: 'http1', tls: 'mtls' });
  const end = { fault: null, status: 200, latencyUs: 4_200, durationUs: 5_000, appUs: 4_000, queueUs: 10, retries: 0, route: 'GET /api/v1/items/:id' };
  return () => {
    series.began(edge);
    series.bytes(edge, 400, 1200);
    series.ended(edge, end);
  };
}

function balancerPick(random: () => number, endpoints: number): () => void {
  const balancer = createBalancer();
  balancer.update(
    Array.from({ length: endpoints }, (_, at) => ({ address: { host: `10.0.${at >> 8}.${at & 255}`, port: 80 }, workload: 'shop/host/cart', instance: `cart-${at}`, mesh: null })),
  );
  let nowUs = 0;
  return () => {
    nowUs += 500;
    const candidate = balancer.pick(nowUs, random, null);
    if (candidate === null) throw new Error('the balancer has endpoints and picked none');
    balancer.started(candidate, nowUs);
    balancer.finished(candidate, nowUs + 4_000, 4_000, false);
  };
}

function runs(operation: () => void, count: number): number {
  const began = performance.now();
  for (let run = 0; run < count; run++) operation();
  return performance.now() - began;
}

/** ns per operation, as the fastest tenth of the batches took. */
function nsOf(operation: () => void): number {
  let count = 100;
  for (let spent = 0; spent < WARM_UP_MS; ) {
    const ms = runs(operation, count);
    spent += ms;
    if (ms < BATCH_MS) count = Math.ceil(count * Math.min(10, BATCH_MS / Math.max(ms, 0.05)));
  }
  return quantileOf(Float64Array.from({ length: BATCHES }, () => (runs(operation, count) * 1e6) / count), 0.1);
}

const random = seededRandom(1);
const CORES: Readonly<Record<string, () => void>> = {
  'request head of 400 bytes': readerOf('request', REQUEST),
  'response of 1 KiB with length': readerOf('response', RESPONSE),
  'response of 16 chunks': readerOf('response', CHUNKED),
  'head written without its cuts': headWriter(),
  'HTTP/2 head decoded and encoded': headTranscoder(),
  'HTTP/2 exchange of two engines': exchangeThroughHop(),
  'HTTP/2 data of 1 KiB, two engines': dataThroughHop(1024),
  'HTTP/2 data of 16 KiB, two engines': dataThroughHop(16 * 1024),
  'histogram record': histogramRecorder(random),
  'exchange counted': exchangeRecorder(),
  'balancer pick of 100': balancerPick(random, 100),
  'balancer pick of 10,000': balancerPick(random, 10_000),
};

for (const [name, operation] of Object.entries(CORES)) process.stdout.write(`${JSON.stringify({ name, ns: Math.round(nsOf(operation)) })}\n`);
