// A schema for records that checks the number of members first. A plain schema would read every member, at some ten microseconds each,
// before it counted them.

import { z } from 'zod';
import { isMap } from './foreign-json.ts';

/** The record's schema, which is not begun where the value has more than `keysMax` members. */
export function boundedRecord<Schema extends z.ZodRecord>(record: Schema, keysMax: number) {
  const error = `must have at most ${keysMax} members`;
  return z
    .any()
    .refine((value) => !isMap(value) || Object.keys(value).length <= keysMax, { error, abort: true })
    .pipe(record);
}
