import { describe, expect, it } from 'vitest';
import {
  answerProposal,
  CONFIG_PROPOSAL_MS_MAX,
  giveUpInTime,
  hearProposalAnswer,
  proposeConfig,
  type SuccessionVoter,
  voteOnSuccession,
} from '../../../mesh/membership/succession.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { Write } from '../../../mesh/ports.ts';
import { type Config, firstConfig } from '../../../mesh/state/config.ts';
import type { CoreState } from '../../../mesh/state/core-state.ts';
import type { Effect } from '../../../mesh/state/events.ts';
import { CLAIM_VERSION, type SuccessionAnswer } from '../../../mesh/state/messages.ts';
import { coreOn } from '../../support/core-on.ts';
import { cloud, DATA, dataOf, desk, lab, mac, mini } from '../../support/membership-of.ts';
import {
  accepted,
  asks,
  CONFIG,
  firstOf,
  nameOf,
  promise,
  THREE,
  voter,
  WITH_DESK,
  WITH_LAB,
} from '../../support/succession-voters.ts';

describe('a vote on a successor', () => {
  it('is promised to the newer of two movers, and refused to the older one', () => {
    const first = voteOnSuccession(voter(mini), mac, asks(mac, 4));
    expect(first).toMatchObject({
      answer: { kind: 'promise', n: 4, accepted: null, config: null },
      record: { epoch: 1, promised: [4, nameOf(mac)], accepted: null, config: null },
    });
    const bound = voter(mini, { succession: first.record });
    for (const question of [asks(cloud, 4), asks(cloud, 4, WITH_DESK), asks(cloud, 3)])
      expect(voteOnSuccession(bound, cloud, question)).toEqual({
        answer: {
          version: CLAIM_VERSION,
          kind: 'nack',
          incarnation: DATA[mini] ?? '',
          n: question.n,
          promised: [4, nameOf(mac)],
        },
      });
    expect(voteOnSuccession(bound, cloud, asks(cloud, 5)).answer.kind).toBe('promise');
  });

  it('is a promise too when it is an acceptance that nobody had asked a promise for', () => {
    const first = voteOnSuccession(voter(mini), cloud, asks(cloud, 3));
    const { record } = voteOnSuccession(voter(mini, { succession: first.record }), mac, asks(mac, 6, WITH_DESK));
    const { answer } = voteOnSuccession(voter(mini, { succession: record }), cloud, asks(cloud, 5, WITH_LAB));
    expect(answer).toMatchObject({ kind: 'nack', n: 5, promised: [6, nameOf(mac)] });
  });

  it('names what it accepted before to whoever asks later, and keeps it in mind', () => {
    const { record } = voteOnSuccession(voter(mini), mac, asks(mac, 4, WITH_DESK));
    expect(record).toEqual({ epoch: 1, promised: [4, nameOf(mac)], accepted: [4, nameOf(mac)], config: WITH_DESK });
    expect(voteOnSuccession(voter(mini, { succession: record }), cloud, asks(cloud, 5))).toMatchObject({
      answer: { kind: 'promise', accepted: [4, nameOf(mac)], config: WITH_DESK },
      record: { promised: [5, nameOf(cloud)], accepted: [4, nameOf(mac)], config: WITH_DESK },
    });
  });

  it('is given anew in a later epoch', () => {
    const { record } = voteOnSuccession(voter(mini), mac, asks(mac, 4, WITH_DESK));
    const later = { ...CONFIG, epoch: 2 };
    const { answer } = voteOnSuccession(
      voter(mini, { config: later, succession: record }),
      cloud,
      asks(cloud, 1, undefined, { config: later }),
    );
    expect(answer).toMatchObject({ kind: 'promise', n: 1, accepted: null, config: null });
  });

  it('is given only in the epoch that is asked about, and only by a voter as it was named', () => {
    const later = { ...CONFIG, epoch: 2 };
    const kindOf = (known: Partial<SuccessionVoter>, self = mini) => {
      const { answer, record } = voteOnSuccession(voter(self, known), cloud, asks(cloud, 9, WITH_DESK));
      return [answer.kind, record === undefined];
    };
    expect(kindOf({ config: later })).toEqual(['ahead', true]);
    expect(kindOf({ config: { ...CONFIG, mesh: 'f'.repeat(32) } })).toEqual(['ahead', true]);
    expect(kindOf({ config: undefined, pristine: true })).toEqual(['behind', true]);
    expect(kindOf({ data: dataOf('f') })).toEqual(['refused', true]);
    expect(kindOf({}, desk)).toEqual(['refused', true]);
  });

  it('is given by those who leave and those who come while the mesh moves', () => {
    const question = asks(cloud, 1, { ...WITH_DESK, epoch: 3 }, { config: WITH_DESK });
    for (const self of [cloud, desk, mac, mini])
      expect(voteOnSuccession(voter(self, { config: WITH_DESK }), cloud, question).answer.kind).toBe('accepted');
  });
});

