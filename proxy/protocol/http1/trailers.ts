/** Trailer fields: RFC 9110 §6.5. What frames, routes or belongs to the mesh can't come after the content. */
import { ascii, spells, startsWith } from '../bytes.ts';
import { malformed } from '../error.ts';
import { COLON, CR, FIELD_VALUE, LF, TOKEN, span } from './grammar.ts';

const FORBIDDEN = ['content-length', 'transfer-encoding', 'host', 'connection', 'upgrade', 'trailer', 'te', 'content-encoding', 'authorization'].map(ascii);
const FORBIDDEN_PREFIXES = ['l5d-', 'sidelight-'].map(ascii);

/** Checks whole field lines up to their empty line; throws ProtocolError for a bad or a forbidden one. */
export function checkTrailers(section: Uint8Array): void {
  const last = section.length - 2;
  let at = 0;
  while (at < last) {
    const nameEnd = span(TOKEN, section, at, last);
    if (nameEnd === at || section[nameEnd] !== COLON) throw malformed('a trailer name is empty or has a forbidden byte');
    const lineEnd = span(FIELD_VALUE, section, nameEnd + 1, last);
    if (section[lineEnd] !== CR || section[lineEnd + 1] !== LF) throw malformed('a trailer value has a forbidden byte');
    if (isForbidden(section, at, nameEnd)) throw malformed('a trailer has a name that is only allowed in a head');
    at = lineEnd + 2;
  }
}

function isForbidden(section: Uint8Array, start: number, end: number): boolean {
  return FORBIDDEN.some((name) => spells(section, start, end, name)) || FORBIDDEN_PREFIXES.some((prefix) => startsWith(section, start, end, prefix));
}
