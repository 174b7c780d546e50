/** Makes payloads that nobody thought of out of those that somebody did. Pure: (seed, index) names a mutant for ever. */

import { seededRandom } from '../../test/random.ts';
import { toBytes, toText } from './latin1.ts';

/** Mutations of one payload; most get one or two, since what is far from good is refused at once and shows little. */
const MUTATIONS_MAX = 4;
/** Longer payloads of the corpus are about size alone and would only make the run slow. */
export const BASE_BYTES_MAX = 2_000;
const PIECES_MAX = 4;

export type Random = () => number;

/** Bytes that parsers have understood differently. */
const BYTES = [...'\r\n\0\t :;,+-_=/?#@"\\()', '\x0b', '\x0c', '\x7f', '\x80', '\xa0', '\xff', '0', '1', '9', 'a', 'X'];
/** Pieces that change what follows. */
const PIECES = [
  '\r\n', '\n', '\r', '\r\n\r\n', '\n\n', '\r\n ', '\r\n\t', ' ', '0\r\n\r\n', '0\r\n', '1\r\nZ\r\n', ';a=b', 'Host: a\r\n', 'Host: b\r\n', 'Content-Length: 3\r\n', 'Content-Length: 0\r\n', 'Content-Length: +3\r\n', 'Content-Length : 3\r\n',
  'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: identity\r\n', 'Transfer-Encoding : chunked\r\n', 'Transfer-Encoding:\x0bchunked\r\n', 'Connection: close\r\n', 'Connection: content-length\r\n', 'Connection: upgrade\r\nUpgrade: websocket\r\n', 'Expect: 100-continue\r\n', 'TE: trailers\r\n',
  'X: a\r\n b\r\n', 'X: y\r\n', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', ' HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n', 'http://a/', '*', 'l5d-client-id: admin\r\n', 'chunked', ', chunked', '0x', 'ffffffffffffffff', '18446744073709551616',
];

type Mutation = (payload: string, random: Random, other: string) => string;

const at = (length: number, random: Random): number => Math.floor(random() * length);
const oneOf = <Item>(list: readonly Item[], random: Random): Item => list[at(list.length, random)] as Item;

function splice(payload: string, from: number, count: number, piece: string): string {
  return payload.slice(0, from) + piece + payload.slice(from + count);
}

/** Where the piece stands once, by chance; −1 for nowhere. */
function somewhere(payload: string, piece: string, random: Random): number {
  const places: number[] = [];
  for (let place = payload.indexOf(piece); place >= 0; place = payload.indexOf(piece, place + 1)) places.push(place);
  return places.length === 0 ? -1 : oneOf(places, random);
}

function replaceOne(payload: string, piece: string, by: string, random: Random): string {
  const place = somewhere(payload, piece, random);
  return place < 0 ? payload : splice(payload, place, piece.length, by);
}

const MUTATIONS: readonly Mutation[] = [
  (payload, random) => splice(payload, at(payload.length, random), 1, oneOf(BYTES, random)),
  (payload, random) => splice(payload, at(payload.length + 1, random), 0, oneOf(BYTES, random)),
  (payload, random) => splice(payload, at(payload.length + 1, random), 0, oneOf(PIECES, random)),
  (payload, random) => splice(payload, at(payload.length, random), 1 + at(4, random), ''),
  (payload, random) => splice(payload, at(payload.length, random), 1, String.fromCharCode(at(256, random))),
  (payload, random) => replaceOne(payload, '\r\n', oneOf(['\n', '\r', '\r\r\n', '\n\r', '\r\n\r\n', '\r\n ', '', '\x0b\r\n', ' \r\n'], random), random),
  (payload, random) => replaceOne(payload, ':', oneOf([' :', '\t:', '::', ';', '', ':\x0b', ':\r\n '], random), random),
  (payload, random) => replaceOne(payload, ' ', oneOf(['\t', '  ', '\x0b', '\xa0', '\r', ''], random), random),
  (payload, random) => insertLine(payload, oneOf(PIECES.filter((piece) => piece.endsWith('\r\n')), random), random),
  (payload, random) => repeatLine(payload, random),
  (payload, random) => changeNumber(payload, random),
  (payload, random) => changeCase(payload, random),
  (payload, random) => payload.slice(0, at(payload.length + 1, random)),
  (payload, random, other) => payload.slice(0, at(payload.length + 1, random)) + other.slice(at(other.length + 1, random)),
  (payload, _, other) => payload + other,
];

/** A line put behind another one. */
function insertLine(payload: string, line: string, random: Random): string {
  const place = somewhere(payload, '\r\n', random);
  return place < 0 ? payload + line : splice(payload, place + 2, 0, line);
}

function repeatLine(payload: string, random: Random): string {
  const lines = payload.split('\r\n');
  const line = at(lines.length, random);
  return [...lines.slice(0, line + 1), ...lines.slice(line)].join('\r\n');
}

function changeNumber(payload: string, random: Random): string {
  const numbers = [...payload.matchAll(/\d+/g)];
  if (numbers.length === 0) return payload;
  const number = oneOf(numbers, random);
  const value = Number(number[0]);
  const next = oneOf([`${value + 1}`, `${Math.max(0, value - 1)}`, `0${value}`, `+${value}`, `-${value}`, `0x${value.toString(16)}`, `${value}.0`, `${value}e0`, `${value},${value}`, '0', '99999999999999999999', `${value} ${value}`], random);
  return splice(payload, number.index, number[0].length, next);
}

function changeCase(payload: string, random: Random): string {
  const from = at(payload.length, random);
  const part = payload.slice(from, from + 1 + at(12, random));
  return splice(payload, from, part.length, random() < 0.5 ? part.toUpperCase() : part.toLowerCase());
}

/** One mutant of `bases`, which must not be empty. */
export function mutant(bases: readonly string[], random: Random): string {
  let payload = oneOf(bases, random);
  const other = oneOf(bases, random);
  const count = 1 + Math.floor(random() * random() * MUTATIONS_MAX);
  for (let done = 0; done < count; done++) payload = oneOf(MUTATIONS, random)(payload, random, other);
  // A case change alone may leave ISO 8859-1 (ÿ, µ).
  return toText(toBytes(payload));
}

/** The payload whole, or cut at up to three places. */
export function cut(payload: string, random: Random): string[] {
  const places = new Set<number>();
  if (random() < 0.4) for (let piece = 1 + at(PIECES_MAX - 1, random); piece > 0; piece--) places.add(1 + at(payload.length, random));
  const sorted = [...places].filter((place) => place < payload.length).sort((a, b) => a - b);
  return [0, ...sorted].map((from, index) => payload.slice(from, sorted[index] ?? payload.length));
}

/** Numbers from 0 to 1 for one mutant of one run. */
export function randomOf(seed: number, index: number): Random {
  return seededRandom(Math.imul(seed, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35));
}
