/** The attacks, as bytes: what is said first, and what is said again and again. */
import { concat } from '../../protocol/bytes.ts';
import { CODE } from '../../protocol/http2/codes.ts';
import { FLAG, TYPE } from '../../protocol/http2/frame.ts';
import { GET, POST, type Pairs, block, frame, headers, hello, settingsFrame, uint32 } from '../../protocol/http2/testing.ts';

export interface Attack {
  readonly name: string;
  readonly first: Uint8Array;
  /** The n-th blow, from 1 on, or null when there is nothing to do but to hold on. */
  readonly blow: (n: number) => Uint8Array | null;
  /** The proxy has to end the connection after so many at most; null: it has to bear it, or to end it when it likes. */
  readonly most: number | null;
  /** Blows between two looks whether the proxy still answers. */
  readonly batch: number;
  /** A PING between batches would end what is sent. */
  readonly noPing?: boolean;
  /** Slow on purpose: a blow every so many ms. */
  readonly everyMs?: number;
}

const id = (n: number): number => 2 * n - 1;
const LARGE: Pairs = [[':method', 'GET'], [':scheme', 'http'], [':path', '/large'], [':authority', 'app.test']];
const CONTINUATION_BYTES = 8 * 1024;
const BOMB_ENTRY_BYTES = 4_000;
const SLOW_STREAMS = 100;
const STALLED_STREAMS = 200;

/** GET http / by the static table, one large entry put into the table, and as many references as a list may have. */
function bomb(n: number): Uint8Array {
  const entry = n === 1 ? [0x40, 1, 0x61, 0x7f, 0xa1, 0x1e, ...new Uint8Array(BOMB_ENTRY_BYTES).fill(0x61)] : [];
  return frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, id(n), [0x82, 0x86, 0x84, ...entry, ...new Uint8Array(14).fill(0xbe)]);
}

/** One HEADERS frame that comes a byte at a time. */
function slowHead(n: number): Uint8Array | null {
  const whole = frame(TYPE.headers, FLAG.endHeaders, 1, block([...GET, ...Array.from({ length: 100 }, (_, at): [string, string] => [`x-${at}`, 'v'.repeat(100)])]));
  return n <= whole.length ? whole.slice(n - 1, n) : null;
}

/** Many requests first, then a byte of each body in turn. */
function slowBody(n: number): Uint8Array {
  if (n <= SLOW_STREAMS) return headers(id(n), [...POST, ['content-length', '1000000']], false);
  return frame(TYPE.data, 0, id(1 + (n % SLOW_STREAMS)), [0x61]);
}

export const ATTACKS: readonly Attack[] = [
  { name: 'rapid reset', first: hello(), blow: (n) => concat([headers(id(n), GET, true), frame(TYPE.rstStream, 0, id(n), uint32(CODE.cancel))]), most: 500, batch: 10 },
  { name: 'made-you-reset', first: hello(), blow: (n) => concat([headers(id(n), POST, false), frame(TYPE.windowUpdate, 0, id(n), uint32(0))]), most: 500, batch: 10 },
  {
    name: 'CONTINUATION', first: concat([hello(), frame(TYPE.headers, FLAG.endStream, 1, block(GET))]),
    blow: () => frame(TYPE.continuation, 0, 1, new Uint8Array(CONTINUATION_BYTES)), most: 1 + (64 * 1024) / CONTINUATION_BYTES, batch: 1, noPing: true,
  },
  { name: 'PING', first: hello(), blow: () => frame(TYPE.ping, 0, 0, new Uint8Array(8)), most: 10_000, batch: 100 },
  { name: 'SETTINGS', first: hello(), blow: () => settingsFrame([[4, 65_535]]), most: 10_000, batch: 100 },
  { name: 'empty DATA', first: concat([hello(), headers(1, POST, false)]), blow: () => frame(TYPE.data, 0, 1), most: 10_000, batch: 100 },
  { name: 'zero window', first: hello([[4, 0]]), blow: (n) => (n <= STALLED_STREAMS ? headers(id(n), LARGE, true) : null), most: null, batch: 20 },
  { name: 'header bomb', first: hello(), blow: bomb, most: null, batch: 10 },
  { name: 'slow headers', first: hello(), blow: slowHead, most: null, batch: 1, noPing: true, everyMs: 100 },
  { name: 'slow body', first: hello(), blow: slowBody, most: null, batch: 1, everyMs: 10 },
];
