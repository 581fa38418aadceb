// What the core of the claims is told, and what it asks for. A runner turns sockets, disks and clocks into these and back.
import type { AddressKey, HostId } from '../names.ts';
import type { Owner } from '../owner.ts';
import type { Write } from '../ports.ts';
import type { Item } from '../register/item.ts';
import type { Claim, Confirmed, Conflict, Held, ReleasedClaim, Unavailable } from './claim-store.ts';
import type { ClaimAnswer, ClaimMessage, ClaimQuestion, Reply, Wish } from './messages.ts';

export type Event =
  | { readonly type: 'started' }
  | { readonly type: 'wished'; readonly wish: Wish }
  /** Whoever carries routine greetings wants one for that host now. */
  | { readonly type: 'greet'; readonly to: HostId }
  | Wanted
  | Heard
  | Inner;

/** What the node, or its operator, wants done; `operation` is the number that its outcome is told under. */
export type Wanted =
  | { readonly type: 'claim'; readonly operation: number; readonly claims: readonly Claim[] }
  | { readonly type: 'confirm'; readonly operation: number; readonly claims: readonly Claim[] }
  | { readonly type: 'release'; readonly operation: number; readonly claims: readonly ReleasedClaim[] }
  /** An operator's word: the addresses of a host that left are free at once. */
  | { readonly type: 'evict'; readonly operation: number; readonly host: HostId }
  /** An operator's word: these voters go on alone. */
  | { readonly type: 'recover'; readonly operation: number; readonly voters: readonly HostId[] }
  /** An operator's word: this host leaves its mesh for the one of `host`. */
  | { readonly type: 'join'; readonly operation: number; readonly host: HostId }
  /** What a majority says of a register. */
  | { readonly type: 'read'; readonly operation: number; readonly key: AddressKey };

/** What came of other hosts, silence included. */
export type Heard =
  | { readonly type: 'received'; readonly token: number; readonly from: HostId; readonly message: ClaimMessage }
  | { readonly type: 'answered'; readonly from: HostId; readonly answer: ClaimAnswer; readonly tookMs: number }
  | { readonly type: 'asked'; readonly token: number; readonly from: HostId; readonly question: ClaimQuestion }
  | { readonly type: 'replied'; readonly from: HostId; readonly question: ClaimQuestion; readonly reply: Reply }
  /** Nobody answered what was said to `from` at `sinceMs`, by the monotonic clock. */
  | { readonly type: 'silent'; readonly from: HostId; readonly sinceMs: number }
  /** Nobody answered a greeting; `why`: a sentence, when the answer was something that is no greeting. */
  | { readonly type: 'ungreeted'; readonly from: HostId; readonly sinceMs: number; readonly why: string | undefined };

/** Events that the core asked for itself. */
export type Inner =
  | { readonly type: 'greetingDue' }
  | { readonly type: 'collectDue' }
  | { readonly type: 'attemptOver'; readonly n: number }
  | { readonly type: 'retryDue'; readonly operation: number; readonly key: AddressKey }
  | { readonly type: 'operationOver'; readonly operation: number }
  | { readonly type: 'rechosen'; readonly operation: number }
  | { readonly type: 'votesKept'; readonly votes: number }
  | { readonly type: 'hearingOver' }
  | { readonly type: 'evictOver'; readonly operation: number }
  | {
      readonly type: 'recoverDue';
      readonly operation: number;
      readonly voters: readonly HostId[];
      /** When it was asked for, by the monotonic clock. */
      readonly sinceMs: number;
    }
  | { readonly type: 'intentDurable'; readonly operation: number }
  | { readonly type: 'ceilingDurable'; readonly ceiling: number };

/** Why the voters may not know what this host holds. */
export type DoubtCause =
  /** This host's data was restored from a backup. */
  | 'rejoined'
  /** An operator had other voters go on. */
  | 'recovered'
  /** This host left its mesh for another one. */
  | 'joined'
  /** The mesh takes this host in, or has it still, and may have let it go meanwhile. */
  | 'returned'
  /** An engine kept the claims until now, so no voter knows what was claimed with it. */
  | 'left_engine';

export type Effect =
  /** To one voter, this host itself included; may be lost, repeated, reordered. */
  | { readonly type: 'send'; readonly to: HostId; readonly items: readonly Item[] }
  /** About membership, to one host, this one included; may be lost, repeated, reordered. */
  | {
      readonly type: 'ask';
      readonly to: HostId;
      readonly question: ClaimQuestion;
      /** A greeting that only says again what was said: it may be left out where another is exchanged within GREETING_INTERVAL_MS. */
      readonly isRoutine?: true;
    }
  | { readonly type: 'answer'; readonly token: number; readonly answer: ClaimAnswer }
  | { readonly type: 'reply'; readonly token: number; readonly reply: Reply }
  /** Writes, makes durable, and only then does what comes `after`. Persists take effect in their order. */
  | { readonly type: 'persist'; readonly writes: readonly Write[]; readonly after: readonly Effect[] }
  /** Comes back as `event` after a time between the two, at random. */
  | { readonly type: 'timer'; readonly afterMs: readonly [min: number, max: number]; readonly event: Inner }
  /** Comes back as `event` at once. */
  | { readonly type: 'event'; readonly event: Inner }
  /** Worth an operator's eye: `event` is `noun.participle`. */
  | { readonly type: 'log'; readonly event: string; readonly fields: Readonly<Record<string, unknown>> }
  /** This host is to ask about its own addresses again. Comes before the write that makes it so, so that a crash can't end the doubt. */
  | { readonly type: 'doubt'; readonly why: DoubtCause }
  | { readonly type: 'finish'; readonly operation: number; readonly result: Result };

/** What an operator asked for is done. */
export interface Done {
  readonly kind: 'done';
}

/** What an operator asked for is not done yet, and goes on by itself, through restarts; a sentence says what it waits for. */
export interface Waiting {
  readonly kind: 'waiting';
  readonly message: string;
}

export type Result =
  | Held
  | Conflict
  | Unavailable
  | Confirmed
  | { readonly kind: 'released' }
  | Done
  | Waiting
  /** What was asked for can't be done; a sentence says why. */
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'rechosen' }
  | { readonly kind: 'read'; readonly owner: Owner | null };

/** An event that comes back after `ms`. */
export function timer(ms: number, event: Inner): Effect & { type: 'timer' } {
  return { type: 'timer', afterMs: [ms, ms], event };
}