describe('a vote on the first configuration', () => {
  const unformed = { config: undefined, pristine: true };
  const ask = (known: Partial<SuccessionVoter>, hosts = THREE, wanted?: Config) =>
    voteOnSuccession(voter(mini, { ...unformed, ...known }), mac, asks(mac, 1, wanted, { config: undefined, hosts }))
      .answer.kind;

  it('is given by a host that holds nothing, whose hosts.json says the same', () => {
    expect(ask({})).toBe('promise');
    expect(ask({}, THREE, CONFIG)).toBe('accepted');
  });

  it('is refused by a host that holds a register or an address', () => {
    expect([ask({ pristine: false }), ask({ pristine: false }, THREE, CONFIG)]).toEqual(['refused', 'refused']);
  });

  it('is refused by a host whose hosts.json says otherwise, or does not let it vote', () => {
    expect(ask({ wished: [mac, mini] })).toBe('refused');
    expect(ask({ wished: [mac, mini] }, THREE, CONFIG)).toBe('refused');
    expect(ask({ wished: [cloud, mac] }, [cloud, mac])).toBe('refused');
  });

  it('is refused by a host that is named on other data than it has, or not at all', () => {
    const stale = firstConfig({ ...CONFIG.voters, [mini]: dataOf('f') }, THREE);
    expect(ask({}, THREE, stale)).toBe('refused');
    expect(ask({}, THREE, firstOf(cloud, mac))).toBe('refused');
  });
});

