import { describe, expect, it } from 'vitest';
import {
  createConfigProposal,
  hearVote,
  type SuccessionVoter,
  voteOnSuccession,
} from '../../../mesh/membership/succession.ts';
import type { HostId } from '../../../mesh/names.ts';
import { type Config, firstConfig } from '../../../mesh/state/config.ts';
import type { SuccessionAnswer, SuccessionQuestion } from '../../../mesh/state/messages.ts';
import { cloud, dataOf, desk, lab, mac, mini, votersOf } from '../../support/membership-of.ts';
import { talkOfFirst, talkOfSuccessor } from '../../support/succession-search.ts';
import {
  accepted,
  asks,
  behind,
  CONFIG,
  firstOf,
  hearAll,
  nameOf,
  promise,
  THREE,
  voter,
  WITH_DESK,
  WITH_LAB,
} from '../../support/succession-voters.ts';

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
