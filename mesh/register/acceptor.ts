// One voter's part of a register (CASPaxos, Rystsov 2018, "acceptor"): it promises not to listen to older ballots and keeps
// the newest value it accepted. Pure: what must be on disk before the answer leaves is returned beside the answer.
// It does not know whether a value was chosen; only a proposer that hears a majority does.

import { invariant } from '../invariant.ts';
import type { AddressKey } from '../names.ts';
import type { Owner } from '../owner.ts';
import { type Ballot, compareBallots } from './ballot.ts';
import type { Item, ItemAnswer } from './item.ts';

/** What a voter holds of one address. Stored as it is. */
export interface Register {
  readonly promised: Ballot;
  readonly accepted: Ballot | null;
  readonly value: Owner | null;
}

export interface Vote {
  readonly answer: ItemAnswer;
  /** The register to store before the answer leaves; absent when it did not change. */
  readonly register?: Register;
}

/** What a voter knows beside the register. */
export interface Voter {
  /** The floor of every register that it has no record of (README.md, step 11): a ballot up to this one is refused. `null`: none was collected yet. */
  readonly floor: Ballot | null;
  /** Who holds the address in the voter's own registry. */
  holder(key: AddressKey): Owner | undefined;
}

/** Votes on one item of `proposer` (its name in ballots). `register`: absent when the voter has no record of it. */
export function vote(register: Register | undefined, proposer: string, item: Item, { floor, holder }: Voter): Vote {
  const ballot: Ballot = [item.n, proposer];
  if (register === undefined && floor !== null && compareBallots(ballot, floor) <= 0)
    return { answer: { kind: 'nack', n: item.n, promised: floor } };
  const promised = register?.promised ?? null;
  if (compareBallots(ballot, promised) < 0 && promised !== null)
    return { answer: { kind: 'nack', n: item.n, promised } };
  const cast = item.kind === 'prepare' ? promise(register, ballot, item, holder) : accept(ballot, item);
  expectOrder(item.key, cast.register ?? register);
  return cast;
}

/** Nothing is accepted above a promise: a value may be chosen because of either. */
function expectOrder(key: AddressKey, register: Register | undefined): void {
  if (register === undefined) return;
  const { promised, accepted } = register;
  invariant(
    compareBallots(accepted, promised) <= 0,
    () =>
      `The register of '${key}' has accepted ballot ${accepted?.join(' ')} above its promise ${promised.join(' ')}; it must be at most that.`,
  );
}

function promise(
  register: Register | undefined,
  ballot: Ballot,
  item: Item & { kind: 'prepare' },
  holder: (key: AddressKey) => Owner | undefined,
): Vote {
  const accepted = register?.accepted ?? null;
  const value = register?.value ?? null;
  const held = item.claiming || accepted === null ? holder(item.key) : undefined;
  if (held && item.claiming) return { answer: { kind: 'veto', n: item.n, owner: held } };
  // What a registry holds was chosen; should the voters have lost it, it is told as if it were the first thing ever accepted.
  const answer: ItemAnswer =
    held === undefined
      ? { kind: 'promise', n: item.n, accepted, value }
      : { kind: 'promise', n: item.n, accepted: [0, held.hostId], value: held };
  if (compareBallots(ballot, register?.promised ?? null) === 0) return { answer };
  return { answer, register: { promised: ballot, accepted, value } };
}

function accept(ballot: Ballot, item: Item & { kind: 'accept' }): Vote {
  return {
    answer: { kind: 'accepted', n: item.n },
    register: { promised: ballot, accepted: ballot, value: item.value },
  };
}
