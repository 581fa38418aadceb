// The mailbox in a backup: its database, the files of large mails, and, with keys, the organization's. A host that never had one has none.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MAILBOX_DATABASE, MAILBOX_KEY } from './contents.ts';

/** One file of the mailbox, by its name in the archive. */
export interface MailboxFile {
  readonly name: string;
  readonly path: string;
}

export interface MailboxCopyOptions {
  /** The data directory. */
  readonly directory: string;
  /** Where the copy of the database is made. */
  readonly copy: string;
  readonly withKeys: boolean;
}

/** Copies the database, which comes first of the files; they are named while they are asked for. Rejects with what SQLite says. */
export async function copyMailbox({ directory, copy, withKeys }: MailboxCopyOptions): Promise<Iterable<MailboxFile>> {
  const mailbox = join(directory, 'mailbox');
  if (!existsSync(join(mailbox, 'mailbox.db'))) return [];
  const { copyDatabase, filesOfCopy } = await import('../mailbox/store/database-copy.ts');
  await copyDatabase({ directory: mailbox, file: copy, withKeys });
  return (function* () {
    yield { name: MAILBOX_DATABASE, path: copy };
    if (withKeys) yield { name: MAILBOX_KEY, path: join(directory, MAILBOX_KEY) };
    for (const digest of filesOfCopy(copy)) {
      const name = `mailbox/raw/${digest.slice(0, 2)}/${digest}`;
      yield { name, path: join(directory, name) };
    }
  })();
}
