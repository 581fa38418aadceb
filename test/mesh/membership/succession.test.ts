import { describe, expect, it } from 'vitest';
import type { CoreState } from '../../../mesh/claims/core-state.ts';
import type { Effect } from '../../../mesh/claims/events.ts';
import { CLAIM_VERSION, type SuccessionAnswer, type SuccessionQuestion } from '../../../mesh/claims/messages.ts';
import { type Config, firstConfig } from '../../../mesh/membership/config.ts';
import type { ConfigProposal, SuccessionRecord } from '../../../mesh/membership/membership.ts';
import {
  answerProposal,
  createConfigProposal,
  hearProposalAnswer,
  hearVote,
  proposeConfig,
  type SuccessionVoter,
  voteOnSuccession,
} from '../../../mesh/membership/succession.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { Write } from '../../../mesh/ports.ts';
import { proposerName } from '../../../mesh/register/ballot.ts';
import { coreOn } from '../../support/core-on.ts';
import { cloud, DATA, dataOf, desk, lab, mac, mini, votersOf } from '../../support/membership-of.ts';
import { talkOfFirst, talkOfSuccessor } from '../../support/succession-search.ts';

const firstOf = (...hosts: HostId[]): Config => firstConfig(votersOf(...hosts), hosts);
const THREE = [cloud, mac, mini];
const CONFIG = firstOf(...THREE);
/** Two ways to go on from it. */
const WITH_DESK: Config = { ...CONFIG, epoch: 2, voters: votersOf(desk, mac, mini), old: CONFIG.voters };
const WITH_LAB: Config = { ...CONFIG, epoch: 2, voters: votersOf(lab, mac, mini), old: CONFIG.voters };

const nameOf = (host: HostId) => proposerName(host, DATA[host] ?? '');

function voter(self: HostId, known: Partial<SuccessionVoter> = {}): SuccessionVoter {
  return {
    self,
    data: DATA[self] ?? '',
    config: CONFIG,
    succession: undefined,
    wished: THREE,
    pristine: false,
    ...known,
  };
}

const asks = (
  from: HostId,
  n: number,
  accept?: Config,
  { config, hosts = THREE }: { readonly config?: Config | undefined; readonly hosts?: readonly HostId[] } = {
    config: CONFIG,
  },
): SuccessionQuestion => ({
  version: CLAIM_VERSION,
  mesh: config?.mesh ?? '',
  epoch: config?.epoch ?? 0,
  incarnation: DATA[from] ?? '',
  about: 'succession',
  n,
  hosts,
  ...(accept === undefined ? { kind: 'prepare' } : { kind: 'accept', config: accept }),
});

const promise = (
  host: HostId,
  n: number,
  accepted: SuccessionRecord['accepted'] = null,
  config: Config | null = null,
): SuccessionAnswer => ({
  version: CLAIM_VERSION,
  kind: 'promise',
  incarnation: DATA[host] ?? '',
  n,
  accepted,
  config,
});
const accepted = (host: HostId, n: number): SuccessionAnswer => ({
  version: CLAIM_VERSION,
  kind: 'accepted',
  incarnation: DATA[host] ?? '',
  n,
});
const behind = (host: HostId): SuccessionAnswer => ({
  version: CLAIM_VERSION,
  kind: 'behind',
  incarnation: DATA[host] ?? '',
});

/** What each answer leads to, the answers given as `[host, answer]`. */
function hearAll(
  proposal: ConfigProposal,
  answers: readonly (readonly [HostId, SuccessionAnswer])[],
): readonly string[] {
  return answers.map(([host, answer]) => hearVote(proposal, host, answer).kind);
}

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

