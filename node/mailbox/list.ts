// Lists that are read in pages, each of which begins behind the last row of the one before.

/** A place in a list: the last row that was seen. */
export interface ListPlace {
  readonly atMs: number;
  readonly row: number;
}

/** One page of a list. */
export interface Listed<Item> {
  readonly items: readonly Item[];
  /** Where the next page begins; absent: this was the last. */
  readonly next?: ListPlace | undefined;
}
