/** Header bombs: a large table entry, referred to by one byte each. What a server's memory makes of them. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { concat } from '../../protocol/bytes.ts';
import { FieldList } from '../../protocol/hpack/fields.ts';
import { writeInteger } from '../../protocol/hpack/integer.ts';
import { Http2Connection } from '../../protocol/http2/connection.ts';
import { FLAG, TYPE } from '../../protocol/http2/frame.ts';
import { HEADER_LIST_BYTES_MAX } from '../../protocol/http2/limits.ts';
import { Recorder, RecordingStream, frame, hello } from '../../protocol/http2/testing.ts';

const CONNECTIONS = 50;
const STREAMS = 40;
/** Pattern, name and length in front of the entry's value. */
const ENTRY_FRAME_BYTES = 8;
/** GET http / by the static table. */
const PSEUDO = Uint8Array.from([0x82, 0x86, 0x84]);

export interface BombResult {
  readonly entryBytes: number;
  readonly inputBytes: number;
  /** Grown while all connections and their heads are held. */
  readonly heldBytes: number;
  readonly ratio: number;
}

/** Holds every head that is taken, as a proxy does while it looks for an endpoint. */
export async function tryBombs(entryBytes: number): Promise<BombResult> {
  const input = bombConnection(entryBytes);
  const held: FieldList[] = [];
  const before = await memory();
  const servers = Array.from({ length: CONNECTIONS }, () => {
    const server = new Http2Connection({ role: 'server' }, new Holder(held));
    for (const bytes of input) server.push(bytes, 0, bytes.length);
    return server;
  });
  const heldBytes = (await memory()) - before;
  const inputBytes = CONNECTIONS * input.reduce((sum, bytes) => sum + bytes.length, 0);
  // Used behind the measurement, so that nothing of it is collected before.
  if (held.length + servers.length === 0) throw new Error('no connection took a head');
  return { entryBytes, inputBytes, heldBytes, ratio: heldBytes / inputBytes };
}

/** Node's collector, which is not there without its flag. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

const collect = collector();

class Holder extends Recorder {
  private readonly held: FieldList[];

  constructor(held: FieldList[]) {
    super({ role: 'server' });
    this.held = held;
  }

  override accept(): RecordingStream {
    const events = new RecordingStream();
    events.head = (fields) => {
      const copy = new FieldList(fields.length, fields.count);
      copy.copyFrom(fields);
      this.held.push(copy);
    };
    return events;
  }
}

/** The heads of one connection: the entry once, then as many references as a head may have without being refused. */
function bombConnection(entryBytes: number): Uint8Array[] {
  const value = new Uint8Array(entryBytes).fill(0x61);
  const entry = new Uint8Array(ENTRY_FRAME_BYTES + entryBytes);
  entry[0] = 0x40;
  entry[1] = 1;
  entry[2] = 0x61;
  const at = writeInteger(entry, 3, 0, 0x7f, entryBytes);
  entry.set(value, at);
  const references = new Uint8Array(Math.floor(HEADER_LIST_BYTES_MAX / (entryBytes + 33)) - 4).fill(0xbe);
  const heads = Array.from({ length: STREAMS }, (_, index) => frame(TYPE.headers, FLAG.endHeaders, 2 * index + 1, concat([PSEUDO, index === 0 ? entry.subarray(0, at + entryBytes) : new Uint8Array(0), references])));
  return [hello(), ...heads];
}

/** Collected twice, with a turn between: memory of arrays is given back behind the collection. */
async function memory(): Promise<number> {
  collect();
  await nextTurn();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