describe('an attempt to have a successor chosen', () => {
  it('proposes what it came for when nobody has accepted anything', () => {
    const proposal = createConfigProposal(CONFIG, WITH_DESK, 5);
    expect(
      hearAll(proposal, [
        [mac, promise(mac, 5)],
        [mini, promise(mini, 5)],
      ]),
    ).toEqual(['wait', 'accept']);
    expect(proposal.proposed).toEqual(WITH_DESK);
    expect(hearAll(proposal, [[mac, accepted(mac, 5)]])).toEqual(['wait']);
    expect(hearVote(proposal, mini, accepted(mini, 5))).toEqual({ kind: 'chosen', config: WITH_DESK });
  });

  it.each([
    ['the only one', [null, [2, cloud, WITH_LAB]]],
    [
      'the newest',
      [
        [1, cloud, WITH_DESK],
        [2, cloud, WITH_LAB],
      ],
    ],
    [
      'the newest, though it is told first',
      [
        [2, cloud, WITH_LAB],
        [1, mac, WITH_DESK],
      ],
    ],
    [
      'the one of the later name among equal numbers',
      [
        [2, cloud, WITH_DESK],
        [2, mac, WITH_LAB],
      ],
    ],
  ] as const)('proposes %s that was accepted before, and not what it came for', (_, [one, other]) => {
    const proposal = createConfigProposal(CONFIG, WITH_DESK, 5);
    const told = (host: HostId, before: readonly [number, HostId, Config] | null) =>
      before === null ? promise(host, 5) : promise(host, 5, [before[0], nameOf(before[1])], before[2]);
    expect(
      hearAll(proposal, [
        [mac, told(mac, one)],
        [mini, told(mini, other)],
      ]),
    ).toEqual(['wait', 'accept']);
    expect(proposal.proposed).toEqual(WITH_LAB);
    hearVote(proposal, mac, accepted(mac, 5));
    expect(hearVote(proposal, mini, accepted(mini, 5))).toEqual({ kind: 'chosen', config: WITH_LAB });
  });

  it('counts each voter once, on the data that votes, and what belongs to this attempt', () => {
    const proposal = createConfigProposal(CONFIG, WITH_DESK, 5);
    const stranger = { ...promise(mini, 5), incarnation: dataOf('f') };
    expect(
      hearAll(proposal, [
        [mac, accepted(mac, 5)],
        [mac, promise(mac, 5)],
        [mac, promise(mac, 5)],
        [mini, promise(mini, 4)],
        [mini, stranger],
        [desk, promise(desk, 5)],
        [mini, promise(mini, 5)],
      ]),
    ).toEqual(['wait', 'wait', 'wait', 'wait', 'wait', 'wait', 'accept']);
    expect(
      hearAll(proposal, [
        [mac, accepted(mac, 5)],
        [mac, accepted(mac, 5)],
        [mini, accepted(mini, 4)],
        [mini, { ...accepted(mini, 5), incarnation: dataOf('f') }],
        [desk, accepted(desk, 5)],
        [cloud, accepted(cloud, 5)],
      ]),
    ).toEqual(['wait', 'wait', 'wait', 'wait', 'wait', 'chosen']);
  });

  it('takes nothing for accepted that it has not proposed', () => {
    const proposal = createConfigProposal(CONFIG, WITH_DESK, 5);
    expect([mac, mini].map((host) => hearVote(proposal, host, accepted(host, 5)).kind)).toEqual(['wait', 'wait']);
    expect(proposal.accepts.size).toBe(0);
  });

  it('needs a majority of those who leave and of those who come while the mesh moves', () => {
    const moving: Config = { ...CONFIG, epoch: 2, voters: votersOf(desk, lab, mini), old: CONFIG.voters };
    const { old: _, ...stable } = moving;
    const proposal = createConfigProposal(moving, { ...stable, epoch: 3 }, 5);
    expect(
      hearAll(proposal, [
        [cloud, promise(cloud, 5)],
        [mac, promise(mac, 5)],
        [mini, promise(mini, 5)],
        [desk, promise(desk, 5)],
      ]),
    ).toEqual(['wait', 'wait', 'wait', 'accept']);
    expect(
      hearAll(proposal, [
        [desk, accepted(desk, 5)],
        [lab, accepted(lab, 5)],
        [mini, accepted(mini, 5)],
        [cloud, accepted(cloud, 5)],
      ]),
    ).toEqual(['wait', 'wait', 'wait', 'chosen']);
  });

  it('ends when a newer one is under way, and says above which number to try again', () => {
    const proposal = createConfigProposal(CONFIG, WITH_DESK, 5);
    const nack = (n: number): SuccessionAnswer => ({
      ...behind(mac),
      ...{ kind: 'nack', n, promised: [8, nameOf(cloud)] },
    });
    expect(hearVote(proposal, mac, nack(4))).toEqual({ kind: 'wait' });
    expect(hearVote(proposal, mac, nack(5))).toEqual({ kind: 'outbid', n: 8 });
  });

  it('waits with what it came for until a majority of the new voters is there', () => {
    const wanted: Config = { ...CONFIG, epoch: 2, voters: votersOf(desk, lab, mini), old: CONFIG.voters };
    const proposal = createConfigProposal(CONFIG, wanted, 5);
    expect(
      hearAll(proposal, [
        [cloud, promise(cloud, 5)],
        [mac, promise(mac, 5)],
        [desk, behind(desk)],
      ]),
    ).toEqual(['wait', 'wait', 'wait']);
    expect(hearAll(proposal, [[lab, { ...behind(lab), incarnation: dataOf('f') }]])).toEqual(['wait']);
    expect(hearAll(proposal, [[lab, behind(lab)]])).toEqual(['accept']);
  });

  it('waits for nobody with what was accepted before', () => {
    const wanted: Config = { ...CONFIG, epoch: 2, voters: votersOf(desk, lab, mini), old: CONFIG.voters };
    const proposal = createConfigProposal(CONFIG, wanted, 5);
    const before = promise(mac, 5, [1, nameOf(cloud)], wanted);
    expect(
      hearAll(proposal, [
        [cloud, promise(cloud, 5)],
        [mac, before],
      ]),
    ).toEqual(['wait', 'accept']);
  });
});

