// What the core of the claims is told, and what it asks for. A runner turns sockets, disks and clocks into these and back.
import type { AddressKey, HostId } from '../names.ts';
import type { Write } from '../ports.ts';
import type { Claim, Conflict, Held, Owner, ReleasedClaim, Unavailable } from './claim-store.ts';
import type { ClaimAnswer, ClaimMessage, Greeting, Item } from './messages.ts';

export type Event =
  | { readonly type: 'started' }
  | { readonly type: 'wished'; readonly voters: readonly HostId[] }
  | { readonly type: 'claim'; readonly operation: number; readonly claims: readonly Claim[] }
  | { readonly type: 'free'; readonly operation: number; readonly claims: readonly ReleasedClaim[] }
  | { readonly type: 'read'; readonly operation: number; readonly key: AddressKey }
  | { readonly type: 'received'; readonly token: number; readonly from: HostId; readonly message: ClaimMessage }
  | { readonly type: 'answered'; readonly from: HostId; readonly answer: ClaimAnswer; readonly tookMs: number }
  | { readonly type: 'greeted'; readonly token: number; readonly from: HostId; readonly greeting: Greeting }
  | { readonly type: 'greetingAnswered'; readonly from: HostId; readonly greeting: Greeting }
  /** Nobody answered what was said to `from` at `sinceMs`, by the monotonic clock. */
  | { readonly type: 'silent'; readonly from: HostId; readonly sinceMs: number }
  | Inner;

/** Events that the core asked for itself. */
export type Inner =
  | { readonly type: 'greetingDue' }
  | { readonly type: 'attemptOver'; readonly n: number }
  | { readonly type: 'retryDue'; readonly operation: number; readonly key: AddressKey }
  | { readonly type: 'operationOver'; readonly operation: number }
  | { readonly type: 'intentDurable'; readonly operation: number }
  | { readonly type: 'ceilingDurable'; readonly ceiling: number };

export type Effect =
  /** To one voter, this host itself included; may be lost, repeated, reordered. */
  | { readonly type: 'send'; readonly to: HostId; readonly items: readonly Item[] }
  | { readonly type: 'greet'; readonly to: HostId; readonly greeting: Greeting }
  | { readonly type: 'answer'; readonly token: number; readonly answer: ClaimAnswer }
  | { readonly type: 'answerGreeting'; readonly token: number; readonly greeting: Greeting }
  /** Writes, makes durable, and only then does what comes `after`. Persists take effect in their order. */
  | { readonly type: 'persist'; readonly writes: readonly Write[]; readonly after: readonly Effect[] }
  /** Comes back as `event` after a time between the two, at random. */
  | { readonly type: 'timer'; readonly afterMs: readonly [min: number, max: number]; readonly event: Inner }
  /** Comes back as `event` at once. */
  | { readonly type: 'event'; readonly event: Inner }
  | { readonly type: 'finish'; readonly operation: number; readonly result: Result };

export type Result =
  | Held
  | Conflict
  | Unavailable
  | { readonly kind: 'freed' }
  | { readonly kind: 'read'; readonly owner: Owner | null };
