import { describe, expect, it } from 'vitest';
import { readMembers } from '../../../mesh/json/json-members.ts';
import { TiredClock } from '../../support/tired-clock.ts';

const read = (text: string | Uint8Array, membersMax = 200_000, clock = new TiredClock()) =>
  readMembers(typeof text === 'string' ? Buffer.from(text) : text, membersMax, clock);
const entries = (count: number, value: unknown = { agentId: 'é"\\{}[],:', metadata: { a: '1' } }) =>
  Array.from({ length: count }, (_, at) => [`ö"${at}@x.com`, value] as const);

describe('the members of a large JSON object', () => {
  it.each([0, 1, 3, 5_000])('are those that JSON.parse finds, %d of them', async (count) => {
    const members = entries(count);
    expect(await read(JSON.stringify(Object.fromEntries(members)))).toEqual(members);
    expect(await read(` ${JSON.stringify(Object.fromEntries(members), undefined, 2)}\n`)).toEqual(members);
  });

  it('are read in turns', async () => {
    const clock = new TiredClock();
    await read(JSON.stringify(Object.fromEntries(entries(20_000))), 200_000, clock);
    expect(clock.sleeps).toBeGreaterThan(10);
  });

  it.each([
    ['nested', `{"a@x.com":${'['.repeat(1_000_000)}`, /nested deeper than 64 levels/],
    ['of too many members', JSON.stringify(Object.fromEntries(entries(50_000, 1))), /more than 10000 members/],
    ['of one member that is too large', `{"a":"${'x'.repeat(1_000_000)}"}`, /a member of more than 65536 characters/],
    ['of one number that is too large', `{"a":${'1'.repeat(1_000_000)}}`, /a member of more than 65536 characters/],
  ])('are refused when the answer is %s', (_, text, message) =>
    expect(read(text, 10_000)).rejects.toMatchObject({
      code: 'peer_unintelligible',
      message: expect.stringMatching(message),
    }),
  );

  const long = JSON.stringify(Object.fromEntries(entries(1_000)));
  it.each([
    '',
    'null',
    '[]',
    '[1,2]',
    '"text"',
    '{',
    '{"a":1',
    '{"a":1,}',
    '{"a":1}{"b":2}',
    '{"a":1} x',
    `${long.slice(0, -1)},}`,
    `${long.slice(0, -1)},,"b":1}`,
    `${long}${long}`,
    `${long},`,
    `[${long.slice(1)}`,
    long.slice(0, -1),
    long.slice(0, -20),
    `{"__proto__":1,${long.slice(1)}`,
  ])('are refused when the text is no object, %#', (text) =>
    expect(read(text)).rejects.toMatchObject({ code: 'peer_unintelligible' }),
  );

  it('are refused when the octets are no UTF-8', () =>
    expect(read(Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]))).rejects.toMatchObject({
      code: 'peer_unintelligible',
    }));
});