describe('two movers that alternate', () => {
  it('end with one successor, though the first never hears that its own was chosen', () => {
    const voters = new Map(THREE.map((host) => [host, voter(host)]));
    const ask = (from: HostId, to: HostId, question: SuccessionQuestion): SuccessionAnswer => {
      const { answer, record } = voteOnSuccession(voters.get(to) as SuccessionVoter, from, question);
      if (record !== undefined) voters.set(to, voter(to, { succession: record }));
      return answer;
    };
    const ofMac = createConfigProposal(CONFIG, WITH_DESK, 1);
    for (const to of [mac, mini]) hearVote(ofMac, to, ask(mac, to, asks(mac, 1)));
    const late = [mac, mini].map((to) => [to, ask(mac, to, asks(mac, 1, ofMac.proposed))] as const);

    // `cloud` outbids it with the votes of `cloud` and `mini`: of the latter's acceptance it must not lose sight.
    const ofCloud = createConfigProposal(CONFIG, WITH_LAB, 2);
    for (const to of [cloud, mini]) hearVote(ofCloud, to, ask(cloud, to, asks(cloud, 2)));
    const heard = [cloud, mini].map((to) => hearVote(ofCloud, to, ask(cloud, to, asks(cloud, 2, ofCloud.proposed))));
    expect(heard.at(-1)).toEqual({ kind: 'chosen', config: WITH_DESK });
    expect(late.map(([to, answer]) => hearVote(ofMac, to, answer)).at(-1)).toEqual({
      kind: 'chosen',
      config: WITH_DESK,
    });
  });

  it('end with one successor in every talk that chance makes', () => {
    let [decided, repeated] = [0, 0];
    for (let seed = 1; seed <= 1_500; seed += 1) {
      const chosen = talkOfSuccessor(seed, 200);
      expect(new Set(chosen.map((config) => JSON.stringify(config))).size, `seed ${seed}`).toBeLessThanOrEqual(1);
      if (chosen.length > 0) decided += 1;
      if (chosen.length > 1) repeated += 1;
    }
    // Else these talks would show nothing.
    expect(Math.min(decided, repeated)).toBeGreaterThan(1_000);
  });
});

