/** An HTTP/1.1 head for those who watch exchanges, and the head that they change. */
import { ascii, text } from '../protocol/bytes.ts';
import type { Head } from '../protocol/http1/head.ts';
import type { ReplacedFields, RequestView } from '../telemetry/watch.ts';

export class HeadView implements RequestView {
  readonly client: string;
  readonly #head: Head;

  constructor(head: Head, client: string) {
    this.#head = head;
    this.client = client;
  }

  get method(): string {
    const { bytes, start, methodEnd } = this.#head;
    return text(bytes, start, methodEnd);
  }

  get target(): string {
    const { bytes, targetStart, targetEnd } = this.#head;
    return text(bytes, targetStart, targetEnd);
  }

  get host(): string {
    const { bytes, hostStart, hostEnd } = this.#head;
    return hostStart < 0 ? '' : text(bytes, hostStart, hostEnd);
  }

  get version(): 'HTTP/1.0' | 'HTTP/1.1' {
    return this.#head.minor === 0 ? 'HTTP/1.0' : 'HTTP/1.1';
  }

  field(name: string): string | null {
    return this.#head.field(name);
  }
}

/** Leaves all fields of these names out of the head, and gives the lines that go in their place. */
export function replaceFields(head: Head, { names, fields }: ReplacedFields): readonly Uint8Array[] {
  head.eachField((nameStart, nameEnd, _valueStart, _valueEnd, lineEnd) => {
    if (names.has(text(head.bytes, nameStart, nameEnd).toLowerCase())) head.cutLine(nameStart, lineEnd);
  });
  return fields.map(([name, value]) => ascii(`${name}: ${value}\r\n`));
}
