// Mails on their way out, the keys of the requests that sent them, and how far this host has heard what became of them.
import type { Migration } from './migration.ts';

export const form6: Migration = (database) => database.exec(TABLES);

const TABLES = `
CREATE TABLE outgoing (
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  inbox INTEGER NOT NULL REFERENCES inbox (row) ON DELETE CASCADE,
  key_hash TEXT UNIQUE,
  fingerprint TEXT,
  mail TEXT,
  submission TEXT,
  raw TEXT REFERENCES raw (digest),
  message INTEGER REFERENCES message (row) ON DELETE SET NULL,
  message_id TEXT,
  thread_id TEXT,
  begun_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX outgoing_of_inbox ON outgoing (inbox);
CREATE INDEX outgoing_of_message ON outgoing (message) WHERE message IS NOT NULL;
CREATE INDEX outgoing_of_raw ON outgoing (raw) WHERE raw IS NOT NULL;
CREATE INDEX outgoing_left ON outgoing (row) WHERE mail IS NOT NULL;
CREATE INDEX outgoing_ended ON outgoing (ended_at);

CREATE TABLE position (name TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;
