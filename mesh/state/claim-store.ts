// Who owns an address: the one interface behind which a consensus stands. The registry claims before it commits an address
// and releases after it has committed its removal, so what a registry holds is always held in the claims too.
// It does not promise to be available: a minority that is cut off answers `unavailable`, and nothing was claimed.
import type { AddressKey, ClaimId, HostId } from '../names.ts';
import type { Owner } from '../owner.ts';
import type { Write } from '../ports.ts';

export interface Claim {
  readonly key: AddressKey;
  readonly owner: Owner;
}

/** Ours now. `intentsDone` must be part of the commit that records the addresses: until it is durable, a restart aborts the claims. */
export interface Held {
  readonly kind: 'held';
  readonly intentsDone: readonly Write[];
}

/** Another claim of `key` was chosen. */
export interface Conflict {
  readonly kind: 'conflict';
  readonly key: AddressKey;
  readonly owner: Owner;
  /** The claim is one of this very host which its registry does not hold: it is still being released. Absent: it is not. */
  readonly isLeftover?: true;
}

/** Who owns the addresses could not be established; nothing was claimed. */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly reason: 'no_majority' | 'membership_mismatch' | 'forming' | 'overloaded' | 'stopping' | 'engine_unavailable';
  /** A sentence for the client. */
  readonly message: string;
  /** Voters needed, and voters that answered. */
  readonly required: number;
  readonly reached: number;
  readonly hostsFailed: readonly HostId[];
}

/** The claim that the voters have of an address that this host's registry holds by another. */
export interface Rival {
  readonly key: AddressKey;
  readonly owner: Owner;
}

/** What the voters say of claims that this host's registry holds; those they do not name are its own. */
export interface Confirmed {
  readonly kind: 'confirmed';
  readonly rivals: readonly Rival[];
}

/** Who has each of the addresses, as far as claims have been decided. */
export interface Owners {
  readonly kind: 'owners';
  /** `null`: nobody, for the address was released, or never claimed in this history. */
  readonly owners: ReadonlyMap<AddressKey, Owner | null>;
  /** Names what has decided claims from the beginning on: a mesh, or an engine. What another history decided is not known here. */
  readonly history: string;
}

/** `confirmed`: the voters have released the addresses. `pending`: not yet; it goes on in the background, through restarts. */
export type Release = 'confirmed' | 'pending';

export interface ReleasedClaim {
  readonly key: AddressKey;
  readonly claimId: ClaimId;
}

export interface ClaimStatus {
  readonly kind: string;
  /** Whether a claim could succeed now, as far as this host knows; when not, `why` says what is missing. */
  readonly ready: boolean;
  readonly why?: string;
  /** Why not, for programs; as an answer to a claim would say it. */
  readonly reason?: Unavailable['reason'];
  /** The hosts that are missing, or that disagree. */
  readonly hosts?: readonly HostId[];
  readonly voters: readonly HostId[];
  readonly required: number;
  /** Claims and releases not yet finished, aborts among them. */
  readonly unsettled: number;
}

export interface ClaimStore {
  /** Claims all of them or none, at most `KEYS_PER_MESSAGE_MAX`, each key once. Never two calls with the same key at once. */
  claim(claims: readonly Claim[]): Promise<Held | Conflict | Unavailable>;
  /** Records for the commit in which the registry releases these claims. Once they are durable, the claims end whatever happens; nothing else is done here. */
  releaseWrites(claims: readonly ReleasedClaim[]): readonly Write[];
  /** Ends these claims, after the commit of their `releaseWrites`. Waits at most `RELEASE_ANSWER_MS_MAX`. */
  release(claims: readonly ReleasedClaim[]): Promise<Release>;
  /**
   * Asks about claims that the registry holds, each key once, at most `KEYS_PER_MESSAGE_MAX`: an address that nobody is known to have
   * is taken for it again. For a host whose voters may have forgotten: a lost disk, a restored backup.
   */
  confirm(claims: readonly Claim[]): Promise<Confirmed | Unavailable>;
  /** Asks who has these addresses, each key once, at most `KEYS_PER_MESSAGE_MAX`. Nothing is claimed. */
  ownersOf(keys: readonly AddressKey[]): Promise<Owners | Unavailable>;
  status(): ClaimStatus;
}
