// A host's profile: all that it says of itself in a greeting and that seldom changes, the lists of hosts among it (step 1 of README.md). It is
// told whole to a host that has another one, and named by its digest to a host that said that it has this one: hosts that have greeted each
// other once exchange a few hundred octets, however many hosts the lists name.
// Who can't know what is named, as after a restart, says so, and is told the whole. A host of a version before this one never says what it has.
import { hash } from 'node:crypto';
import type { HostId } from '../names.ts';
import { sameHosts } from '../state/config.ts';
import type { Membership } from '../state/membership.ts';
import { CLAIM_VERSION, type Greeting, type GreetingAgain } from '../state/messages.ts';

/** 128 bits of SHA-256, as base64url. */
const NAME_CHARACTERS = 22;

/** What a greeting says beside the profile: it may be another with each greeting. */
type Passing = Pick<Greeting, 'votes' | 'you' | 'index' | 'knows'>;

/** The greeting as `to` is told it: whole, unless that host has last said that it has this profile. */
export function asTold(membership: Membership, whole: Greeting, to: HostId): Greeting | GreetingAgain {
  const profile = profileName(membership, whole);
  const theirs = membership.greetings.get(to)?.greeting;
  const knows = theirs?.profile === undefined ? {} : { knows: theirs.profile };
  if (theirs?.knows !== profile) return { ...whole, profile, ...knows };
  const { votes, you } = whole;
  const passing = { votes, ...(you === undefined ? {} : { you }), ...knows };
  return { version: CLAIM_VERSION, about: 'again', profile, ...passing };
}

/** The whole greeting that a short one of `from` stands for; `undefined` when this host does not have the profile that it names. */
export function wholeGreeting(
  { greetings }: Membership,
  from: HostId,
  { profile, votes, you, index, knows }: GreetingAgain,
): Greeting | undefined {
  const last = greetings.get(from)?.greeting;
  return last?.profile === profile ? { ...last, votes, you, index, knows } : undefined;
}

/** Tells that host the whole next time: it may not have this host's profile after all. */
export function tellWhole({ greetings }: Membership, host: HostId): void {
  const heard = greetings.get(host);
  if (heard !== undefined) greetings.set(host, { ...heard, greeting: { ...heard.greeting, knows: undefined } });
}

/** The greeting, with lists that this host has anyway in place of its own copies: a thousand hosts mostly say the same. */
export function sharingLists({ wish, config }: Membership, greeting: Greeting): Greeting {
  const theirs = greeting.config;
  const isSameConfig =
    config !== undefined &&
    theirs?.mesh === config.mesh &&
    theirs.epoch === config.epoch &&
    sameHosts(theirs.members, config.members) &&
    // A host of an earlier version leaves these out of what it passes on.
    JSON.stringify([theirs.floor, theirs.settled]) === JSON.stringify([config.floor, config.settled]);
  const members = sameHosts(greeting.wish.members, wish.members) ? wish.members : greeting.wish.members;
  return { ...greeting, wish: { ...greeting.wish, members }, ...(isSameConfig ? { config } : {}) };
}

/** The digest of what the greeting says beside what is passing. Made anew only when a part of it is another. */
function profileName(membership: Membership, whole: Greeting): string {
  const { config, wish, starts } = membership;
  const evicting = JSON.stringify(whole.evicting);
  const parts = [config, wish, starts.own, starts.names, starts.withdrawnOnWordOf, evicting];
  const last = membership.profile;
  if (last !== undefined && parts.every((part, at) => part === last.parts[at])) return last.name;
  const passing: Record<keyof Passing, undefined> = {
    votes: undefined,
    you: undefined,
    index: undefined,
    knows: undefined,
  };
  const name = hash('sha256', JSON.stringify({ ...whole, ...passing }), 'base64url').slice(0, NAME_CHARACTERS);
  membership.profile = { parts, name };
  return name;
}
