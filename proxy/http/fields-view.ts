/** An HTTP/2 request's fields for those who watch exchanges, and the fields that they change. */
import { ascii } from '../protocol/bytes.ts';
import type { FieldList } from '../protocol/hpack/fields.ts';
import { NAME } from '../protocol/hpack/names.ts';
import type { ReplacedFields, RequestView } from '../telemetry/watch.ts';

/** Reads a list as it is now: who keeps the view keeps no fields. */
export class FieldsView implements RequestView {
  readonly version = 'HTTP/2.0';
  readonly client: string;
  readonly #fields: FieldList;

  constructor(fields: FieldList, client: string) {
    this.#fields = fields;
    this.client = client;
  }

  get method(): string {
    return this.#fields.text(NAME.method) ?? '';
  }

  get target(): string {
    return this.#fields.text(NAME.path) ?? '';
  }

  get host(): string {
    return this.#fields.text(NAME.authority) ?? this.field('host') ?? '';
  }

  field(name: string): string | null {
    const index = this.#fields.findName(ascii(name));
    return index < 0 ? null : this.#fields.valueText(index);
  }
}

/** Leaves all fields of these names out, and appends those that go in their place. */
export function replaceInList(list: FieldList, { names, fields }: ReplacedFields): void {
  for (let index = 0; index < list.count; index += 1) if (!list.removed(index) && names.has(list.nameText(index))) list.remove(index);
  for (const [name, value] of fields) list.addText(name, value);
}
