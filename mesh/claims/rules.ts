// The rules that uniqueness stands on, as one value that the core is handed: so a test can hand it a core with one of them broken,
// and see that it is noticed. The node has only these.

import { type Config, canDecideWithout, isMajority, isQuorum, isVoter, voteKey } from '../membership/config.ts';
import { mayVote } from '../membership/membership.ts';
import { isReplaced } from '../membership/starts.ts';
import { vote } from '../register/acceptor.ts';
import { applyChange, trustsPrepare } from '../register/proposer.ts';

export interface Rules {
  /** Whether these votes decide. */
  readonly isQuorum: typeof isQuorum;
  readonly canDecideWithout: typeof canDecideWithout;
  /** Whether a vote of that host in that incarnation counts. */
  readonly counts: typeof isVoter;
  /** What tells one vote from another. */
  readonly voteKey: typeof voteKey;
  /** Whether this host votes at all. */
  readonly mayVote: typeof mayVote;
  /** Whether the sender has been replaced by another start of its host. */
  readonly isReplaced: typeof isReplaced;
  /** A voter's answer to one item. */
  readonly vote: typeof vote;
  readonly applyChange: typeof applyChange;
  /** Whether what a majority reported at `prepare` needs no `accept`. */
  readonly trustsPrepare: typeof trustsPrepare;
  /** Whether a message from there belongs to what this host goes by. */
  readonly isHere: typeof isHere;
  /** Whether the voters that told of their registers are enough, of the old ones, to take over from them. */
  readonly haveToldEnough: typeof isMajority;
  /** Whether every address is chosen again when the voters change. */
  readonly rechooses: boolean;
}

export const RULES: Rules = {
  isQuorum,
  canDecideWithout,
  counts: isVoter,
  voteKey,
  mayVote,
  isReplaced,
  vote,
  applyChange,
  trustsPrepare,
  isHere,
  haveToldEnough: isMajority,
  rechooses: true,
};

/**
 * Only who is in the same mesh and epoch is listened to: its votes, and those it asks for, are counted by the same voters. And a host
 * tells which registers it has only when it is in the epoch that asks, where it votes for no earlier one any more.
 */
function isHere(
  config: Config,
  { mesh, epoch }: { readonly mesh: string; readonly epoch: number },
  _about: 'claims' | 'keys',
): boolean {
  return mesh === config.mesh && epoch === config.epoch;
}
