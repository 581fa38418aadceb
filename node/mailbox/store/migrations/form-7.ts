// Reports that came about mail of this host, until the send module has heard of them.
import type { Migration } from './migration.ts';

export const form7: Migration = (database) => database.exec(TABLES);

const TABLES = `
CREATE TABLE report (
  message INTEGER PRIMARY KEY REFERENCES message (row) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('bounce', 'complaint')),
  recipient TEXT
) STRICT;
`;
