// The Store port: what a node needs of its disk. Live state is in memory, loaded at start; the disk is for coming back.
// It does not promise order between keys other than by name, nor queries: whoever needs an index builds it in memory.

import type { PackedTexts } from '../../mesh/packed-texts.ts';
import type { Journal } from '../../mesh/ports.ts';
import type { TextForm } from './text-form.ts';

/** Records of one page of `load`. */
export const PAGE_RECORDS_MAX = 1_000;
/** Records of one page of `loadPacked`: as little work as a page of agents, so that neither of the two that are read in turns waits for the other. */
export const PACKED_RECORDS_MAX = 2_500;

/** A stored record: its key and its JSON value, as it was committed. */
export interface StoredRecord {
  readonly key: string;
  readonly value: unknown;
}

/** What is read back together where most records of a kind have one form. */
export interface PackedRecords {
  /** Records of the form, rewritten, in the order of their keys, which lack what `TextForm.under` says. Each of these comes behind the one before. */
  readonly packed: readonly PackedTexts[];
  /** All others, and newer ones in the place of packed ones. */
  readonly others: readonly StoredRecord[];
  /** Keys of which a record was packed, and removed since. */
  readonly gone: readonly string[];
}

/** Which records `load` reads, and how. */
export interface LoadOptions {
  /** Only keys greater than this one. */
  readonly after?: string;
  /** So many records in all, not per page. */
  readonly limit?: number;
  /** Records of one page, at most `PAGE_RECORDS_MAX`; absent: as many. */
  readonly pageRecords?: number;
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
  load(prefix: string, options?: LoadOptions): AsyncIterable<readonly StoredRecord[]>;
  /**
   * All durable records whose key begins with `prefix`, those of the form packed: for a kind of which there may be millions, each of them checked
   * as by `load`. What is committed meanwhile may be seen or not.
   */
  loadPacked(prefix: string, form: TextForm): AsyncIterable<PackedRecords>;
  /**
   * All durable records whose key begins with `prefix`, in the order of their keys, which lack it, as octets, in pages of `pageRecords`: for a kind of
   * which there are so many that they are not parsed. Each is checked as by `load`. What is committed meanwhile may be seen or not.
   */
  loadOctets(prefix: string, pageRecords: number): AsyncIterable<PackedTexts>;
  /** Resolves once when the store can no longer write (its reason): the node must stop, for memory may be ahead of the disk. */
  readonly failed: Promise<Error>;
  /** Lets commits in hand end, then closes. Afterwards every call rejects with `store_failed`. */
  close(): Promise<void>;
}
