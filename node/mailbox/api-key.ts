// Keys that clients of `/v0` show beside the organization's own: of the whole organization, of one pod, or of one inbox.
import type { Excess, Permissions } from './permission.ts';
import type { Scope } from './scope.ts';

/** Keys of one host. */
export const KEYS_MAX = 1_000;
/** Keys in a line of which each has made the next: what one opens is asked of all that stand before it, at each request. */
export const KEY_LINE_MAX = 10;

/** A key with its scope, which is what it opens; that of an inbox names the inbox's pod, too. */
export interface ApiKey extends Scope {
  readonly keyId: string;
  /** The first characters of its text, by which people know it. */
  readonly prefix: string;
  readonly name: string;
  /** What it opens now, which is no more than the key that made it does; absent: everything within its scope. */
  readonly permissions?: Permissions | undefined;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** To the minute. */
  readonly usedAtMs?: number | undefined;
}

export interface NewKey extends Pick<ApiKey, 'keyId' | 'prefix' | 'name' | 'podId' | 'inboxId' | 'permissions'> {
  /** SHA-256 of its text, hexadecimal: nobody can make the key of it. */
  readonly digest: string;
  /** The id of the key that makes it; absent: the organization's own. */
  readonly maker?: string | undefined;
  readonly atMs: number;
}

/**
 * `full`: there are `KEYS_MAX`. `gone`: there is no such inbox, or pod, any more. `long`: its maker is the last of `KEY_LINE_MAX`. `unmade`:
 * its maker was deleted meanwhile.
 */
export type AddedKey = 'added' | 'full' | 'gone' | 'long' | 'unmade';

/** One key, as far as whoever asks may see it. */
export interface KeyMeant {
  readonly keyId: string;
  /** Where it must be; absent: anywhere. */
  readonly scope?: Scope | undefined;
}

/** A key that is to be changed or deleted, and what whoever asks may do: a key that may do more is not theirs to touch. */
export interface KeyHandled {
  readonly meant: KeyMeant;
  /** Absent: everything. */
  readonly by?: Permissions | undefined;
}

/** `gone`: there is no such key. Otherwise what the key may do that whoever asks may not, so that nothing was done. */
export type KeyRefused = { readonly outcome: 'gone' } | { readonly outcome: 'excess'; readonly excess: Excess };
/** `keyIds`: that key and all that were made with it, and with these. `beyond`: its maker has not the permission, so that nothing was done. */
export type ChangedKey =
  | { readonly outcome: 'changed'; readonly key: ApiKey; readonly keyIds: readonly string[] }
  | { readonly outcome: 'beyond'; readonly excess: Excess }
  | KeyRefused;
export type DeletedKey = { readonly outcome: 'deleted'; readonly keyIds: readonly string[] } | KeyRefused;

export interface KeyChange extends KeyHandled {
  /** Absent: as they are. */
  readonly name?: string | undefined;
  readonly permissions?: Permissions | undefined;
  readonly atMs: number;
}

/** Who asks: what their key opens. */
export interface Caller extends Scope {
  /** What their requests are counted by. */
  readonly keyId: string;
  /** Absent: the organization's own key, which is in no list. */
  readonly apiKeyId?: string | undefined;
  /** What they may do there; absent: everything. */
  readonly permissions?: Permissions | undefined;
}
