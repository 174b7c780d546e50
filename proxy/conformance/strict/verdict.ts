/** From what went in, what came out and how the judges read both to the faults of the proxy. Pure. */
import { meaningOf } from './meaning.ts';
import type { ReadMessage, Reading } from './reading.ts';

export type FaultKind =
  /** A byte was forwarded that RFC 9112 doesn't allow there. */
  | 'forbidden-bytes'
  /** Two readers read the forwarded bytes differently. */
  | 'readers-differ'
  /** A reader read something else in the payload than what was forwarded. */
  | 'another-meaning'
  /** Something was forwarded that every judge refuses. */
  | 'accepted-alone'
  | 'wrong-status'
  | 'wrong-count'
  | 'wrong-order'
  /** A request afterwards was not answered as if nothing had been. */
  | 'canary'
  | 'hung'
  | 'crash';

export interface Fault {
  readonly kind: FaultKind;
  readonly detail: string;
}

/** One judge's readings of both sides. */
export interface Opinion {
  readonly judge: string;
  readonly sent: Reading;
  readonly forwarded: Reading;
}

export interface Judgement {
  readonly faults: readonly Fault[];
  /** Judges that refuse something in the payload that the proxy let pass, as all others do. */
  readonly stricter: readonly string[];
}

/**
 * `walked` is the strict reading of what was forwarded. Each complete message in it must be read alike by every judge,
 * and must be what each judge that accepts the payload reads there at the same place. `hop`: see `hopFieldsOf`.
 */
export function judge(walked: Reading, opinions: readonly Opinion[], hop: readonly string[] = []): Judgement {
  const faults: Fault[] = [];
  const stricter: string[] = [];
  let readable = false;
  if (walked.tail === 'error') faults.push({ kind: 'forbidden-bytes', detail: walked.error });
  const meanings = (reading: Reading): string[] => completeOf(reading).map((message) => meaningOf(message, hop));
  const expected = meanings(walked);
  for (const { judge: name, sent, forwarded } of opinions) {
    const verdict = opinionOf(name, expected, walked, { sent, forwarded, meanings });
    faults.push(...verdict.faults);
    if (verdict.stricter) stricter.push(name);
    readable ||= verdict.readable;
  }
  if (opinions.length > 0 && !readable) faults.push({ kind: 'accepted-alone', detail: opinions.map(({ judge: name, sent }) => `${name}: ${sent.error}`).join('; ') });
  return { faults, stricter };
}

function completeOf(reading: Reading): ReadMessage[] {
  return reading.messages.filter(({ complete }) => complete);
}

interface Verdict {
  readonly faults: Fault[];
  /** It refuses something in the payload that the proxy let pass. */
  readonly stricter: boolean;
  /** It reads what was forwarded, up to its end or to where a tunnel begins. */
  readonly readable: boolean;
}

function opinionOf(name: string, expected: readonly string[], walked: Reading, { sent, forwarded, meanings }: Pick<Opinion, 'sent' | 'forwarded'> & { meanings(reading: Reading): string[] }): Verdict {
  const inPayload = meanings(sent);
  const inForwarded = meanings(forwarded);
  for (let at = 0; at < Math.max(expected.length, inForwarded.length); at++) {
    const meaning = expected[at];
    // Whoever refuses a message on both sides, or reads no further in the payload, never acts on another one.
    if (inPayload[at] === undefined && (sent.tail === 'error' || sent.tail === 'tunnel') && inForwarded[at] === undefined && forwarded.tail === 'error') return { faults: [], stricter: true, readable: false };
    if (inForwarded[at] !== meaning && !(inForwarded[at] === undefined && forwarded.tail === 'tunnel')) {
      const read = inForwarded[at] ?? `nothing (${forwarded.tail} ${forwarded.error})`;
      return { faults: [{ kind: 'readers-differ', detail: `${name} reads message ${at} as ${read}, it is ${meaning ?? `none (${walked.tail})`}` }], stricter: false, readable: true };
    }
    if (inPayload[at] === meaning || (inPayload[at] === undefined && sent.tail === 'tunnel')) continue;
    if (inPayload[at] === undefined && sent.tail === 'error') return { faults: [], stricter: true, readable: true };
    const read = inPayload[at] ?? `nothing (${sent.tail})`;
    return { faults: [{ kind: 'another-meaning', detail: `${name} reads message ${at} of the payload as ${read}, forwarded was ${meaning}` }], stricter: false, readable: true };
  }
  return { faults: [], stricter: false, readable: true };
}
