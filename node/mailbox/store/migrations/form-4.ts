// The work on mails: one row for each that was ever taken, which goes with it. Only what time can end has an index by its times.
import type { Migration } from './migration.ts';

export const form4: Migration = (database) => database.exec(TABLES);

const TABLES = `
CREATE TABLE lease (
  message INTEGER PRIMARY KEY REFERENCES message (row) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('held', 'waiting', 'free', 'done', 'failed')),
  lease TEXT,
  worker TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  work_key TEXT NOT NULL,
  since_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL
) STRICT;
CREATE INDEX lease_by_end ON lease (until_at) WHERE state IN ('held', 'waiting');
CREATE INDEX lease_by_begin ON lease (since_at) WHERE state IN ('held', 'waiting');
`;
