// Holds the agents that a start loaded against the digest that the change log kept of them. They are written in one commit, so they differ
// only by a bug, or by somebody's hand. It is done beside the node's work, in turns: for 100,000 addresses it takes more than half a second,
// which would make the start half as long again.
import { changedDigest, EMPTY_DIGEST } from '../../mesh/feed/digest.ts';
import type { Clock, Journal } from '../../mesh/ports.ts';
import { Turns } from '../../mesh/time/turns.ts';
import { damagedRecords } from '../store/refusals.ts';
import { rowsOf } from './index-rows.ts';
import { type KeptAgent, unpacked } from './packed-agents.ts';

export interface IndexCheck {
  /** The agents as they were loaded. */
  readonly agents: readonly KeptAgent[];
  /** What the change log said then. */
  readonly digest: string;
  readonly clock: Clock;
  readonly journal: Pick<Journal, 'fail'>;
}

/** Ends the store when the two differ: what other hosts were told of this one is not what it would answer. */
export async function checkIndex({ agents, digest, clock, journal }: IndexCheck, signal: AbortSignal): Promise<void> {
  const turns = new Turns(clock);
  let sum = EMPTY_DIGEST;
  for (const agent of agents) {
    if (turns.isOver) await turns.next();
    if (signal.aborted) return;
    sum = changedDigest(sum, [], rowsOf(unpacked(agent)));
  }
  if (sum === digest) return;
  journal.fail(damagedRecords('The addresses of the agents in the store are not those that its change log told of'));
}
