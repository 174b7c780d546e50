/** What is wrong with a static configuration, for people and for scripts. */

export type StaticFaultCode =
  | 'static_file_unreadable'
  | 'static_not_json'
  | 'static_missing'
  | 'static_unknown'
  | 'static_invalid'
  | 'static_conflict'
  | 'static_certificate_unreadable'
  | 'static_certificate_invalid'
  | 'static_listen_failed'
  | 'static_restart_needed';

export interface StaticFault {
  /** Stable; never renamed or reused. */
  readonly code: StaticFaultCode;
  /** JSON pointer (RFC 6901) into the file; empty for the whole. */
  readonly pointer: string;
  readonly message: string;
  readonly remedy: string;
}

/** One line a fault. */
export function faultLine({ code, pointer, message, remedy }: StaticFault): string {
  return `error [${code}] ${pointer === '' ? '' : `${pointer}: `}${message} ${remedy}`;
}

/** A pointer's next token, escaped (RFC 6901 §3). */
export function pointerTo(parent: string, token: string | number): string {
  return `${parent}/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
