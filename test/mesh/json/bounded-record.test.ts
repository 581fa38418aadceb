import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { boundedRecord } from '../../../mesh/json/bounded-record.ts';
import { questionSchema } from '../../../mesh/state/schemas.ts';

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 1]));

describe('a record with a bound', () => {
  it('is counted before its members are looked at', () => {
    let looked = 0;
    const value = z.number().refine(() => {
      looked += 1;
      return true;
    });
    const schema = boundedRecord(z.record(z.string(), value), 3);
    expect(schema.safeParse(many(4)).error?.issues[0]?.message).toBe('must have at most 3 members');
    expect(looked).toBe(0);
    expect(schema.parse(many(3))).toEqual(many(3));
    expect(schema.safeParse([]).success).toBe(false);
    expect(schema.safeParse(undefined).success).toBe(false);
  });

  it('bounds what a peer tells of its starts', () => {
    const greeting = { version: 1, about: 'greeting', boots: many(10_000) };
    expect(questionSchema.safeParse(greeting).error?.issues).toHaveLength(1);
  });
});
