import { describe, expect, it } from 'vitest';
import { BrokenInvariant } from '../../../mesh/invariant.ts';
import { canDecideWithout, firstConfig, isQuorum, voteKey } from '../../../mesh/membership/config.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../../mesh/names.ts';
import type { ItemAnswer } from '../../../mesh/register/item.ts';
import {
  createProposal,
  type Electorate,
  hear,
  type Proposal,
  prepare,
  propose,
} from '../../../mesh/register/proposer.ts';

const [cloud, mac, mini] = ['cloud', 'mac', 'mini'] as [HostId, HostId, HostId];
const DATA = { [cloud]: 'a', [mac]: 'b', [mini]: 'c' };
const CONFIG = firstConfig(DATA, [cloud, mac, mini]);
const electorate: Electorate = {
  isQuorum: (votes) => isQuorum(CONFIG, votes),
  canDecideWithout: (refusals) => canDecideWithout(CONFIG, refusals),
  isVoid: () => false,
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
