import { describe, expect, it } from 'vitest';
import { agentIdSchema, hostIdSchema } from '../../mesh/name-schemas.ts';

const messageOf = (result: { error?: { issues: { message: string }[] } | undefined }) =>
  result.error?.issues[0]?.message;

describe('a host id in JSON', () => {
  it('is trimmed and lower-cased', () => expect(hostIdSchema.parse(' Mac.Lan ')).toBe('mac.lan'));
  it.each(['', 'a b', '-a', 'x'.repeat(65), 'constructor'])('is not %j: the sentence says what it may be', (text) =>
    expect(messageOf(hostIdSchema.safeParse(text))).toMatch(/^must be 1–64 of letters/),
  );
});

describe('an agent id in JSON', () => {
  it('is kept as it is', () => expect(agentIdSchema.parse('Ann_1')).toBe('Ann_1'));
  it.each(['', 'a b', '-a', 'x'.repeat(129), '__proto__'])('is not %j: the sentence says what it may be', (text) =>
    expect(messageOf(agentIdSchema.safeParse(text))).toMatch(/^must be 1–128 of letters/),
  );
});
