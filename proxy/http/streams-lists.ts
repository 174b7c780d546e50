/** Field lists that are used again, so that a stream's head costs a copy and no memory of its own. */
import { FieldList } from '../protocol/hpack/fields.ts';

/** Lists that wait for use; about as many as streams begin in one turn. */
const SPARE_MAX = 256;
/** A list that grew beyond this is let go. */
const SPARE_BYTES_MAX = 8 * 1024;

const spare: FieldList[] = [];

/** A copy of a list that its engine is going to reuse. */
export function takeList(fields: FieldList): FieldList {
  const list = spare.pop() ?? new FieldList();
  list.copyFrom(fields);
  return list;
}

/** Gives a list back; whoever had it forgets it. */
export function giveList(list: FieldList): null {
  if (spare.length < SPARE_MAX && list.bytes.length <= SPARE_BYTES_MAX) spare.push(list);
  return null;
}
