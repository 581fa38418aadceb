// Voters on a successor: what they are asked, and what they answer.

import { hearVote, type SuccessionVoter } from '../../mesh/membership/succession.ts';
import type { HostId } from '../../mesh/names.ts';
import { proposerName } from '../../mesh/register/ballot.ts';
import { type Config, firstConfig } from '../../mesh/state/config.ts';
import type { ConfigProposal, SuccessionRecord } from '../../mesh/state/membership.ts';
import { CLAIM_VERSION, type SuccessionAnswer, type SuccessionQuestion } from '../../mesh/state/messages.ts';
import { cloud, DATA, desk, lab, mac, mini, votersOf } from './membership-of.ts';

export const firstOf = (...hosts: HostId[]): Config => firstConfig(votersOf(...hosts), hosts);

export const THREE = [cloud, mac, mini];

export const CONFIG = firstOf(...THREE);

/** Two ways to go on from it. */
export const WITH_DESK: Config = { ...CONFIG, epoch: 2, voters: votersOf(desk, mac, mini), old: CONFIG.voters };

export const WITH_LAB: Config = { ...CONFIG, epoch: 2, voters: votersOf(lab, mac, mini), old: CONFIG.voters };

export const nameOf = (host: HostId) => proposerName(host, DATA[host] ?? '');

export function voter(self: HostId, known: Partial<SuccessionVoter> = {}): SuccessionVoter {
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

export const asks = (
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

export const promise = (
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

export const accepted = (host: HostId, n: number): SuccessionAnswer => ({
  version: CLAIM_VERSION,
  kind: 'accepted',
  incarnation: DATA[host] ?? '',
  n,
});

export const behind = (host: HostId): SuccessionAnswer => ({
  version: CLAIM_VERSION,
  kind: 'behind',
  incarnation: DATA[host] ?? '',
});

/** What each answer leads to, the answers given as `[host, answer]`. */
export function hearAll(
  proposal: ConfigProposal,
  answers: readonly (readonly [HostId, SuccessionAnswer])[],
): readonly string[] {
  return answers.map(([host, answer]) => hearVote(proposal, host, answer).kind);
}
