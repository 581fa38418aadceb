// Overwrites in the file of an SQLite database what belongs to nothing (page-slack.ts), some pages at a time. SQLite has no statement for that but
// VACUUM, which writes the whole database again while nobody else can write. Octets that belong to nothing are read by nobody, so a crash in
// between, or a reader meanwhile, sees no difference.
// The file stays open until `close`: the system gives up all locks that a process has on a file once the process closes it anywhere.
import { closeSync, constants, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { childrenOf, type Slack, slackOfTreePage } from './page-slack.ts';

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
  readonly #pageBytes: number;
  readonly #zeros: Buffer;
  #file: number | undefined;

  /** `path`: of the file of `database`. */
  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
    this.#pageBytes = Number(database.prepare('PRAGMA page_size').get()?.page_size);
    this.#zeros = Buffer.alloc(this.#pageBytes);
  }

  /**
   * Overwrites some, from page `from` on (the first is 1), durably; answers the page to go on with, `undefined` after the last. To be called when the
   * write-ahead log has nothing, and nobody can write: in a transaction that has begun to, and has changed nothing. Throws an Error for a damaged tree.
   */
  overwrite(from: number): number | undefined {
    const file = this.#opened();
    const pages = Math.floor(fstatSync(file).size / this.#pageBytes);
    const until = Math.min(from + PAGES_AT_ONCE, pages + 1);
    const slack = this.#slackWithin(from, until);
    let hasWritten = false;
    for (let first = from; first < until; first += READ_AT_ONCE) {
      const together = this.#read(first, Math.min(READ_AT_ONCE, until - first));
      for (let at = 0; at < together.length; at += this.#pageBytes) {
        const page = first + at / this.#pageBytes;
        const octets = together.subarray(at, at + this.#pageBytes);
        for (const range of slack(octets, page)) if (this.#zero(octets, page, range)) hasWritten = true;
      }
    }
    if (hasWritten) fdatasyncSync(file);
    // What the connection remembers of these pages would come back with the next write to them.
    this.#database.exec('PRAGMA shrink_memory');
    return until > pages ? undefined : until;
  }

  /** What belongs to nothing in pages of which the first is `from`, and the last the one before `until`. */
  #slackWithin(from: number, until: number): (octets: Buffer, page: number) => readonly Slack[] {
    const isWithin = (page: number) => page >= from && page < until;
    const inTrees = new Set([...this.#treePages()].filter(isWithin));
    const free = new Map([...this.#freePages()].filter(([page]) => isWithin(page)));
    return (octets, page) => {
      if (inTrees.has(page)) return slackOfTreePage(octets, page);
      const used = free.get(page);
      return used === undefined ? [] : [[used, octets.length]];
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

  /** Pages that are in no tree, each with how many of its octets are in use: those that list the others. */
  *#freePages(): Generator<readonly [page: number, used: number]> {
    const left = Number(this.#database.prepare('PRAGMA freelist_count').get()?.freelist_count);
    let seen = 0;
    for (let list = this.#read(1, 1).readUInt32BE(FIRST_FREE_AT); list !== 0 && seen < left; ) {
      const octets = this.#read(list, 1);
      const count = Math.min(octets.readUInt32BE(4), (octets.length - FREE_LIST_HEADER_BYTES) / 4);
      const used = FREE_LIST_HEADER_BYTES + 4 * count;
      yield [list, used];
      for (let at = FREE_LIST_HEADER_BYTES; at < used; at += 4) yield [octets.readUInt32BE(at), 0];
      seen += 1 + count;
      list = octets.readUInt32BE(0);
    }
  }

  #read(page: number, count: number): Buffer {
    const octets = Buffer.alloc(count * this.#pageBytes);
    const at = (page - 1) * this.#pageBytes;
    if (readSync(this.#opened(), octets, 0, octets.length, at) < octets.length)
      throw new Error(`Page ${page} of the database is missing.`);
    return octets;
  }

  /** Whether there was something to overwrite. */
  #zero(octets: Buffer, page: number, [from, to]: Slack): boolean {
    if (this.#zeros.compare(octets, from, to, 0, to - from) === 0) return false;
    writeSync(this.#opened(), this.#zeros, 0, to - from, (page - 1) * this.#pageBytes + from);
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
