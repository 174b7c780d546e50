/**
 * The chunked transfer coding, RFC 9112 §7.1, without its leniencies:
 *   chunk     = 1*HEXDIG [ chunk-ext ] CRLF chunk-data CRLF
 *   chunk-ext = *( ";" token [ "=" ( token / quoted-string ) ] )      (no spaces: they are bad whitespace)
 *   last      = 1*"0" [ chunk-ext ] CRLF *( field-line CRLF ) CRLF
 */
import { malformed, tooLarge } from '../error.ts';
import type { MessageSink } from '../sink.ts';
import { CR, FIELD_VALUE, HEX, LF, TOKEN } from './grammar.ts';
import { CHUNK_EXTENSIONS_BYTES_MAX, CHUNK_EXTENSION_BYTES_MAX, CHUNK_SIZE_DIGITS_MAX, TRAILER_BYTES_MAX } from './limits.ts';
import { checkTrailers } from './trailers.ts';

type Place = 'size' | 'name' | 'value' | 'quoted' | 'escaped' | 'behind-quoted' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailer';

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Reads one chunked body after another. */
export class ChunkedReader {
  private place: Place = 'size';
  private digits = 0;
  private size = 0;
  private named = false;
  private extensionBytes = 0;
  private bodyExtensionBytes = 0;
  private trailer: number[] = [];

  /** Begins a body. */
  reset(): void {
    this.place = 'size';
    this.digits = this.size = this.extensionBytes = this.bodyExtensionBytes = 0;
    this.trailer = [];
  }

  /** Reads up to the end of the body at most. Returns the offset behind what was read, negated − 1 when the body is complete. */
  push(bytes: Uint8Array, start: number, end: number, sink: MessageSink<unknown>): number {
    let at = start;
    let mark = start;
    while (at < end) {
      if (this.place === 'data') {
        if (at > mark) sink.framing(bytes, mark, at);
        mark = at = this.data(bytes, at, end, sink);
        continue;
      }
      if (this.place === 'trailer') {
        if (at > mark) sink.framing(bytes, mark, at);
        return this.trailers(bytes, at, end, sink);
      }
      this.line(bytes[at] ?? 0);
      at++;
    }
    if (at > mark) sink.framing(bytes, mark, at);
    return at;
  }

  private data(bytes: Uint8Array, at: number, end: number, sink: MessageSink<unknown>): number {
    const upTo = Math.min(end, at + this.size);
    sink.data(bytes, at, upTo);
    this.size -= upTo - at;
    if (this.size === 0) this.place = 'data-cr';
    return upTo;
  }

  /** One byte of the line with the size, or of the line end behind the data. */
  private line(byte: number): void {
    switch (this.place) {
      case 'size':
        return this.sizeByte(byte);
      case 'name':
      case 'value':
      case 'quoted':
      case 'escaped':
      case 'behind-quoted':
        return this.extensionByte(byte);
      case 'size-lf':
        if (byte !== LF) throw malformed('a chunk size line ends in a bare CR');
        this.place = this.size === 0 ? 'trailer' : 'data';
        return;
      case 'data-cr':
        if (byte !== CR) throw malformed('a chunk is longer than its size');
        this.place = 'data-lf';
        return;
      case 'data-lf':
        if (byte !== LF) throw malformed('a chunk is followed by a bare CR');
        this.place = 'size';
        this.digits = this.size = this.extensionBytes = 0;
        return;
      case 'data':
      case 'trailer':
        return;
      default:
        this.place satisfies never;
    }
  }

  private sizeByte(byte: number): void {
    const value = HEX[byte] ?? 255;
    if (value < 16) {
      if (++this.digits > CHUNK_SIZE_DIGITS_MAX) throw malformed('a chunk size has too many digits');
      this.size = this.size * 16 + value;
      return;
    }
    if (this.digits === 0) throw malformed('a chunk has no size');
    if (byte === CR) this.place = 'size-lf';
    else if (byte === SEMICOLON) this.beginExtension();
    else throw malformed('a chunk size is not hexadecimal');
  }

  private beginExtension(): void {
    this.place = 'name';
    this.named = false;
  }

  private extensionByte(byte: number): void {
    this.countExtension();
    if (this.place === 'escaped') {
      if (FIELD_VALUE[byte] !== 1) throw malformed('a chunk extension has a forbidden byte');
      this.place = 'quoted';
    } else if (this.place === 'quoted') this.quotedByte(byte);
    else if (this.place !== 'behind-quoted' && TOKEN[byte] === 1) this.named = true;
    else this.extensionSeparator(byte);
  }

  private quotedByte(byte: number): void {
    if (byte === QUOTE) this.place = 'behind-quoted';
    else if (byte === BACKSLASH) this.place = 'escaped';
    else if (FIELD_VALUE[byte] !== 1) throw malformed('a chunk extension has a forbidden byte');
  }

  private extensionSeparator(byte: number): void {
    if (this.place === 'value' && !this.named && byte === QUOTE) {
      this.place = 'quoted';
      return;
    }
    if (this.place !== 'behind-quoted' && !this.named) throw malformed('a chunk extension is empty');
    if (byte === CR) this.place = 'size-lf';
    else if (byte === SEMICOLON) this.beginExtension();
    else if (byte === EQUALS && this.place === 'name') {
      this.place = 'value';
      this.named = false;
    } else throw malformed('a chunk extension has a forbidden byte');
  }

  private countExtension(): void {
    this.bodyExtensionBytes++;
    if (++this.extensionBytes > CHUNK_EXTENSION_BYTES_MAX || this.bodyExtensionBytes > CHUNK_EXTENSIONS_BYTES_MAX) {
      throw malformed('chunk extensions are too long');
    }
  }

  /** Rare and small: kept until its empty line has come, then checked as a whole. */
  private trailers(bytes: Uint8Array, start: number, end: number, sink: MessageSink<unknown>): number {
    if (this.trailer.length === 0 && bytes[start] === CR && bytes[start + 1] === LF && start + 2 <= end) {
      sink.framing(bytes, start, start + 2);
      return -(start + 2) - 1;
    }
    for (let at = start; at < end; at++) {
      const { trailer } = this;
      if (bytes[at] === LF && trailer[trailer.length - 1] !== CR) throw malformed('a trailer line ends in a bare LF');
      trailer.push(bytes[at] ?? 0);
      if (trailer.length > TRAILER_BYTES_MAX) throw tooLarge(`trailers are larger than ${TRAILER_BYTES_MAX} bytes`);
      if (bytes[at] === LF && (trailer.length === 2 || trailer[trailer.length - 3] === LF)) {
        this.finishTrailers(sink);
        return -(at + 1) - 1;
      }
    }
    return end;
  }

  private finishTrailers(sink: MessageSink<unknown>): void {
    const section = Uint8Array.from(this.trailer);
    this.trailer = [];
    if (section.length === 2) sink.framing(section, 0, 2);
    else {
      checkTrailers(section);
      sink.trailers(section, 0, section.length);
    }
  }
}
