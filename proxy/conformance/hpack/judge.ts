/** Random lists against Node's own HTTP/2 (nghttp2) over real connections: ours encodes and theirs decodes, and the other way. */
import { once } from 'node:events';
import http2 from 'node:http2';
import { type AddressInfo, connect, createServer } from 'node:net';
import { FIELD, type FieldList } from '../../protocol/hpack/fields.ts';
import type { StreamEvents } from '../../protocol/http2/events.ts';
import { OK, type Pairs, listOf, pairsOf } from '../../protocol/http2/testing.ts';
import { seededRandom } from '../../test/random.ts';
import { EngineSocket } from './engine-socket.ts';
import { type RandomList, randomList } from './random-lists.ts';

/** Under way at once. */
const WINDOW = 64;
/** Theirs changes its table's size so often. */
const RESIZE_EVERY = 500;
const TABLE_BYTES_MAX = 8_192;
const FAULTS_MAX = 20;

export interface Judgement {
  readonly lists: number;
  readonly faults: readonly string[];
}

/** What must arrive of a list, and which names never to be indexed. */
function expectedOf({ path, fields, sensitive }: RandomList): string {
  const pseudo: Pairs = [[':method', 'GET'], [':scheme', 'http'], [':authority', 'judge.test'], [':path', path]];
  return JSON.stringify([sorted(pseudo), fields, [...sensitive].sort()]);
}

function arrived(pairs: Pairs, sensitive: readonly string[]): string {
  return JSON.stringify([sorted(pairs.filter(([name]) => name.startsWith(':'))), pairs.filter(([name]) => !name.startsWith(':')), [...sensitive].sort()]);
}

function sorted(pairs: Pairs): Pairs {
  return [...pairs].sort(([one], [other]) => (one < other ? -1 : 1));
}

class Faults {
  readonly list: string[] = [];

  compare(index: number, got: string, expected: string): void {
    if (got !== expected && this.list.length < FAULTS_MAX) this.list.push(`list ${index}: sent ${expected}, arrived ${got}`);
  }
}

/** We encode, nghttp2 decodes, while it changes its table's size. */
export async function judgeOurEncoder(seed: number, count: number): Promise<Judgement> {
  const faults = new Faults();
  const expected = new Map<number, string>();
  const server = http2.createServer({ settings: { maxConcurrentStreams: WINDOW } });
  let seen = 0;
  const resizing = seededRandom(seed + 1);
  server.on('stream', (stream, headers, _flags, raw) => {
    const index = (stream.id ?? 1) >> 1;
    faults.compare(index, arrived(pairsOfRaw(raw), (headers as Readonly<Record<symbol, readonly string[]>>)[http2.sensitiveHeaders] ?? []), expected.get(index) ?? '');
    expected.delete(index);
    stream.respond({ ':status': 200 }, { endStream: true });
    if (++seen % RESIZE_EVERY === 0) stream.session?.settings({ headerTableSize: Math.floor(resizing() * TABLE_BYTES_MAX) });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  try {
    await sendAll(socket, seed, count, expected);
  } finally {
    socket.destroy();
    server.close();
  }
  for (const index of expected.keys()) faults.compare(index, 'nothing', expected.get(index) ?? '');
  return { lists: seen, faults: faults.list };
}

function pairsOfRaw(raw: readonly string[]): Pairs {
  return Array.from({ length: raw.length / 2 }, (_, at): [string, string] => [raw[at * 2] ?? '', raw[at * 2 + 1] ?? '']);
}

function sendAll(socket: ReturnType<typeof connect>, seed: number, count: number, expected: Map<number, string>): Promise<void> {
  const random = seededRandom(seed);
  let sent = 0;
  let answered = 0;
  return new Promise((resolve, reject) => {
    const answer: StreamEvents = {
      head: () => void (++answered === count && resolve()),
      data: () => undefined,
      trailers: () => undefined,
      reset: ({ message }) => reject(new Error(`a request of ours was reset: ${message}`)),
      drained: () => undefined,
    };
    const send = (): void => {
      while (sent < count && engine.engine.room > 0) {
        const list = randomList(random, sent);
        expected.set(sent++, expectedOf(list));
        engine.engine.openStream(requestOf(list), true, answer);
      }
      // Asked once more, so that it says when there is room again.
      if (sent < count && engine.engine.room === 0) engine.engine.openStream(listOf([]), true, answer);
    };
    const engine: EngineSocket = new EngineSocket(socket, { role: 'client' }, { accept: () => answer, room: send, failed: (message) => reject(new Error(message)) });
    if (count === 0) resolve();
  });
}

function requestOf({ path, fields, sensitive }: RandomList): FieldList {
  const list = listOf([[':method', 'GET'], [':scheme', 'http'], [':authority', 'judge.test'], [':path', path]]);
  for (const [name, value] of fields) list.addText(name, value, sensitive.includes(name) ? FIELD.neverIndexed : 0);
  return list;
}

/** nghttp2 encodes, we decode. */
export async function judgeOurDecoder(seed: number, count: number): Promise<Judgement> {
  const faults = new Faults();
  const random = seededRandom(seed);
  let seen = 0;
  const expected: string[] = [];
  const engines: EngineSocket[] = [];
  const server = createServer((socket) => {
    const accept = (stream: { readonly id: number; sendHead(fields: FieldList, end: boolean): void }): StreamEvents => ({
      head: (fields) => {
        const index = stream.id >> 1;
        faults.compare(index, arrived(pairsOf(fields), sensitiveOf(fields)), expected[index] ?? '');
        seen++;
        stream.sendHead(listOf(OK), true);
      },
      data: () => undefined,
      trailers: () => undefined,
      reset: () => undefined,
      drained: () => undefined,
    });
    engines.push(new EngineSocket(socket, { role: 'server' }, { accept, room: () => undefined, failed: (message) => faults.list.push(message) }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    for (let from = 0; from < count; from += WINDOW) {
      const lists = Array.from({ length: Math.min(WINDOW, count - from) }, (_, at) => randomList(random, from + at));
      for (const list of lists) expected.push(expectedOf(list));
      await Promise.all(lists.map((list) => requestBy(client, list)));
    }
  } finally {
    client.destroy();
    server.close();
    for (const { engine } of engines) engine.lost();
  }
  return { lists: seen, faults: faults.list };
}

function requestBy(client: http2.ClientHttp2Session, { path, fields, sensitive }: RandomList): Promise<void> {
  const request = client.request({
    ':method': 'GET', ':scheme': 'http', ':authority': 'judge.test', ':path': path,
    ...Object.fromEntries(fields), [http2.sensitiveHeaders]: [...sensitive],
  } as http2.OutgoingHttpHeaders);
  return new Promise((resolve, reject) => {
    request.on('response', () => resolve());
    request.on('error', reject);
    request.resume();
  });
}

function sensitiveOf(fields: FieldList): string[] {
  return Array.from({ length: fields.count }, (_, index) => index).filter((index) => (fields.meta(index) & FIELD.neverIndexed) !== 0).map((index) => fields.nameText(index));
}
