/** Holds a JSON value against a schema and gives every fault of it at once. Pure. */
import { pointerTo, type StaticFault } from './fault.ts';
import type { Schema } from './schema.ts';

/** More are not listed: whoever sees fifty mends something general first. */
export const FAULTS_MAX = 50;

type SchemaOf<Type extends Schema['type']> = Extract<Schema, { readonly type: Type | Schema['type'] }> & { readonly type: Type };

/** All faults of `value`, at most FAULTS_MAX, in the order of the file. */
export function validate(schema: Schema, value: unknown): StaticFault[] {
  const faults: StaticFault[] = [];
  visit(schema, value, '', faults);
  return faults.slice(0, FAULTS_MAX);
}

function visit(schema: Schema, value: unknown, pointer: string, faults: StaticFault[]): void {
  switch (schema.type) {
    case 'string':
      return visitString(schema, value, pointer, faults);
    case 'integer':
    case 'number':
      return visitNumber(schema, value, pointer, faults);
    case 'array':
      return visitArray(schema, value, pointer, faults);
    case 'object':
      return visitObject(schema, value, pointer, faults);
    default:
      schema satisfies never;
  }
}

function visitString(schema: SchemaOf<'string'>, value: unknown, pointer: string, faults: StaticFault[]): void {
  const expected = schema.enum ? `one of ${schema.enum.join(', ')}` : (schema.expected ?? 'a text');
  const fits =
    typeof value === 'string' &&
    (schema.enum === undefined || schema.enum.includes(value)) &&
    (schema.maxLength === undefined || value.length <= schema.maxLength) &&
    (schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(value));
  if (!fits) faults.push(invalid(pointer, value, expected, schema.description));
}

function visitNumber(schema: SchemaOf<'integer' | 'number'>, value: unknown, pointer: string, faults: StaticFault[]): void {
  const whole = schema.type === 'integer';
  const fits = typeof value === 'number' && (!whole || Number.isSafeInteger(value)) && value >= schema.minimum && value <= schema.maximum;
  if (!fits) faults.push(invalid(pointer, value, `a ${whole ? 'whole ' : ''}number from ${schema.minimum} to ${schema.maximum}`, schema.description));
}

function visitArray(schema: SchemaOf<'array'>, value: unknown, pointer: string, faults: StaticFault[]): void {
  const least = schema.minItems ?? 0;
  if (!Array.isArray(value) || value.length < least || value.length > schema.maxItems) {
    faults.push(invalid(pointer, Array.isArray(value) ? value.length : value, `a list of ${least} to ${schema.maxItems} entries`, schema.description));
    return;
  }
  for (const [at, item] of value.entries()) {
    if (faults.length >= FAULTS_MAX) return;
    visit(schema.items, item, pointerTo(pointer, at), faults);
  }
}

function visitObject(schema: SchemaOf<'object'>, value: unknown, pointer: string, faults: StaticFault[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    faults.push(invalid(pointer, value, 'an object', schema.description));
    return;
  }
  for (const name of schema.required) {
    if (!Object.hasOwn(value, name)) faults.push(missing(pointerTo(pointer, name), schema.properties[name]));
  }
  for (const [name, member] of Object.entries(value)) {
    const known = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (known === undefined) faults.push(unknownMember(pointerTo(pointer, name), Object.keys(schema.properties)));
    else visit(known, member, pointerTo(pointer, name), faults);
  }
}

function missing(pointer: string, schema: Schema | undefined): StaticFault {
  return { code: 'static_missing', pointer, message: 'This is missing.', remedy: `Add it: ${schema?.description ?? 'see schema.json'}` };
}

function unknownMember(pointer: string, known: readonly string[]): StaticFault {
  return { code: 'static_unknown', pointer, message: 'There is no such setting here.', remedy: `Is it misspelt? Known here: ${known.join(', ')}.` };
}

function invalid(pointer: string, value: unknown, expected: string, description: string): StaticFault {
  return { code: 'static_invalid', pointer, message: `This is ${described(value)}, but must be ${expected}.`, remedy: description };
}

function described(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
