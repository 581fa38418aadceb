// What a proposer says to a voter about one register, and what the voter answers (README.md, steps 3 to 6). Many items share a message; how they
// are carried, and who sent them, is not in them.
import type { AddressKey } from '../names.ts';
import type { Owner } from '../owner.ts';
import type { Ballot } from './ballot.ts';

/** Asks a voter to promise ballot `[n, sender]`. `claiming`: a voter whose own registry holds the address vetoes. */
interface Prepare {
  readonly kind: 'prepare';
  readonly key: AddressKey;
  readonly n: number;
  readonly claiming: boolean;
}

/** Asks a voter to accept `value` under ballot `[n, sender]`. */
interface Accept {
  readonly kind: 'accept';
  readonly key: AddressKey;
  readonly n: number;
  readonly value: Owner | null;
}

export type Item = Prepare | Accept;

/** The answer to one item, found again by the ballot number `n`, which its sender never uses twice. */
export type ItemAnswer =
  | { readonly kind: 'promise'; readonly n: number; readonly accepted: Ballot | null; readonly value: Owner | null }
  | { readonly kind: 'accepted'; readonly n: number }
  | { readonly kind: 'nack'; readonly n: number; readonly promised: Ballot }
  | { readonly kind: 'veto'; readonly n: number; readonly owner: Owner };
