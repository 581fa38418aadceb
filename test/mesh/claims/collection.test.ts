// Collecting, one question at a time; whether it is safe is the simulation's to say.
import { describe, expect, it } from 'vitest';
import { RELEASED_KEPT_MAX } from '../../../mesh/claims/collection.ts';
import { step } from '../../../mesh/claims/core.ts';
import type { AddressKey, HostId } from '../../../mesh/names.ts';
import type { Owner } from '../../../mesh/owner.ts';
import type { Register } from '../../../mesh/register/acceptor.ts';
import type { Ballot } from '../../../mesh/register/ballot.ts';
import type { ClaimRecords } from '../../../mesh/state/claim-records.ts';
import type { Effect, Event } from '../../../mesh/state/events.ts';
import type { ReleasedStanding, Reply } from '../../../mesh/state/messages.ts';
import { RegisterTable } from '../../../mesh/state/register-table.ts';
import { CONFIG, cloud, DATA, formedCore, KEY, mac, mini, ownerOn } from '../../support/core-steps.ts';

const BALLOT: Ballot = [5, 'mac#1'];
const FREE: Register = { promised: BALLOT, accepted: BALLOT, value: null };
const HELD: Register = { ...FREE, value: ownerOn(cloud, 'claim-of-cloud') };
const HOUR_MS = 3_600_000;

/** A voter that has these registers; what it does an hour after its start. */
function collector(
  registers: Readonly<Record<string, Register>>,
  { held, ...records }: Partial<ClaimRecords> & { readonly held?: Owner } = {},
) {
  const all = { registers: new RegisterTable(Object.entries(registers) as [AddressKey, Register][]), ...records };
  const state = formedCore(all, held, { afterMs: 1_000, everyMs: 1_000 });
  const tell = (event: Event, nowMs = HOUR_MS) => [...step(state, event, nowMs, 0)];
  tell({ type: 'started' }, 0);
  return { state, tell };
}

const asked = (effects: readonly Effect[]) => effects.flatMap((one) => (one.type === 'ask' ? [one] : []));
const written = (effects: readonly Effect[]) => effects.flatMap((one) => (one.type === 'persist' ? one.writes : []));
const standsBack = (from: HostId, effects: readonly Effect[], ...standings: ReleasedStanding[]): Event => ({
  type: 'replied',
  from,
  question: asked(effects)[0]?.question as never,
  reply: { version: 2, kind: 'released', incarnation: DATA[from as 'cloud'], standings },
});
const spoken = { version: 2, mesh: CONFIG.mesh, epoch: 1, incarnation: DATA.cloud, life: 1, boot: 'x' } as const;
const replies = (effects: readonly Effect[]): Reply[] =>
  effects.flatMap((one) =>
    one.type === 'persist' ? one.after.flatMap((last) => (last.type === 'reply' ? [last.reply] : [])) : [],
  );
const gone = { key: `claim/register/${KEY}`, value: undefined };

