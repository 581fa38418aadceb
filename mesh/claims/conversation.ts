// How a host's greetings are carried where it speaks with each of the others anyway: the core says what is said and when something new has
// to be; a heartbeat says when each host is to be spoken with again, and hears what came of it.
import type { HostId } from '../names.ts';
import type { ClaimQuestion, Greeting, Reply } from '../state/messages.ts';

/** How a greeting of this host ended. `sinceMs`: when it began, by the monotonic clock. */
export type Greeted = { readonly sinceMs: number } & (
  | { readonly reply: Greeting }
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
  heard(from: HostId, greeting: Greeting): void;
}

/** What is said, with the index's version beside it when it is a greeting. */
export function withIndex<Said extends ClaimQuestion | Reply>(
  said: Said,
  conversation: Conversation | undefined,
): Said {
  const isGreeting = 'about' in said && said.about === 'greeting';
  return isGreeting && conversation !== undefined ? { ...said, index: conversation.index() } : said;
}

/** Reports how a greeting ends that is under way. */
export function reportEnd(
  heard: Promise<Reply>,
  { to, sinceMs }: { readonly to: HostId; readonly sinceMs: number },
  conversation: Conversation | undefined,
): void {
  heard.then(
    (reply) => conversation?.greeted(to, { sinceMs, reply: reply as Greeting }),
    (error: unknown) => conversation?.greeted(to, { sinceMs, error }),
  );
}
