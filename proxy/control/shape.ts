/** Small checks of what a peer sent: each says where it is wrong and what was expected. Pure. */

/** A message that isn't what the contract says; `path` such as `orders.outbound[2].listen.port`. */
export class ShapeError extends Error {
  readonly code = 'bad_message';
  readonly path: string;

  constructor(path: string, expected: string, found: unknown) {
    super(`${path} is ${describe(found)}, but must be ${expected}`);
    this.path = path;
  }
}

function describe(found: unknown): string {
  if (found === undefined) return 'missing';
  const text = JSON.stringify(found) ?? typeof found;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

export type Fields = Readonly<Record<string, unknown>>;

export function asObject(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ShapeError(path, 'an object', value);
  return value as Fields;
}

/** A string of at most `lengthMax` UTF-16 units. */
export function asString(value: unknown, path: string, lengthMax = 1_024): string {
  if (typeof value !== 'string') throw new ShapeError(path, 'a string', value);
  if (value.length > lengthMax) throw new ShapeError(path, `a string of at most ${lengthMax} characters`, value);
  return value;
}

/** A whole number in a range, ends included. */
export function asWhole(value: unknown, path: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    throw new ShapeError(path, `a whole number from ${min} to ${max}`, value);
  }
  return value;
}

export function asOneOf<Word extends string>(value: unknown, path: string, words: readonly Word[]): Word {
  const word = words.find((known) => known === value);
  if (word === undefined) throw new ShapeError(path, `one of ${words.join(', ')}`, value);
  return word;
}

export function asList<Item>(value: unknown, path: string, lengthMax: number, read: (item: unknown, path: string) => Item): Item[] {
  if (!Array.isArray(value)) throw new ShapeError(path, 'a list', value);
  if (value.length > lengthMax) throw new ShapeError(path, `a list of at most ${lengthMax}`, value.length);
  return value.map((item: unknown, at) => read(item, `${path}[${at}]`));
}

export function orNull<Value>(value: unknown, path: string, read: (value: unknown, path: string) => Value): Value | null {
  return value === null ? null : read(value, path);
}

/** The member of that name alone, or nothing: what a peer leaves out stays left out. */
export function ifThere<Name extends string, Value>(
  name: Name, fields: Fields, path: string, read: (value: unknown, path: string) => Value,
): { readonly [Key in Name]?: Value } {
  const value = fields[name];
  // A computed key widens to an index signature, which the compiler can't narrow by itself.
  return value === undefined ? {} : ({ [name]: read(value, `${path}.${name}`) } as { readonly [Key in Name]: Value });
}
