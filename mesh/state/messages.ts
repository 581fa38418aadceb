// What hosts say to each other about claims: one envelope with many items, so that many claims share a message and its
// signature. Every message names the mesh and the epoch its sender is in: who is in another answers with that, and not with a vote.
// Version 2; unknown fields are ignored, an unknown version is refused by the schema.
// Carried as JSON by `POST /api/mesh/v1/claims/messages` (items) and `…/claims/questions` (everything about membership).

import type { AddressKey, HostId } from '../names.ts';
import type { Ballot } from '../register/ballot.ts';
import type { Item, ItemAnswer } from '../register/item.ts';
import type { Config } from './config.ts';

export const CLAIM_VERSION = 2;
type Version = typeof CLAIM_VERSION;

/** Where a sender stands; `mesh` is empty and `epoch` 0 before the first configuration. */
interface Standing {
  readonly version: Version;
  readonly mesh: string;
  readonly epoch: number;
  /** The sender's own. */
  readonly incarnation: string;
}

/** The answer of a host that is in a later epoch, or in another mesh: it tells which. */
export interface Ahead {
  readonly version: Version;
  readonly kind: 'ahead';
  readonly incarnation: string;
  readonly config: Config;
}

/** The answer of a host that is in an earlier epoch: greet it, then ask again. */
export interface Behind {
  readonly version: Version;
  readonly kind: 'behind';
  readonly incarnation: string;
}

/** The answer of a host that does not vote, or not for that sender. */
interface Refused {
  readonly version: Version;
  readonly kind: 'refused';
  readonly incarnation: string;
}

export interface ClaimMessage extends Standing {
  /** Number and name of the start that speaks (state/starts.ts). */
  readonly life: number;
  readonly boot: string;
  readonly items: readonly Item[];
}

export type ClaimAnswer =
  | {
      readonly version: Version;
      readonly kind: 'items';
      readonly incarnation: string;
      readonly items: readonly ItemAnswer[];
    }
  | Ahead
  | Behind
  | Refused;

/** Voters and members by a host's hosts.json, sorted. */
export interface Wish {
  readonly voters: readonly HostId[];
  readonly members: readonly HostId[];
}

/** "This is who I am, what I wish for and what I go by": how a mesh forms, moves, and how a disagreement is seen. */
export interface Greeting extends Standing {
  readonly about: 'greeting';
  readonly wish: Wish;
  readonly config?: Config | undefined;
  /** Number and name of the start that speaks (state/starts.ts). */
  readonly life: number;
  readonly boot: string;
  /** Names of the last starts on the sender's data, by number. */
  readonly boots: Readonly<Record<string, string>>;
  /** The start that speaks has withdrawn, since its data is in use elsewhere: nothing of this greeting counts. */
  readonly standsBack?: true | undefined;
  /** Votes that the sender has cast on its data. The number is durable before it is said. */
  readonly votes: number;
  /** Hosts whose addresses are to be free at once, and since when each is gone. */
  readonly evicting?: Readonly<Record<HostId, string>> | undefined;
  /** Changes with the sender's email index; no part of the claims. */
  readonly index?: string | undefined;
  /** Digest of all that this greeting says beside `votes`, `you`, `index` and `knows`. Absent: the sender is of a version without. */
  readonly profile?: string | undefined;
  /** The profile of the receiver that the sender has. */
  readonly knows?: string | undefined;
  /** What the sender remembers of the receiver: on the data that it last spoke on, its latest start, and the votes that it had cast by then. */
  readonly you?:
    | { readonly incarnation: string; readonly life: number; readonly boot: string; readonly votes: number }
    | undefined;
}

/** "What I said under this name still holds": a greeting for who has said that it knows that profile. */
export type GreetingAgain = Pick<Greeting, 'version' | 'votes' | 'you' | 'index' | 'knows'> & {
  readonly about: 'again';
  readonly profile: string;
};

/** The answer of a host that does not have the profile that it was told again. */
interface UnknownProfile {
  readonly version: Version;
  readonly kind: 'unknown';
  readonly incarnation: string;
}

/** About the successor of `epoch`. `hosts`: the voters wished for, when it is the first configuration. */
export type SuccessionQuestion = Standing & {
  readonly about: 'succession';
  readonly n: number;
  readonly hosts: readonly HostId[];
} & ({ readonly kind: 'prepare' } | { readonly kind: 'accept'; readonly config: Config });

export type SuccessionAnswer =
  | {
      readonly version: Version;
      readonly kind: 'promise';
      readonly incarnation: string;
      readonly n: number;
      readonly accepted: Ballot | null;
      readonly config: Config | null;
      /** First configurations that it accepted before that one. */
      readonly past?: readonly Config[] | undefined;
    }
  | { readonly version: Version; readonly kind: 'accepted'; readonly incarnation: string; readonly n: number }
  | {
      readonly version: Version;
      readonly kind: 'nack';
      readonly incarnation: string;
      readonly n: number;
      readonly promised: Ballot;
    }
  | Ahead
  | Behind
  | Refused;

/** "Which registers do you hold?", in the order of their keys, from the first above `after`. */
export interface KeysQuestion extends Standing {
  readonly about: 'keys';
  readonly after: string;
}

export type KeysAnswer =
  | {
      readonly version: Version;
      readonly kind: 'keys';
      readonly incarnation: string;
      readonly keys: readonly AddressKey[];
      readonly more: boolean;
      /** The floor of every register that it does not hold; absent when it has collected none. */
      readonly floor?: Ballot | undefined;
    }
  | Ahead
  | Behind
  | Refused;

/** "How do these registers stand with you? Nobody has the address here." `round`: a number of the asker's own. */
export interface ReleasedQuestion extends Standing {
  readonly about: 'released';
  readonly life: number;
  readonly boot: string;
  readonly round: number;
  readonly keys: readonly AddressKey[];
}

/**
 * `free`: accepted under `ballot`, with nothing promised above it, that nobody has the address. `gone`: no register, and whatever comes up
 * to `ballot` is refused. `kept`: it can't be collected as it stands.
 */
export type ReleasedStanding =
  | { readonly is: 'free'; readonly ballot: Ballot }
  | { readonly is: 'gone'; readonly ballot: Ballot }
  | { readonly is: 'kept' };

/** One for each key, in their order. */
export type ReleasedAnswer =
  | {
      readonly version: Version;
      readonly kind: 'released';
      readonly incarnation: string;
      readonly standings: readonly ReleasedStanding[];
    }
  | Ahead
  | Behind
  | Refused;

/** "Every voter says that nobody has these addresses, each under this ballot: drop those registers that still stand so." */
export interface CollectQuestion extends Standing {
  readonly about: 'collect';
  readonly life: number;
  readonly boot: string;
  readonly registers: readonly { readonly key: AddressKey; readonly ballot: Ballot }[];
}

export type CollectAnswer =
  | { readonly version: Version; readonly kind: 'collected'; readonly incarnation: string }
  | Ahead
  | Behind
  | Refused;

export type MembershipQuestion = Greeting | GreetingAgain | SuccessionQuestion | KeysQuestion;
export type ClaimQuestion = MembershipQuestion | ReleasedQuestion | CollectQuestion;
export type Reply =
  | Greeting
  | GreetingAgain
  | UnknownProfile
  | SuccessionAnswer
  | KeysAnswer
  | ReleasedAnswer
  | CollectAnswer;

/** Whether it is a greeting, whole or short. */
export function isGreeting(said: ClaimQuestion | Reply): said is Greeting | GreetingAgain {
  return 'about' in said && (said.about === 'greeting' || said.about === 'again');
}
