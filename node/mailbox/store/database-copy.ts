// A copy of `mailbox.db` as it is at one moment, made while it is written to, by a thread of its own: mail goes on coming in and being read.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { DatabaseSlack } from '../../machine/database-slack.ts';

export interface CopyOptions {
  /** The directory of the mailbox's data. */
  readonly directory: string;
  /** Where the copy is made; nothing is there yet. */
  readonly file: string;
  /** Else it has no key of a client, and what proves links of files is another one. */
  readonly withKeys: boolean;
}

/** More pages than there can be: 2³¹ − 1. */
const PAGES_MAX = 0x7fffffff;

/**
 * What was being sent is left out, and no draft of it is to be sent by itself: they may leave before the copy is used, and must not leave twice.
 * Rejects with what SQLite says.
 */
export async function copyDatabase({ directory, file, withKeys }: CopyOptions): Promise<void> {
  const source = new DatabaseSync(join(directory, 'mailbox.db'), { readOnly: true });
  try {
    // All pages in one step: in a second one, it would begin anew after every write.
    await backup(source, file, { rate: PAGES_MAX });
  } finally {
    source.close();
  }
  chmodSync(file, 0o600);
  const copy = new DatabaseSync(file);
  const slack = new DatabaseSlack(copy, file);
  try {
    copy.exec('PRAGMA journal_mode = DELETE; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON');
    copy.exec(UNSENT_FORGOTTEN);
    // A mailbox that is off now may be of an earlier program.
    const has = (table: string) => copy.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table) !== undefined;
    if (has('draft')) copy.exec(DRAFTS_STOPPED);
    if (!withKeys) copy.exec('DELETE FROM api_key; UPDATE organization SET file_key = randomblob(length(file_key))');
    if (!withKeys && has('domain')) copy.exec("UPDATE domain SET private_key = ''");
    // Octets of a key may stand where its row was before others came between.
    for (let next = withKeys ? undefined : 1; next !== undefined; ) next = slack.overwrite(next);
  } finally {
    copy.close();
    slack.close();
  }
}

/** Digests of the raw mails of a copy that are files. */
export function* filesOfCopy(file: string): Generator<string> {
  const copy = new DatabaseSync(file, { readOnly: true });
  try {
    for (const { digest } of copy.prepare('SELECT digest FROM raw WHERE content IS NULL').iterate())
      yield String(digest);
  } finally {
    copy.close();
  }
}

const DRAFTS_STOPPED = `UPDATE draft SET status = 'failed', due_at = NULL,
  reason = 'It was to be sent when this copy was made. Look whether it was, and send it else.'
  WHERE status IN ('scheduled', 'sending')`;
const UNSENT_FORGOTTEN = `
BEGIN;
UPDATE raw SET uses = uses - (SELECT count(*) FROM outgoing WHERE outgoing.raw = raw.digest AND mail IS NOT NULL)
  WHERE digest IN (SELECT raw FROM outgoing WHERE mail IS NOT NULL);
DELETE FROM outgoing WHERE mail IS NOT NULL;
DELETE FROM raw WHERE uses = 0;
COMMIT;
`;
