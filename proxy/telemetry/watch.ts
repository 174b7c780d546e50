/**
 * What access log, traces and tap see of an exchange. While nobody watches, `HttpContext.watch.on` is false and the data
 * path asks nothing: no string is made and no head is changed.
 */
import type { ExchangeEnd } from '../exchange.ts';
import type { Direction } from '../wire/labels.ts';
import type { EdgeHandle } from './recorder.ts';

/** A request's head, read only when somebody watches; each read may make strings. */
export interface RequestView {
  readonly method: string;
  /** As it came: path and query, or an absolute form. */
  readonly target: string;
  /** `Host` or `:authority`; empty without one. */
  readonly host: string;
  readonly version: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2.0';
  /** Address of the caller's connection; empty where it isn't known. */
  readonly client: string;
  /** The value of the first field of that name (lower case), or null. */
  field(name: string): string | null;
}

/** Fields that a forwarded head gets in place of all that it has of these names. */
export interface ReplacedFields {
  readonly names: ReadonlySet<string>;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** One watched exchange. */
export interface Observation {
  /** Null: the head goes on as it came. */
  readonly replace: ReplacedFields | null;
  /** Once, when the exchange is counted. */
  ended(edge: EdgeHandle, end: ExchangeEnd): void;
}

export interface Watch {
  /** False: don't call `begin`. */
  readonly on: boolean;
  /** A request's head has come. Null: nobody wants this exchange. */
  begin(direction: Direction, request: RequestView): Observation | null;
}
