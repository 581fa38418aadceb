import { describe, expect, it } from 'vitest';
import { claimAnswerSchema, claimMessageSchema } from '../../../mesh/state/schemas.ts';
import { readUsualAnswer, readUsualMessage } from '../../../mesh/state/usual-messages.ts';
import { changedJson } from '../../support/changed-json.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const OWNER = {
  ...{
    hostId: 'mac',
    agentId: 'Titania-1',
    agentName: 'titania',
    claimId: 'claim-0001',
    since: '2026-01-27T12:00:00Z',
  },
};
const MESSAGE = {
  ...{ version: 2, mesh: 'a'.repeat(32), epoch: 1, incarnation: 'b'.repeat(32), life: 3, boot: 'c'.repeat(16) },
  items: [
    { kind: 'prepare', key: 'titania@x.com', n: 1, claiming: true },
    { kind: 'accept', key: 'oberon@x.com', n: 2, value: OWNER },
    { kind: 'accept', key: 'puck@x.com', n: 3, value: null },
  ],
};
const ANSWER = {
  ...{ version: 2, kind: 'items', incarnation: 'b'.repeat(32) },
  items: [
    { kind: 'promise', n: 1, accepted: null, value: null },
    { kind: 'promise', n: 2, accepted: [7, 'cloud'], value: OWNER },
    { kind: 'accepted', n: 3 },
    { kind: 'nack', n: 4, promised: [0, 'told'] },
    { kind: 'veto', n: 5, owner: OWNER },
  ],
};

/** What a member may be replaced with: bounds, one beyond each, other types, names that objects inherit. */
const ODD: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 1, 2, 1.5, 2 ** 53 - 1, 2 ** 53, 1e300, '', 'a', 'ab', 'abc'],
  ...[
    ' Mac ',
    'MAC',
    'constructor',
    '__proto__',
    'prototype',
    'a b',
    '-a',
    'a'.repeat(32),
    'b'.repeat(33),
    '0'.repeat(15),
    'F'.repeat(32),
  ],
  ...[
    'c'.repeat(40),
    'c'.repeat(41),
    'd'.repeat(64),
    'd'.repeat(65),
    'e'.repeat(100),
    'e'.repeat(101),
    'f'.repeat(128),
    'f'.repeat(129),
  ],
  ...[
    'g'.repeat(256),
    'g'.repeat(257),
    'h'.repeat(1_024),
    'h'.repeat(1_025),
    '💌'.repeat(20),
    '💌'.repeat(128),
    '12345678',
    '1234567',
    'items',
    'prepare',
  ],
  ...['accept', 'promise', 'nack', 'veto', 'accepted', 'ahead', 'behind', 'refused'],
  ...[
    [],
    {},
    [1],
    [1, 'a'],
    [1, 'a', 2],
    [1.5, 'a'],
    [1, ''],
    [0, 'x'.repeat(101)],
    [-1, 'a'],
    [null, 'a'],
    OWNER,
    [OWNER],
    { ...OWNER, more: 1 },
  ],
];

describe.each([
  ['a message about claims', MESSAGE, readUsualMessage, claimMessageSchema],
  ['the answer to one', ANSWER, readUsualAnswer, claimAnswerSchema],
] as const)('%s', (_, usual, read, schema) => {
  it('as hosts send it is read by hand, as the schema reads it', () => {
    expect(read(usual)).toEqual(schema.parse(usual));
    expect(read({ ...usual, more: true })).toStrictEqual(schema.parse(usual));
  });

  it('is read by hand only as the schema reads it, whatever is in it', () => {
    const random = seededRandom(1);
    const seen = { both: 0, schemaAlone: 0, neither: 0 };
    for (let run = 0; run < 8_000; run += 1) {
      let value: unknown = usual;
      for (let times = 0; times <= random.next() * 2; times += 1) value = changedJson(value, random, ODD);
      const sent = JSON.parse(JSON.stringify(value)) as unknown;
      const [byHand, bySchema] = [read(sent), schema.safeParse(sent)];
      if (byHand !== undefined) {
        expect(bySchema.success, JSON.stringify(sent)).toBe(true);
        expect(byHand).toStrictEqual(bySchema.data);
        seen.both += 1;
      } else if (bySchema.success) seen.schemaAlone += 1;
      else seen.neither += 1;
    }
    // The search reached both sides, and only answers of other kinds are left to the schema alone.
    expect(seen.both).toBeGreaterThan(500);
    expect(seen.neither).toBeGreaterThan(500);
    expect(seen.schemaAlone).toBeLessThan(80);
  });
});
