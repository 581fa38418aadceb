// What lists say of an address. The narrowest scope with an entry that fits decides, there the entry that names it most exactly, and of two that
// name it alike the one that blocks. Where none fits anywhere, a list of who is allowed keeps out everybody else.
// A domain that is blocked has those below it blocked too, for whoever owns it makes as many as he likes; one that is allowed is itself alone.
import type { ListScope, ListType } from './list-entry.ts';

/** An entry that fits an address. `distance`: 0 the address itself, 1 its domain, 2 the domain above that. */
interface FittingEntry {
  readonly listType: ListType;
  readonly distance: number;
  readonly entry: string;
  readonly isReadOnly: boolean;
}

/** What one scope has for a direction. */
export interface ListsOfScope {
  readonly scope: ListScope;
  readonly hasAllowed: boolean;
  readonly fitting: readonly FittingEntry[];
}

/** Why an address is kept out: an entry that blocks it, or that the allowed ones of a scope do not name it. */
export type KeptOut =
  | { readonly why: 'blocked'; readonly scope: ListScope; readonly entry: string; readonly isReadOnly: boolean }
  | { readonly why: 'not-allowed'; readonly scope: ListScope };

/**
 * `scopes`: the narrowest first. `isAuthenticated`: the address is known to be whose it says, without which nothing allows it. `undefined`: the
 * lists let it pass.
 */
export function keptOutBy(scopes: readonly ListsOfScope[], isAuthenticated: boolean): KeptOut | undefined {
  for (const { scope, fitting } of scopes) {
    const [nearest] = fitting.filter((one) => counts(one, isAuthenticated)).toSorted(byExactness);
    if (nearest?.listType === 'allow') return undefined;
    if (nearest !== undefined) return { why: 'blocked', scope, entry: nearest.entry, isReadOnly: nearest.isReadOnly };
  }
  const strict = scopes.find(({ hasAllowed }) => hasAllowed);
  return strict && { why: 'not-allowed', scope: strict.scope };
}

function counts({ listType, distance }: FittingEntry, isAuthenticated: boolean): boolean {
  return listType === 'block' || (isAuthenticated && distance <= 1);
}

function byExactness(one: FittingEntry, other: FittingEntry): number {
  return one.distance - other.distance || Number(one.listType === 'allow') - Number(other.listType === 'allow');
}
