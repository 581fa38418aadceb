// How an address stands in the whole mesh, as the intake must know it before it takes mail for it.

export interface StandingQuestion {
  /** The spellings that mail may be meant by, the nearest first: the address itself, then without its `+tag`. */
  readonly addresses: readonly string[];
  /** The pod of the inbox that is meant; absent: there is none. */
  readonly podId?: string | undefined;
  /** Whether other hosts are asked about an address that nobody is known to have. */
  readonly isServed: boolean;
}

/**
 * `held`: an agent of this host has it. `disabled`: that agent takes no mail now. `conflicted`: another host has it too. `elsewhere`: another
 * host has it. `unknown`: it can't be said now, for not everybody answered. `nobodys`: nobody has it. `foreign`: this host has it, and its domain
 * is that of another pod than its inbox.
 */
export type Standing =
  | { readonly kind: 'held' | 'disabled' | 'conflicted' | 'unknown' | 'nobodys' | 'foreign' }
  | { readonly kind: 'elsewhere'; readonly hostId: string };
