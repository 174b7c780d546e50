/**
 * Reads what the proxy forwarded with regular expressions straight from RFC 9112 and no leniency: whatever it can't read
 * is a byte that should not have been forwarded. It shares no code with the proxy. Pure.
 */
import type { ReadMessage, Reading, Tail } from './reading.ts';

const FIELD = "[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\\t \\x21-\\x7e\\x80-\\xff]*\\r\\n";
const REQUEST_HEAD = new RegExp(`([!#$%&'*+.^_\`|~0-9A-Za-z-]+) ([\\x21-\\x7e]+) HTTP/1\\.[01]\\r\\n((?:${FIELD})*)\\r\\n`, 'y');
const RESPONSE_HEAD = new RegExp(`HTTP/1\\.[01] ([1-9][0-9]{2})(?: [\\t \\x21-\\x7e\\x80-\\xff]*)?\\r\\n((?:${FIELD})*)\\r\\n`, 'y');
const FIELD_LINE = /([^:]+):[\t ]*(.*?)[\t ]*\r\n/gsy;
const CHUNK_LINE = /([0-9a-fA-F]{1,16})((?:;[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"))?)*)\r\n/y;
const CHUNK_LINE_BEGUN = /^[0-9a-fA-F]{0,16}(?:;[\t \x21-\x7e\x80-\xff]*)?\r?$/;
const TRAILERS = new RegExp(`((?:${FIELD})*)\\r\\n`, 'y');
const TRAILERS_BEGUN = /^(?:[\t \x21-\x7e\x80-\xff]+\r\n)*(?:[\t \x21-\x7e\x80-\xff]*\r?)$/;

/** Fields that one hop says to the next, which a proxy answers for itself. */
export const HOP_FIELDS = ['connection', 'keep-alive', 'proxy-connection', 'te'] as const;

type Fields = [name: string, value: string][];
type Body =
  | { readonly kind: 'whole'; readonly body: string; readonly trailers: Fields; readonly end: number }
  | { readonly kind: 'cut'; readonly body: string }
  | { readonly kind: 'wrong'; readonly why: string; readonly body: string };

/** The requests in the bytes that one connection carried; `error` says which byte should not be there, `end` stands behind the last complete one. */
export function walkRequests(bytes: string): Reading & { readonly end: number } {
  const messages: ReadMessage[] = [];
  let at = 0;
  const finish = (tail: Tail, error = '') => ({ messages, tail, error, end: at });
  while (at < bytes.length) {
    REQUEST_HEAD.lastIndex = at;
    const head = REQUEST_HEAD.exec(bytes);
    if (head === null) return finish('error', `no request head at byte ${at}: ${excerpt(bytes, at)}`);
    const fields = fieldsOf(head[3] ?? '');
    const body = bodyOf(bytes, REQUEST_HEAD.lastIndex, fields, 'request');
    const [, method = '', target = ''] = head;
    const message = { method, target, status: 0, fields };
    if (body.kind !== 'whole') {
      messages.push({ ...message, body: body.body, trailers: [], complete: false });
      return body.kind === 'cut' ? finish('incomplete', '') : finish('error', body.why);
    }
    messages.push({ ...message, body: body.body, trailers: body.trailers, complete: true });
    at = body.end;
    if (method === 'CONNECT') return finish('tunnel');
  }
  return finish('none');
}

/** The response to such a request, with its interim ones. `closed`: the sender ended its side behind the bytes. */
export function walkResponse(bytes: string, method: string, closed: boolean): Reading & { readonly end: number } {
  const messages: ReadMessage[] = [];
  let at = 0;
  for (;;) {
    const finish = (tail: Tail, error = '', end = at) => ({ messages, tail, error, end });
    RESPONSE_HEAD.lastIndex = at;
    const head = RESPONSE_HEAD.exec(bytes);
    if (head === null) return bytes.length === at ? finish('incomplete') : finish(closed ? 'error' : 'incomplete', `no response head at byte ${at}: ${excerpt(bytes, at)}`);
    const status = Number(head[1]);
    const fields = fieldsOf(head[2] ?? '');
    const message = { method: '', target: '', status, fields };
    at = RESPONSE_HEAD.lastIndex;
    if (status === 101 || (method === 'CONNECT' && status >= 200 && status < 300)) {
      messages.push({ ...message, body: '', trailers: [], complete: true });
      return finish('tunnel');
    }
    if (status < 200) {
      messages.push({ ...message, body: '', trailers: [], complete: true });
      continue;
    }
    const without = method === 'HEAD' || status === 204 || status === 304;
    const body: Body = without ? { kind: 'whole', body: '', trailers: [], end: at } : bodyOf(bytes, at, fields, 'response');
    if (body.kind === 'whole') {
      messages.push({ ...message, body: body.body, trailers: body.trailers, complete: true });
      at = body.end;
      return finish(at < bytes.length ? 'rest' : 'none');
    }
    const untilClose = body.kind === 'cut' && valuesOf(fields, 'content-length').length + valuesOf(fields, 'transfer-encoding').length === 0;
    messages.push({ ...message, body: body.body, trailers: [], complete: untilClose && closed });
    if (untilClose && closed) return finish('none', '', bytes.length);
    return body.kind === 'cut' ? finish('incomplete') : finish('error', body.why);
  }
}

/** Values of the fields of that name. */
export function valuesOf(fields: readonly (readonly [string, string])[], name: string): string[] {
  return fields.filter(([other]) => other === name).map(([, value]) => value);
}

function fieldsOf(lines: string): Fields {
  FIELD_LINE.lastIndex = 0;
  return [...lines.matchAll(FIELD_LINE)].map(([, name = '', value = '']) => [name.toLowerCase(), value]);
}

function bodyOf(bytes: string, start: number, fields: Fields, kind: 'request' | 'response'): Body {
  const codings = valuesOf(fields, 'transfer-encoding');
  const lengths = valuesOf(fields, 'content-length');
  if (codings.length + lengths.length > 1) return { kind: 'wrong', why: 'the framing is given twice', body: '' };
  if (codings.length === 1) {
    if (codings[0]?.toLowerCase() !== 'chunked') return { kind: 'wrong', why: `the coding is ${codings[0]}`, body: '' };
    return chunkedBody(bytes, start);
  }
  if (lengths.length === 0) return kind === 'request' ? { kind: 'whole', body: '', trailers: [], end: start } : { kind: 'cut', body: bytes.slice(start) };
  if (!/^[0-9]{1,15}$/.test(lengths[0] ?? '')) return { kind: 'wrong', why: `the length is ${lengths[0]}`, body: '' };
  const end = start + Number(lengths[0]);
  return end > bytes.length ? { kind: 'cut', body: bytes.slice(start) } : { kind: 'whole', body: bytes.slice(start, end), trailers: [], end };
}

function chunkedBody(bytes: string, start: number): Body {
  let body = '';
  let at = start;
  for (;;) {
    CHUNK_LINE.lastIndex = at;
    const line = CHUNK_LINE.exec(bytes);
    if (line === null) return CHUNK_LINE_BEGUN.test(bytes.slice(at)) ? { kind: 'cut', body } : { kind: 'wrong', why: `no chunk size at byte ${at}: ${excerpt(bytes, at)}`, body };
    const size = Number.parseInt(line[1] ?? '', 16);
    at = CHUNK_LINE.lastIndex;
    if (size === 0) return trailersOf(bytes, at, body);
    body += bytes.slice(at, at + size);
    at += size;
    const end = bytes.slice(at, at + 2);
    if (at >= bytes.length || end === '\r') return { kind: 'cut', body };
    if (end !== '\r\n') return { kind: 'wrong', why: `a chunk doesn't end at byte ${at}: ${excerpt(bytes, at)}`, body };
    at += 2;
  }
}

function trailersOf(bytes: string, start: number, body: string): Body {
  TRAILERS.lastIndex = start;
  const section = TRAILERS.exec(bytes);
  if (section !== null) return { kind: 'whole', body, trailers: fieldsOf(section[1] ?? ''), end: TRAILERS.lastIndex };
  return TRAILERS_BEGUN.test(bytes.slice(start)) ? { kind: 'cut', body } : { kind: 'wrong', why: `no trailers at byte ${start}: ${excerpt(bytes, start)}`, body };
}

function excerpt(bytes: string, at: number): string {
  return JSON.stringify(bytes.slice(at, at + 60));
}