describe('the first configuration', () => {
  it('needs the promise and the acceptance of all its voters', () => {
    const proposal = createConfigProposal(undefined, CONFIG, 5);
    expect(
      hearAll(proposal, [
        [cloud, promise(cloud, 5)],
        [mac, promise(mac, 5)],
        [mini, { ...promise(mini, 5), incarnation: dataOf('f') }],
        [mini, promise(mini, 5)],
      ]),
    ).toEqual(['wait', 'wait', 'wait', 'accept']);
    expect(
      hearAll(proposal, [
        [cloud, accepted(cloud, 5)],
        [mini, accepted(mini, 5)],
        [mini, { ...accepted(mac, 5) }],
        [mac, accepted(mac, 5)],
      ]),
    ).toEqual(['wait', 'wait', 'wait', 'chosen']);
  });

  /** An attempt to make a first configuration of `wanted`, whose voters accepted those before, if any. */
  function bound(wanted: Config, before: Partial<Record<string, readonly [number, Config]>>) {
    const proposal = createConfigProposal(undefined, wanted, 9);
    const hosts = Object.keys(wanted.voters).sort() as HostId[];
    const progress = hearAll(
      proposal,
      hosts.map((host) => {
        const [n, config] = before[host] ?? [];
        const name = nameOf(cloud);
        return [host, n === undefined ? promise(host, 9) : promise(host, 9, [n, name], config ?? null)] as const;
      }),
    );
    return [progress.at(-1), proposal.proposed];
  }

  it('is completed when it is the one that was begun', () => {
    const again = { ...CONFIG, members: [...THREE, desk] };
    expect(bound(CONFIG, { mac: [1, again] })).toEqual(['accept', again]);
  });

  it('may be another than was begun when a majority of the voters of that one is here, and never accepts it now', () => {
    expect(bound(firstOf(mac, mini), { mac: [1, CONFIG], mini: [1, CONFIG] })).toEqual(['accept', firstOf(mac, mini)]);
    const five = firstOf(cloud, desk, lab, mac, mini);
    const three = firstOf(lab, mac, mini);
    expect(bound(three, { lab: [1, five], mac: [1, five], mini: [1, five] })).toEqual(['accept', three]);
  });

  it('may not be another when those who are absent may go by the one that was begun', () => {
    const four = firstOf(cloud, desk, mac, mini);
    expect(bound(firstOf(mini), { mini: [1, CONFIG] })[0]).toBe('stuck');
    expect(bound(firstOf(desk, mini), { mini: [1, CONFIG] })[0]).toBe('stuck');
    expect(bound(firstOf(lab, mini), { mini: [1, four] })[0]).toBe('stuck');
    const five = firstOf(cloud, desk, lab, mac, mini);
    expect(bound(firstOf(mac, mini), { mac: [1, five], mini: [1, five] })[0]).toBe('stuck');
  });

  it('may be another when half of four voters is here: the other half decides nothing', () => {
    const four = firstOf(cloud, desk, mac, mini);
    const two = firstOf(mac, mini);
    expect(bound(two, { mac: [1, four], mini: [1, four] })).toEqual(['accept', two]);
  });

  it('may be another when one voter of the one that was begun is here and never accepted it', () => {
    const five = firstOf(cloud, desk, lab, mac, mini);
    const two = firstOf(mac, mini);
    expect(bound(two, { mini: [1, five] })).toEqual(['accept', two]);
    // It accepted that one first, and another since, which can only be when that one was not chosen.
    expect(bound(two, { mac: [1, firstOf(mac, cloud)], mini: [2, five] })).toEqual(['accept', two]);
  });

  it('takes one that lost its disk since for another voter', () => {
    const stale = firstConfig({ ...CONFIG.voters, [mac]: dataOf('f') }, THREE);
    expect(bound(firstOf(mac, mini), { mini: [1, stale] })[0]).toBe('stuck');
  });
});

describe('hosts that form a mesh while their files change and disks are lost', () => {
  const shareVoter = (one: Config, other: Config) =>
    Object.entries(one.voters).some(([host, data]) => other.voters[host as HostId] === data);

  it('end with no voter in two meshes of which both decide, in the talks that chance makes', () => {
    let decided = 0;
    for (let seed = 1; seed <= 2_500; seed += 1) {
      const { inEffect } = talkOfFirst(seed, 300);
      const split = inEffect.filter((one, at) => inEffect.slice(at + 1).some((other) => shareVoter(one, other)));
      expect(split, `seed ${seed}`).toEqual([]);
      if (inEffect.length > 0) decided += 1;
    }
    expect(decided).toBeGreaterThan(500);
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
    heard(state, mini, nack);
    expect(state.membership.proposing).toBeUndefined();
    proposing(state, WITH_DESK);
    expect(state.membership.proposing?.proposal.n).toBe(71);
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
