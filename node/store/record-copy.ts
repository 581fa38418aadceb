// A copy of all records as they are at one moment, in a file of its own: what a backup is made of. It is made in the store's thread between
// two requests, so the database does not change meanwhile; what the database has not taken yet of the commit log is handed in.
// What is to be left out never gets into the file.
import type { DatabaseSync } from 'node:sqlite';
import { checksum, RecordReader } from './record-reader.ts';
import { damaged, refused } from './refusals.ts';
import { COPY_ID, COPY_VERSION, createCopy } from './schema.ts';
import { PAGE_RECORDS_MAX } from './store.ts';

export interface CopyRules {
  /** Where the copy goes; nothing is there yet. */
  readonly file: string;
  /** Kinds of records that are left out, by how their keys begin. */
  readonly without: readonly string[];
  /** Members that are left out of the records of a kind. */
  readonly withoutMembers: readonly { readonly prefix: string; readonly members: readonly string[] }[];
}

/** `newest`: key, text, key, text, … that come over what the reader has; `null`: the key was removed. Throws `store_failed`. */
export function copyRecords(reader: RecordReader, newest: readonly (string | null)[], rules: CopyRules): void {
  const copy = createCopy(rules.file);
  try {
    copy.exec('BEGIN');
    const put = putsInto(copy, rules);
    const over = pairsOf(newest);
    for (const [key, text] of pagesOf(reader)) if (!over.has(key)) put(key, text);
    for (const [key, text] of over) if (text !== null) put(key, text);
    copy.exec('COMMIT');
  } finally {
    copy.close();
  }
}

/** The records of a copy, in key order, each held against its checksum. Throws `store_failed` when it is no copy that this program reads. */
export function* recordsOfCopy(copy: DatabaseSync, file: string): Generator<readonly [key: string, text: string]> {
  yield* pagesOf(readerOfCopy(copy, file));
}

/** Throws as `recordsOfCopy`. */
export function readerOfCopy(copy: DatabaseSync, file: string): RecordReader {
  const stamp = (name: string) => Number(Object.values(copy.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
  if (stamp('application_id') !== COPY_ID) throw damaged(file, 'it does not bear the stamp of a backup');
  if (stamp('user_version') !== COPY_VERSION)
    throw refused(
      `${file} has format ${stamp('user_version')}, and this program reads format ${COPY_VERSION}. Restore it with the version of the program that made it, or a newer one.`,
    );
  return new RecordReader(copy, file, 'records');
}

function putsInto(copy: DatabaseSync, { without, withoutMembers }: CopyRules): (key: string, text: string) => void {
  const insert = copy.prepare('INSERT INTO records (key, value, sum) VALUES (?, ?, ?)');
  return (key, text) => {
    if (without.some((prefix) => key.startsWith(prefix))) return;
    const members = withoutMembers.find(({ prefix }) => key.startsWith(prefix))?.members ?? [];
    const kept = members.length === 0 ? text : withoutThose(text, members);
    insert.run(key, kept, checksum(key, kept));
  };
}

function withoutThose(text: string, members: readonly string[]): string {
  const value = JSON.parse(text) as Readonly<Record<string, unknown>>;
  return JSON.stringify(Object.fromEntries(Object.entries(value).filter(([name]) => !members.includes(name))));
}

function pairsOf(flat: readonly (string | null)[]): ReadonlyMap<string, string | null> {
  const pairs = new Map<string, string | null>();
  for (let at = 0; at < flat.length; at += 2) pairs.set(flat[at] ?? '', flat[at + 1] ?? null);
  return pairs;
}

function* pagesOf(reader: RecordReader): Generator<readonly [key: string, text: string]> {
  for (let after = ''; ; ) {
    const page = reader.page('', after, PAGE_RECORDS_MAX);
    for (let at = 0; at < page.length; at += 2) yield [page[at] ?? '', page[at + 1] ?? ''];
    if (page.length < 2 * PAGE_RECORDS_MAX) return;
    after = page.at(-2) ?? '';
  }
}
