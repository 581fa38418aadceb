import { describe, expect, it } from 'vitest';
import { BrokenInvariant } from '../../../mesh/invariant.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../../mesh/names.ts';
import type { ItemAnswer } from '../../../mesh/register/item.ts';
import {
  applyChange,
  type Change,
  createProposal,
  type Electorate,
  hear,
  type Proposal,
  prepare,
  propose,
} from '../../../mesh/register/proposer.ts';
import { canDecideWithout, firstConfig, isQuorum, voteKey } from '../../../mesh/state/config.ts';

const [cloud, mac, mini] = ['cloud', 'mac', 'mini'] as [HostId, HostId, HostId];
const DATA = { [cloud]: 'a', [mac]: 'b', [mini]: 'c' };
const CONFIG = firstConfig(DATA, [cloud, mac, mini]);
const electorate: Electorate = {
  isQuorum: (votes) => isQuorum(CONFIG, votes),
  canDecideWithout: (refusals) => canDecideWithout(CONFIG, refusals),
  isReplaceable: () => false,
};
const OWNER = {
  hostId: mac,
  agentId: 'agent' as AgentId,
  agentName: 'agent',
  claimId: 'claim' as ClaimId,
  since: '2026-01-27T12:00:00Z',
};

/** A claim that is asked for under ballot number 7. */
function claiming(): Proposal {
  const proposal = createProposal(1, 'a@x.com' as AddressKey, { kind: 'claim', owner: OWNER });
  prepare(proposal, 7);
  return proposal;
}

function promised(proposal: Proposal, n: number, ...hosts: HostId[]) {
  const promise: ItemAnswer = { kind: 'promise', n, accepted: null, value: null };
  return hosts.map((host) => hear(proposal, voteKey(host, DATA[host] ?? ''), promise, electorate).kind);
}

describe('a proposal', () => {
  it('exposes its value once a majority has promised', () => {
    const proposal = claiming();
    expect(promised(proposal, 7, cloud, mini)).toEqual(['wait', 'propose']);
    expect([propose(proposal), proposal.exposed]).toEqual([
      { kind: 'accept', key: 'a@x.com', n: 7, value: OWNER },
      true,
    ]);
  });

  it('exposes one value per ballot, and none before a majority has promised', () => {
    const early = claiming();
    promised(early, 7, cloud);
    expect(() => propose(early)).toThrow(BrokenInvariant);
    const twice = claiming();
    promised(twice, 7, cloud, mini);
    propose(twice);
    expect(() => propose(twice)).toThrow(/exposed under ballot number 7 while that is 'accepting'/);
  });

  it('begins anew under another ballot, for which no promise was heard yet', () => {
    const proposal = claiming();
    promised(proposal, 7, cloud, mini);
    propose(proposal);
    prepare(proposal, 9);
    expect(promised(proposal, 7, cloud, mini)).toEqual(['wait', 'wait']);
    expect(() => propose(proposal)).toThrow(BrokenInvariant);
    expect(promised(proposal, 9, cloud, mini)).toEqual(['wait', 'propose']);
  });
});

const other = (claimId: string) => ({ ...OWNER, hostId: cloud, claimId: claimId as ClaimId });

describe('a change', () => {
  const claim: Change = { kind: 'claim', owner: OWNER };
  const confirm: Change = { kind: 'confirm', owner: OWNER };
  const release: Change = { kind: 'release', claimId: OWNER.claimId };
  it.each<readonly [string, Change, typeof OWNER | null, boolean, typeof OWNER | null]>([
    ['a claim takes an address that nobody has', claim, null, false, OWNER],
    ['a claim leaves an address to another claim', claim, other('theirs'), false, other('theirs')],
    ['a claim takes an address whose claim is void', claim, other('theirs'), true, OWNER],
    ['a confirmation takes the address up again', confirm, null, false, OWNER],
    ['a confirmation leaves the address to a rival', confirm, other('theirs'), false, other('theirs')],
    ['a release ends its own claim', release, OWNER, false, null],
    ['a release ends no other claim, not even a void one', release, other('theirs'), true, other('theirs')],
    ['a read changes nothing', { kind: 'read' }, other('theirs'), true, other('theirs')],
    ['a new choice changes nothing', { kind: 'rechoose' }, null, false, null],
    ['a new choice leaves an address to its owner', { kind: 'rechoose' }, other('theirs'), false, other('theirs')],
    ['a new choice ends a claim whose host left for good', { kind: 'rechoose' }, other('theirs'), true, null],
  ])('%s', (_, change, current, isVoid, next) => {
    expect(applyChange(change, current, () => isVoid)).toEqual(next);
  });
});

