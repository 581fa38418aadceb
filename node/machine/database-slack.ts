// Overwrites in the file of an SQLite database what belongs to nothing (page-slack.ts), some pages at a time. SQLite has no statement for that but
// VACUUM, which writes the whole database again while nobody else can write. Octets that belong to nothing are read by nobody, so a crash in
// between, or a reader meanwhile, sees no difference.
// The file stays open until `close`: the system gives up all locks that a process has on a file once the process closes it anywhere.
import { closeSync, constants, fdatasyncSync, openSync, readSync, writeSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { childrenOf, isOfTree, PAGES_TOLD_MAX, type Slack, slackOfTreePage } from './page-slack.ts';

/** Pages that are looked at in one go: some tens of milliseconds. */
const PAGES_AT_ONCE = 4_096;
/** Pages that are read together. */
const READ_AT_ONCE = 64;
/** Floors of a tree: with four children a page, more than any file holds. */
const DEPTH_MAX = 20;
const FIRST_FREE_AT = 32;
/** A page of the list of free ones begins with the next and with how many it names, each of 4 octets. */
const FREE_LIST_HEADER_BYTES = 8;

export class DatabaseSlack {
  readonly #database: DatabaseSync;
  readonly #path: string;
  /** Octets of a page. */
  readonly pageBytes: number;
  readonly #pagesToldMax: number;
  readonly #pagesAtOnce: number;
  readonly #zeros: Buffer;
  #file: number | undefined;

  /**
   * `path`: of the file of `database`. `pagesToldMax`: pages of a file in which each says whether it is of a tree; in a larger one its trees are
   * gone through at each step.
   */
  constructor(
    database: DatabaseSync,
    path: string,
    { pagesToldMax = PAGES_TOLD_MAX, pagesAtOnce = PAGES_AT_ONCE } = {},
  ) {
    this.#database = database;
    this.#path = path;
    this.pageBytes = this.#asked('page_size');
    // Such a file has pages of a kind of its own.
    this.#pagesToldMax = this.#asked('auto_vacuum') === 0 ? pagesToldMax : 0;
    this.#pagesAtOnce = pagesAtOnce;
    this.#zeros = Buffer.alloc(this.pageBytes);
  }

  /**
   * Overwrites some, from page `from` on (the first is 1), and `again`, durably; answers the page to go on with, `undefined` after the last. To be
   * called when the write-ahead log has nothing, and nobody can write: in a transaction that has begun to, and has changed nothing. Where pages are
   * dealt out anew, one may get the octets of another: those that are written after they were overwritten are to come `again`. Throws an Error for a
   * damaged tree.
   */
  overwrite(from: number, again: ReadonlySet<number> = new Set()): number | undefined {
    const file = this.#opened();
    const pages = this.#asked('page_count');
    const until = Math.max(from, Math.min(from + this.#pagesAtOnce, pages + 1));
    const slack = this.#slackOf((page) => (page >= from && page < until) || again.has(page), pages);
    let hasWritten = false;
    const overwritten = (octets: Buffer, page: number) => {
      for (const range of slack(octets, page)) if (this.#zero(octets, page, range)) hasWritten = true;
    };
    for (let first = from; first < until; first += READ_AT_ONCE) {
      const together = this.#read(first, Math.min(READ_AT_ONCE, until - first));
      for (let at = 0; at < together.length; at += this.pageBytes)
        overwritten(together.subarray(at, at + this.pageBytes), first + at / this.pageBytes);
    }
    for (const page of again) if (page <= pages) overwritten(this.#read(page, 1), page);
    if (hasWritten) {
      fdatasyncSync(file);
      // What the connection remembers of these pages would come back with the next write to them.
      this.#database.exec('PRAGMA shrink_memory');
    }
    return until > pages ? undefined : until;
  }

  /** What belongs to nothing in the pages that are asked for; `pages`: of the whole file. */
  #slackOf(isAsked: (page: number) => boolean, pages: number): (octets: Buffer, page: number) => readonly Slack[] {
    const free = this.#freePages(isAsked);
    const inTrees = pages > this.#pagesToldMax ? new Set([...this.#treePages()].filter(isAsked)) : undefined;
    return (octets, page) => {
      const used = free.get(page);
      if (used !== undefined) return [[used, octets.length]];
      return (inTrees?.has(page) ?? isOfTree(octets, page)) ? slackOfTreePage(octets, page) : [];
    };
  }

  *#treePages(): Generator<number> {
    const roots = this.#database.prepare('SELECT rootpage FROM sqlite_schema WHERE rootpage > 0').all();
    for (const root of [1, ...roots.map(({ rootpage }) => Number(rootpage))])
      yield* this.#below(root, this.#depthOf(root));
  }

  /** A page and all below it. The lowest of all trees, which are most, are not read: all leaves are equally deep. */
  *#below(page: number, depth: number): Generator<number> {
    yield page;
    if (depth > 0) for (const child of this.#children(page)) yield* this.#below(child, depth - 1);
  }

  #depthOf(root: number): number {
    let depth = 0;
    for (let [first] = this.#children(root); first !== undefined; [first] = this.#children(first)) {
      depth += 1;
      if (depth > DEPTH_MAX) throw new Error(`The tree of page ${root} has no end.`);
    }
    return depth;
  }

  #children(page: number): readonly number[] {
    return childrenOf(this.#read(page, 1), page);
  }

  /** Free pages that are asked for, and all that list others, each with how many of its octets are in use. */
  #freePages(isAsked: (page: number) => boolean): ReadonlyMap<number, number> {
    const found = new Map<number, number>();
    const left = this.#asked('freelist_count');
    let seen = 0;
    for (let list = this.#read(1, 1).readUInt32BE(FIRST_FREE_AT); list !== 0 && seen < left; ) {
      const octets = this.#read(list, 1);
      const count = Math.min(octets.readUInt32BE(4), (octets.length - FREE_LIST_HEADER_BYTES) / 4);
      const used = FREE_LIST_HEADER_BYTES + 4 * count;
      found.set(list, used);
      for (let at = FREE_LIST_HEADER_BYTES; at < used; at += 4) {
        const page = octets.readUInt32BE(at);
        if (isAsked(page)) found.set(page, 0);
      }
      seen += 1 + count;
      list = octets.readUInt32BE(0);
    }
    return found;
  }

  #asked(pragma: 'page_size' | 'page_count' | 'freelist_count' | 'auto_vacuum'): number {
    return Number(this.#database.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
  }

  #read(page: number, count: number): Buffer {
    const octets = Buffer.alloc(count * this.pageBytes);
    const at = (page - 1) * this.pageBytes;
    if (readSync(this.#opened(), octets, 0, octets.length, at) < octets.length)
      throw new Error(`Page ${page} of the database is missing.`);
    return octets;
  }

  /** Whether there was something to overwrite. */
  #zero(octets: Buffer, page: number, [from, to]: Slack): boolean {
    if (this.#zeros.compare(octets, from, to, 0, to - from) === 0) return false;
    writeSync(this.#opened(), this.#zeros, 0, to - from, (page - 1) * this.pageBytes + from);
    return true;
  }

  #opened(): number {
    this.#file ??= openSync(this.#path, constants.O_RDWR | constants.O_NOFOLLOW);
    return this.#file;
  }

  /** To be called when the database is closed. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
