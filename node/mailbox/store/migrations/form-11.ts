// Form 11: tokens by which somebody has asked for no more mail, each of which holds once; and mails of which it is told when they are opened.
import type { Migration } from './migration.ts';

export const form11: Migration = (database) => database.exec(TABLES);

const TABLES = `
CREATE TABLE unsubscription (
  inbox INTEGER NOT NULL REFERENCES inbox (row) ON DELETE CASCADE,
  token TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (inbox, token)
) STRICT, WITHOUT ROWID;

CREATE TABLE tracked_mail (
  id TEXT PRIMARY KEY,
  message INTEGER NOT NULL REFERENCES message (row) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX tracked_mail_of_message ON tracked_mail (message);
`;
