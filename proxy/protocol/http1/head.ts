/** A head as ranges over its own bytes, filled by the parser and forwarded by copying: no header map, no strings. */
import { text } from '../bytes.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'PATCH' | 'TRACE' | 'CONNECT' | 'other';

/** How the body is delimited (RFC 9112 §6.3). `tunnel`: no message follows, but raw bytes until the end. */
export type Framing = 'none' | 'length' | 'chunked' | 'until-close' | 'tunnel';

/** Offsets are into `bytes`; −1 where a field is absent. One object per reader, filled anew for each message. */
export class Head {
  kind: 'request' | 'response' = 'request';
  bytes: Uint8Array = new Uint8Array(0);
  /** First byte of the start line. */
  start = 0;
  /** Behind the empty line. */
  end = 0;
  /** First byte of the first field line. */
  fields = 0;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  minor = 1;
  /** Where the minor version's digit stands. */
  minorAt = 0;

  method: Method = 'GET';
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  status = 0;

  hostStart = -1;
  hostEnd = -1;
  /** Content-Length, −1 when absent. */
  length = -1;
  chunked = false;
  /** The Transfer-Encoding line. */
  codingStart = -1;
  codingEnd = -1;
  framing: Framing = 'none';

  /** Connection: close. */
  close = false;
  /** Connection: keep-alive. */
  keepAlive = false;
  /** Connection: upgrade. */
  upgradeListed = false;
  /** Connection names other fields. */
  othersListed = false;
  /** An upgrade is asked for, or agreed to by a 101. */
  upgrade = false;
  upgradeFields = 0;
  /** Start of the Upgrade line. */
  upgradeAt = -1;
  expectContinue = false;
  /** Value of l5d-proxy-error. */
  proxyErrorStart = -1;
  proxyErrorEnd = -1;

  /** Ranges that are not forwarded: from, to, from, to …, ascending. */
  readonly cuts: number[] = [];

  /** Forgets the last message. */
  reset(kind: 'request' | 'response', bytes: Uint8Array, start: number, end: number): void {
    this.kind = kind;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.status = 0;
    this.hostStart = this.hostEnd = this.length = this.codingStart = this.codingEnd = -1;
    this.proxyErrorStart = this.proxyErrorEnd = this.upgradeAt = -1;
    this.upgradeFields = 0;
    this.chunked = this.close = this.keepAlive = this.upgradeListed = this.othersListed = false;
    this.upgrade = this.expectContinue = false;
    this.framing = 'none';
    this.cuts.length = 0;
  }

  /** Whether the sender keeps the connection after this message. HTTP/1.0's keep-alive extension is not used. */
  get persistent(): boolean {
    return this.minor === 1 && !this.close;
  }

  /** Leaves a range out when the head is forwarded; ranges must come in ascending order. */
  cut(from: number, to: number): void {
    this.cuts.push(from, to);
  }

  /** Leaves a whole line out, wherever it stands, once. */
  cutLine(from: number, to: number): void {
    let at = 0;
    while (at < this.cuts.length && (this.cuts[at] ?? 0) < from) at += 2;
    if (this.cuts[at] === from && this.cuts[at + 1] === to) return;
    this.cuts.splice(at, 0, from, to);
  }

  /** Takes back the cut of the line that begins there. */
  keepLine(from: number): void {
    for (let at = 0; at < this.cuts.length; at += 2) {
      if (this.cuts[at] === from) this.cuts.splice(at, 2);
    }
  }

  /** The code in `l5d-proxy-error`, or null. */
  proxyError(): string | null {
    return this.proxyErrorStart < 0 ? null : text(this.bytes, this.proxyErrorStart, this.proxyErrorEnd);
  }

  /** The value of the first field of that name, or null; for rare reads only. */
  field(name: string): string | null {
    let found: string | null = null;
    this.eachField((nameStart, nameEnd, valueStart, valueEnd) => {
      if (found === null && text(this.bytes, nameStart, nameEnd).toLowerCase() === name) found = text(this.bytes, valueStart, valueEnd);
    });
    return found;
  }

  /** Each field's name and trimmed value as offsets, with its line; for rare reads only. */
  eachField(visit: (nameStart: number, nameEnd: number, valueStart: number, valueEnd: number, lineEnd: number) => void): void {
    const { bytes, end } = this;
    let at = this.fields;
    while (at < end - 2) {
      const colon = bytes.indexOf(0x3a, at);
      const lineEnd = bytes.indexOf(0x0a, colon) + 1;
      let valueStart = colon + 1;
      let valueEnd = lineEnd - 2;
      while (valueStart < valueEnd && isBlank(bytes[valueStart])) valueStart++;
      while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) valueEnd--;
      visit(at, colon, valueStart, valueEnd, lineEnd);
      at = lineEnd;
    }
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}
