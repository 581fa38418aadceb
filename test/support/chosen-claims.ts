// Which claims were chosen, as the disks show it to somebody who sees all of them: what the product itself can never ask.
import type { AddressKey, ClaimId, HostId } from '../../mesh/names.ts';
import type { Write } from '../../mesh/ports.ts';
import type { Register } from '../../mesh/register/acceptor.ts';
import { compareBallots } from '../../mesh/register/ballot.ts';
import { type Config, isQuorum, type VoteKey, voteKey } from '../../mesh/state/config.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

const REGISTER = 'claim/register/';

export class ChosenClaims {
  /** Who ever accepted a claim, on the disks, by ballot: a disk that is lost later does not undo it. */
  readonly #accepted = new Map<ClaimId, Map<string, Set<VoteKey>>>();
  /** Every configuration that a disk ever held, by mesh and epoch. */
  readonly #configs = new Map<string, Config>();

  configured(config: Config): void {
    this.#configs.set(`${config.mesh} ${config.epoch}`, config);
  }

  /** A host's disk holds these records now. */
  written(id: HostId, disk: SimulatedDisk, writes: readonly Write[]): void {
    for (const { key, value } of writes) {
      if (value === undefined) continue;
      if (key === 'claim/config') this.configured(value as Config);
      if (key.startsWith(REGISTER))
        this.#noteAccepted(
          voteKey(id, String(disk.records.get('claim/incarnation'))),
          key.slice(REGISTER.length) as AddressKey,
          value as Register,
        );
    }
  }

  /**
   * A value is chosen once a quorum of some configuration has accepted it under one ballot. The configuration may be a later one:
   * what its voters accepted before counts under it.
   */
  isChosen(claimId: ClaimId): boolean {
    const quorums = [...(this.#accepted.get(claimId)?.values() ?? [])];
    return quorums.some((votes) => [...this.#configs.values()].some((config) => isQuorum(config, votes)));
  }

  #noteAccepted(vote: VoteKey, key: AddressKey, { promised, accepted, value }: Register): void {
    // Only an acceptance can have made a value chosen, and it is promised at the same time.
    if (value === null || accepted === null || compareBallots(promised, accepted) !== 0) return;
    const ballots = this.#accepted.get(value.claimId) ?? new Map<string, Set<VoteKey>>();
    this.#accepted.set(value.claimId, ballots);
    const name = `${key} ${accepted.join(' ')}`;
    const votes = ballots.get(name) ?? new Set();
    ballots.set(name, votes.add(vote));
  }
}
