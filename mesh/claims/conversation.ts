// How a host's greetings are carried where it speaks with each of the others anyway: the core says what is said and when something new has
// to be; a heartbeat says when each host is to be spoken with again, and hears what came of it.
import type { HostId } from '../names.ts';
import { type ClaimQuestion, type Greeting, isGreeting, type Reply } from '../state/messages.ts';

/** How a greeting of this host ended. `sinceMs`: when it began, by the monotonic clock. */
export type Greeted = { readonly sinceMs: number } & (
  | { readonly reply: Pick<Greeting, 'index'> }
  /** A `MeshError` as of `PeerTransport.ask`, or another error when the answer is no greeting. */
  | { readonly error: unknown }
);

export interface Conversation {
  /** Whether somebody sees to it that this host and that one exchange a greeting at least every `GREETING_INTERVAL_MS`. */
  carries(to: HostId): boolean;
  /** Which version the email index of this host has: said with each greeting. */
  index(): string;
  /** Told of each greeting that this host sent. */
  greeted(to: HostId, how: Greeted): void;
  /** Told of each greeting that came, its signature verified. */
  heard(from: HostId, greeting: Pick<Greeting, 'index'>): void;
}

/** What is said, with the index's version beside it when it is a greeting. */
export function withIndex<Said extends ClaimQuestion | Reply>(
  said: Said,
  conversation: Conversation | undefined,
): Said {
  return isGreeting(said) && conversation !== undefined ? { ...said, index: conversation.index() } : said;
}

/** Reports a greeting that came. */
export function reportHeard(from: HostId, question: ClaimQuestion, conversation: Conversation | undefined): void {
  if (isGreeting(question)) conversation?.heard(from, question);
}