describe('a proposal of this host', () => {
  const proposing = (state: CoreState, wanted: Config) => {
    const out: Effect[] = [];
    proposeConfig(state, wanted, out);
    return out;
  };
  const heard = (state: CoreState, from: HostId, answer: SuccessionAnswer) => {
    const out: Effect[] = [];
    return { chosen: hearProposalAnswer(state, from, answer, out), out };
  };
  const asked = (effects: readonly Effect[]) => effects.flatMap((effect) => (effect.type === 'ask' ? [effect.to] : []));

  it('is one at a time, under a number that is on the disk as used before anybody is asked', () => {
    const state = coreOn(mac);
    const effects = proposing(state, WITH_DESK);
    const afterDisk = effects.flatMap((effect) => (effect.type === 'persist' ? effect.after : []));
    expect([asked(effects), asked(afterDisk)]).toEqual([[], [cloud, desk, mac, mini]]);
    const { proposal } = state.membership.proposing ?? {};
    expect([proposing(state, WITH_LAB), state.membership.proposing?.proposal]).toEqual([[], proposal]);
    // The numbers ahead are on the disk by then.
    const later = coreOn(mac, { records: { ballotCeiling: 0 } });
    Object.assign(later, { ballotCeiling: 10_000, ceilingAsked: 10_000 });
    expect(asked(proposing(later, WITH_DESK))).toEqual([cloud, desk, mac, mini]);
  });

  it('asks all to accept, is chosen, and is over', () => {
    const state = coreOn(mac);
    proposing(state, WITH_DESK);
    const n = state.membership.proposing?.proposal.n ?? 0;
    heard(state, mac, promise(mac, n));
    expect(asked(heard(state, mini, promise(mini, n)).out)).toEqual([cloud, desk, mac, mini]);
    expect(heard(state, mac, accepted(mac, n)).chosen).toBeUndefined();
    expect(heard(state, mini, accepted(mini, n)).chosen).toEqual(WITH_DESK);
    expect([state.membership.proposing, heard(state, cloud, accepted(cloud, n)).chosen]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('that is outbid is over, and the next one is above', () => {
    const state = coreOn(mac);
    proposing(state, WITH_DESK);
    const n = state.membership.proposing?.proposal.n ?? 0;
    const nack = {
      version: CLAIM_VERSION,
      kind: 'nack',
      incarnation: DATA[mini] ?? '',
      n,
      promised: [70, 'x'],
    } as const;
    state.nowMs = 7;
    heard(state, mini, nack);
    expect([state.membership.proposing, state.membership.setbacks]).toEqual([undefined, { count: 1, atMs: 7 }]);
    proposing(state, WITH_DESK);
    expect(state.membership.proposing?.proposal.n).toBe(71);
  });

  it.each([
    [0, CONFIG_PROPOSAL_MS_MAX],
    [1, 2 * CONFIG_PROPOSAL_MS_MAX],
    [9, 8 * CONFIG_PROPOSAL_MS_MAX],
  ])('that follows %i setbacks is given up after %i ms, which is one more', (count, timeMs) => {
    const state = coreOn(mac);
    const { membership } = state;
    membership.setbacks = { count, atMs: 0 };
    proposing(state, WITH_DESK);
    const sinceMs = membership.proposing?.sinceMs ?? Number.NaN;
    giveUpInTime(membership, sinceMs + timeMs);
    expect([membership.proposing === undefined, membership.setbacks.count]).toEqual([false, count]);
    giveUpInTime(membership, sinceMs + timeMs + 1);
    expect([membership.proposing, membership.setbacks]).toEqual([
      undefined,
      { count: count + 1, atMs: sinceMs + timeMs + 1 },
    ]);
  });

  it('that is stuck is logged once for each list of voters', () => {
    const state = coreOn(mac, { config: undefined });
    const stuck = () => {
      proposing(state, firstOf(cloud, mac));
      const n = state.membership.proposing?.proposal.n ?? 0;
      heard(state, mac, promise(mac, n, [1, 'x'], firstOf(desk, lab, mac)));
      return heard(state, cloud, promise(cloud, n)).out;
    };
    expect(stuck()).toEqual([{ type: 'log', event: 'mesh.stuck', fields: { voters: [cloud, mac] } }]);
    expect([state.membership.proposing, stuck()]).toEqual([undefined, []]);
  });
});

describe('a vote of this host', () => {
  const voted = (state: CoreState) => {
    const writes: Write[] = [];
    return { answer: answerProposal(state, cloud, asks(cloud, 5), writes), writes };
  };

  it('is remembered, counted, and to be written before its answer leaves', () => {
    const state = coreOn(mac);
    const { answer, writes } = voted(state);
    const record = { epoch: 1, promised: [5, nameOf(cloud)], accepted: null, config: null };
    expect([answer.kind, state.membership.succession, state.membership.starts.votes]).toEqual(['promise', record, 1]);
    expect(writes).toEqual([{ key: 'claim/succession', value: record }]);
  });

  it.each<[string, (state: CoreState) => void]>([
    ['has withdrawn', ({ membership }) => Object.assign(membership.starts, { withdrawnOnWordOf: mini })],
    ['has not heard the electors', ({ membership }) => Object.assign(membership.starts, { hasHeardElectors: false })],
    [
      'knows that the asker left',
      ({ membership }) =>
        Object.assign(membership, { config: { ...CONFIG, gone: { [cloud]: '2026-01-27T12:00:00Z' } } }),
    ],
  ])('is refused when it %s', (_, prepare) => {
    const state = coreOn(mac);
    prepare(state);
    const { answer, writes } = voted(state);
    expect([answer.kind, writes, state.membership.succession]).toEqual(['refused', [], undefined]);
  });
});