describe('a voter that collects', () => {
  it('drops a released name once every other voter says the same, or has dropped it, and has them drop it', () => {
    const { state, tell } = collector({ [KEY]: FREE });
    const round = tell({ type: 'collectDue' });
    expect(asked(round).map(({ to, question }) => [to, question])).toMatchObject([
      [cloud, { about: 'released', keys: [KEY] }],
      [mini, { about: 'released', keys: [KEY] }],
    ]);
    expect(written(tell(standsBack(cloud, round, { is: 'free', ballot: BALLOT })))).toEqual([]);
    const end = tell(standsBack(mini, round, { is: 'gone', ballot: [9, 'mini#1'] }));
    expect(written(end)).toEqual([gone, { key: 'claim/floor', value: BALLOT }]);
    expect(asked(end).map(({ to, question }) => [to, question])).toMatchObject([
      [cloud, { about: 'collect', registers: [{ key: KEY, ballot: BALLOT }] }],
      [mini, { about: 'collect' }],
    ]);
    expect([state.floor, state.registers.size, state.membership.starts.votes]).toEqual([BALLOT, 0, 1]);
  });

  it.each<[string, ReleasedStanding]>([
    ['keeps it', { is: 'kept' }],
    ['has it under an older ballot', { is: 'free', ballot: [4, 'mini#1'] }],
    ['has it under a newer ballot', { is: 'free', ballot: [6, 'mini#1'] }],
    ['has no register of it, and a lower floor', { is: 'gone', ballot: [4, 'mini#1'] }],
  ])('has a name chosen again when a voter %s', (_, standing) => {
    const { state, tell } = collector({ [KEY]: FREE });
    const round = tell({ type: 'collectDue' });
    tell(standsBack(cloud, round, { is: 'free', ballot: BALLOT }));
    const end = tell(standsBack(mini, round, standing));
    expect(asked(end)).toEqual([]);
    expect([...state.operations.values()].map(({ kind }) => kind)).toEqual(['rechoose']);
    expect(state.registers.size).toBe(1);
  });

  it('has names chosen again once, however long there is no majority for it', () => {
    const { state, tell } = collector({ [KEY]: { ...FREE, promised: [6, 'cloud#1'] } });
    for (let round = 0; round < 3; round += 1) tell({ type: 'collectDue' }, HOUR_MS * (round + 1));
    expect([...state.operations.values()].map(({ kind }) => kind)).toEqual(['rechoose']);
  });

  it('drops by itself what was promised and never accepted', () => {
    const { state, tell } = collector({ [KEY]: { promised: [7, 'mini#1'], accepted: null, value: null } });
    expect(written(tell({ type: 'collectDue' }))).toEqual([gone, { key: 'claim/floor', value: [7, 'mini#1'] }]);
    expect(state.registers.size).toBe(0);
  });

  it('leaves alone what somebody has, what was released lately, and what its own registry holds', () => {
    expect(asked(collector({ [KEY]: HELD }).tell({ type: 'collectDue' }))).toEqual([]);
    expect(asked(collector({ [KEY]: FREE }).tell({ type: 'collectDue' }, 900))).toEqual([]);
    const held = ownerOn(mac, 'claim-of-mac');
    expect(asked(collector({ [KEY]: FREE }, { held }).tell({ type: 'collectDue' }))).toEqual([]);
  });

  it('does nothing while the mesh moves', () => {
    const { tell } = collector({ [KEY]: FREE }, { config: { ...CONFIG, old: CONFIG.voters } });
    expect(asked(tell({ type: 'collectDue' }))).toEqual([]);
  });

  it('waits no longer when more names wait than it keeps; the voters after the first wait for more', () => {
    const many = Object.fromEntries(Array.from({ length: 2 * RELEASED_KEPT_MAX + 2 }, (_, at) => [`n${at}@x`, FREE]));
    const question = asked(collector(many).tell({ type: 'collectDue' }, 10))[0]?.question;
    expect(question).toMatchObject({ about: 'released', keys: ['n0@x', 'n1@x'] });
  });
});

describe('a voter that is asked about released names', () => {
  const ask = (keys: readonly string[], more: object = {}): Event => ({
    type: 'asked',
    token: 1,
    from: cloud,
    question: { ...spoken, about: 'released', round: 1, keys: keys as AddressKey[], ...more } as never,
  });
  const collect = (ballot: Ballot, more: object = {}): Event => ({
    type: 'asked',
    token: 1,
    from: cloud,
    question: { ...spoken, about: 'collect', registers: [{ key: KEY, ballot }], ...more } as never,
  });

  it('says of each how it stands', () => {
    const registers = { free: FREE, held: HELD, promised: { ...FREE, promised: [6, 'cloud#1'] as const } };
    const { tell } = collector(registers, { floor: [9, 'mini#1'] });
    expect(replies(tell(ask(['free', 'held', 'promised', 'none'])))).toMatchObject([
      {
        kind: 'released',
        standings: [
          { is: 'free', ballot: BALLOT },
          { is: 'kept' },
          { is: 'kept' },
          { is: 'gone', ballot: [9, 'mini#1'] },
        ],
      },
    ]);
    expect(replies(collector({}).tell(ask(['none'])))).toMatchObject([{ standings: [{ is: 'kept' }] }]);
  });

  it('drops what still stands as it told, and nothing else', () => {
    expect(written(collector({ [KEY]: FREE }).tell(collect(BALLOT)))).toEqual([
      gone,
      { key: 'claim/floor', value: BALLOT },
    ]);
    for (const register of [HELD, { ...FREE, promised: [6, 'cloud#1'] as const }])
      expect(written(collector({ [KEY]: register }).tell(collect(BALLOT)))).toEqual([]);
    expect(written(collector({ [KEY]: FREE }).tell(collect([4, 'mac#1'])))).toEqual([]);
  });

  it.each([
    ['of another epoch', { epoch: 2 }, 'behind'],
    ['that votes on other data', { incarnation: 'f'.repeat(32) }, 'refused'],
  ])('drops nothing for a host %s', (_, more, kind) => {
    const { state, tell } = collector({ [KEY]: FREE });
    expect(replies(tell(collect(BALLOT, more)))).toMatchObject([{ kind }]);
    expect(replies(tell(ask([KEY], more)))).toMatchObject([{ kind }]);
    expect(state.registers.size).toBe(1);
  });
});
