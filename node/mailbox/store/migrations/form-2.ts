// Keys of clients. Only their digests are kept; the keys of an inbox go with it.
import type { Migration } from './migration.ts';

export const form2: Migration = (database) => database.exec(TABLES);

const TABLES = `
CREATE TABLE api_key (
  row INTEGER PRIMARY KEY,
  key_id TEXT NOT NULL UNIQUE,
  digest TEXT NOT NULL UNIQUE,
  prefix TEXT NOT NULL,
  name TEXT NOT NULL,
  inbox INTEGER REFERENCES inbox (row) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;
CREATE INDEX api_key_by_time ON api_key (created_at, row);
CREATE INDEX api_key_of_inbox ON api_key (inbox, created_at, row);
`;
