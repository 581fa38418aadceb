// Keys that clients of `/v0` show beside the organization's own: of the whole organization, or of one inbox.

/** Keys of one host. */
export const KEYS_MAX = 1_000;

export interface ApiKey {
  readonly keyId: string;
  /** The first characters of its text, by which people know it. */
  readonly prefix: string;
  readonly name: string;
  /** Present: it opens this inbox alone. */
  readonly inboxId?: string | undefined;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** To the minute. */
  readonly usedAtMs?: number | undefined;
}

export interface NewKey extends Pick<ApiKey, 'keyId' | 'prefix' | 'name' | 'inboxId'> {
  /** SHA-256 of its text, hexadecimal: nobody can make the key of it. */
  readonly digest: string;
  readonly atMs: number;
}

/** `full`: there are `KEYS_MAX`. `gone`: there is no such inbox any more. */
export type AddedKey = 'added' | 'full' | 'gone';

/** One key, as far as whoever asks may see it. */
export interface KeyMeant {
  readonly keyId: string;
  /** Present: only if it is a key of this inbox. */
  readonly inboxId?: string | undefined;
}

/** Who asks: what their key opens. */
export interface Caller {
  /** What their requests are counted by. */
  readonly keyId: string;
  /** Absent: the organization's own key, which is in no list. */
  readonly apiKeyId?: string | undefined;
  /** Present: nothing outside of this inbox is shown to them. */
  readonly inboxId?: string | undefined;
}
