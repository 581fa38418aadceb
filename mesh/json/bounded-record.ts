// A record with a bound on its members that is looked at first: a schema reads every member, at some ten microseconds each, before it would
// count them.

import { z } from 'zod';
import { isMap } from './foreign-json.ts';

export function boundedRecord<Schema extends z.ZodRecord>(record: Schema, keysMax: number) {
  const error = `must have at most ${keysMax} members`;
  return z
    .any()
    .refine((value) => !isMap(value) || Object.keys(value).length <= keysMax, { error, abort: true })
    .pipe(record);
}
