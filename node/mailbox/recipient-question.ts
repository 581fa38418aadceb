// How an address stands in the whole mesh, as the intake must know it before it takes mail for it.

export interface StandingQuestion {
  /** The spellings that mail may be meant by, the nearest first: the address itself, then without its `+tag`. */
  readonly addresses: readonly string[];
  /** Whether other hosts are asked about an address that nobody is known to have. */
  readonly isServed: boolean;
}

/**
 * `held`: an agent of this host has it. `disabled`: that agent takes no mail now. `conflicted`: another host has it too. `elsewhere`: another
 * host has it. `unknown`: it can't be said now, for not everybody answered. `nobodys`: nobody has it.
 */
export type Standing =
  | { readonly kind: 'held' | 'disabled' | 'conflicted' | 'unknown' | 'nobodys' }
  | { readonly kind: 'elsewhere'; readonly hostId: string };
