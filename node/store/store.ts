// The Store port: what a node needs of its disk. Live state is in memory, loaded at start; the disk is for coming back.
// It does not promise order between keys other than by name, nor queries: whoever needs an index builds it in memory.
import type { Journal } from '../../mesh/ports.ts';
import type { TextForm } from './text-form.ts';

/** Records of one page of `load`. */
export const PAGE_RECORDS_MAX = 1_000;

/** A stored record: its key and its JSON value, as it was committed. */
export interface StoredRecord {
  readonly key: string;
  readonly value: unknown;
}

/** A record as it is read back in numbers: only what is asked for is parsed. */
export interface LoadedRecord extends StoredRecord {
  /** The value as text, rewritten where `load` was asked for that. `value` is made of it each time it is asked for. */
  readonly json: string;
}

/** Which records `load` reads, and how. */
export interface LoadOptions {
  /** Only keys greater than this one. */
  readonly after?: string;
  /** So many records in all, not per page. */
  readonly limit?: number;
  /** A value's text that has this form comes rewritten, as `json` alone: it must not begin as JSON does, for nothing else tells it apart. */
  readonly form?: TextForm;
}

export interface Store extends Journal {
  /**
   * The durable value of one key, as a copy of its own, or `undefined`: a commit is seen once it has resolved. Rejects with
   * `store_failed` when the disk can't tell; that never reads as absent.
   */
  get(key: string): Promise<unknown>;
  /**
   * Durable records whose key begins with `prefix`, in the order of their keys' UTF-8 octets, in pages, so that a long log is
   * never all in memory. What is committed meanwhile may be seen or not.
   */
  load(prefix: string, options?: LoadOptions): AsyncIterable<readonly LoadedRecord[]>;
  /** Resolves once when the store can no longer write (its reason): the node must stop, for memory may be ahead of the disk. */
  readonly failed: Promise<Error>;
  /** Lets commits in hand end, then closes. Afterwards every call rejects with `store_failed`. */
  close(): Promise<void>;
}