describe('what a majority promised', () => {
  const OLD = { accepted: [3, 'cloud#a'], value: other('old') } as const;
  const NEW = { accepted: [5, 'mini#c'], value: other('new') } as const;
  const FREE = { accepted: null, value: null } as const;
  const FREED = { accepted: [5, 'mini#c'], value: null } as const;
  type Said = typeof OLD | typeof NEW | typeof FREE | typeof FREED;
  const read: Change = { kind: 'read' };

  /** What two of three voters promised; and what is then proposed, when anything is. */
  function concluded(change: Change, first: Said, second: Said) {
    const proposal = createProposal(1, 'a@x.com' as AddressKey, change);
    prepare(proposal, 7);
    const say = (host: HostId, said: Said) =>
      hear(proposal, voteKey(host, DATA[host] ?? ''), { kind: 'promise', n: 7, ...said }, electorate);
    expect(say(cloud, first)).toEqual({ kind: 'wait' });
    const progress = say(mini, second);
    return progress.kind === 'propose' ? propose(proposal) : progress;
  }

  it.each<readonly [string, Change, Said, Said, unknown]>([
    ['of two values, the newer ballot is finished', read, OLD, NEW, { kind: 'accept', value: NEW.value }],
    ['in whatever order it is heard', read, NEW, OLD, { kind: 'accept', value: NEW.value }],
    ['one value that a majority accepted is chosen', read, NEW, NEW, { kind: 'chosen', value: NEW.value }],
    ['a value that one voter accepted may not be chosen yet', read, FREE, OLD, { kind: 'accept', value: OLD.value }],
    ['a newer release beats an older claim', read, OLD, FREED, { kind: 'accept', value: null }],
    ['nothing, and a majority says so', read, FREE, FREE, { kind: 'chosen', value: null }],
    [
      'a release is accepted even where a majority says that the address is free',
      { kind: 'release', claimId: OWNER.claimId },
      FREED,
      FREED,
      { kind: 'accept', value: null },
    ],
    ['a new choice is accepted in any case', { kind: 'rechoose' }, NEW, NEW, { kind: 'accept', value: NEW.value }],
  ])('%s', (_, change, first, second, next) => {
    expect(concluded(change, first, second)).toMatchObject(next as object);
  });
});

describe('an answer', () => {
  const voter = (host: HostId) => voteKey(host, DATA[host] ?? '');
  const nack: ItemAnswer = { kind: 'nack', n: 7, promised: [9, 'mini#c'] };

  it('that refuses ends the attempt once too few voters are left', () => {
    const proposal = claiming();
    expect(hear(proposal, voter(cloud), nack, electorate)).toEqual({ kind: 'wait' });
    expect(hear(proposal, voter(cloud), nack, electorate)).toEqual({ kind: 'wait' });
    expect(hear(proposal, voter(mini), nack, electorate)).toEqual({ kind: 'outbid' });
  });

  it('of one voter counts once', () => {
    const proposal = claiming();
    expect(promised(proposal, 7, cloud, cloud)).toEqual(['wait', 'wait']);
  });

  it('makes a value chosen once a majority has accepted it, and not before it was exposed', () => {
    const proposal = claiming();
    const accepted: ItemAnswer = { kind: 'accepted', n: 7 };
    expect(hear(proposal, voter(mini), accepted, electorate)).toEqual({ kind: 'wait' });
    promised(proposal, 7, cloud, mini);
    propose(proposal);
    expect(hear(proposal, voter(cloud), accepted, electorate)).toEqual({ kind: 'wait' });
    expect(hear(proposal, voter(mac), accepted, electorate)).toEqual({ kind: 'chosen', value: OWNER });
  });

  it('that vetoes ends a claim that is not exposed yet', () => {
    const veto: ItemAnswer = { kind: 'veto', n: 7, owner: other('theirs') };
    expect(hear(claiming(), voter(cloud), veto, electorate)).toEqual({ kind: 'vetoed', owner: other('theirs') });
  });
});
