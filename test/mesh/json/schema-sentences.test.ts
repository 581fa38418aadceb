import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { schemaSentence } from '../../../mesh/json/schema-sentences.ts';

const said = (schema: z.ZodType, value: unknown) =>
  schema.safeParse(value, { error: schemaSentence }).error?.issues.map(({ message }) => message);

describe('what a schema says', () => {
  it.each([
    [z.string(), 7, 'must be a text, not a number'],
    [z.string(), undefined, 'must be a text, and is missing'],
    [z.strictObject({}), [], 'must be an object, not a list'],
    [z.array(z.string()), 'x', 'must be a list, not a text'],
    [z.boolean(), null, 'must be true or false, not null'],
    [z.int(), 1.5, 'must be a whole number, not a number'],
    [z.coerce.number(), 'x', 'must be a number, not another text'],
    [z.record(z.string(), z.string()), true, 'must be an object, not true'],
    [z.enum(['mine', 'theirs']), 'x', 'must be "mine" or "theirs"'],
    [z.literal(1), 2, 'must be 1'],
    [z.string().min(1), '', 'must have at least 1 character'],
    [z.string().max(2), 'xxx', 'must have at most 2 characters'],
    [z.array(z.string()).max(1), ['a', 'b'], 'must have at most 1 entry'],
    [z.number().min(3), 2, 'must be at least 3'],
    [z.number().gt(3), 3, 'must be more than 3'],
    [z.strictObject({}), { x: 1 }, "has a member that is not known here: 'x'"],
    [z.union([z.string(), z.number()]), true, 'is not of a form that is known here'],
    [z.string().regex(/^a$/, 'must be an a'), 'b', 'must be an a'],
    [z.string().regex(/^a$/), 'b', 'is not of a form that is known here'],
  ])('%#: is a sentence of ours', (schema, value, sentence) => expect(said(schema, value)).toEqual([sentence]));
});
