// Form 1: inboxes, mails and threads. What a reader pages through has an index that ends in the time and the row, so that a deep page is
// found by where the last one ended and none is counted to.
import type { Migration } from './migration.ts';

export const form1: Migration = (database) => database.exec(TABLES);

const TABLES = `
CREATE TABLE organization (
  id TEXT NOT NULL,
  pod_id TEXT NOT NULL,
  file_key BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE inbox (
  row INTEGER PRIMARY KEY,
  inbox_id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('creating', 'active', 'deleting')),
  agent_id TEXT,
  makes_agent INTEGER NOT NULL,
  display_name TEXT,
  client_id TEXT UNIQUE,
  metadata TEXT,
  used_bytes INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX inbox_by_time ON inbox (created_at, row);

CREATE TABLE thread (
  row INTEGER PRIMARY KEY,
  thread_id TEXT NOT NULL UNIQUE,
  inbox INTEGER NOT NULL REFERENCES inbox (row),
  hidden INTEGER NOT NULL,
  subject TEXT,
  base_subject TEXT,
  preview TEXT,
  senders TEXT NOT NULL,
  recipients TEXT NOT NULL,
  message_count INTEGER NOT NULL,
  size INTEGER NOT NULL,
  last_message_id TEXT NOT NULL,
  last_at INTEGER NOT NULL,
  received_at INTEGER,
  sent_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX thread_by_time ON thread (hidden, last_at, row);
CREATE INDEX thread_of_inbox ON thread (inbox, hidden, last_at, row);
CREATE INDEX thread_by_subject ON thread (inbox, base_subject, last_at) WHERE base_subject IS NOT NULL;

CREATE TABLE raw (
  digest TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  content BLOB,
  uses INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE message (
  row INTEGER PRIMARY KEY,
  inbox INTEGER NOT NULL REFERENCES inbox (row),
  thread INTEGER NOT NULL REFERENCES thread (row),
  message_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  hidden INTEGER NOT NULL,
  at INTEGER NOT NULL,
  from_text TEXT NOT NULL,
  from_address TEXT,
  to_text TEXT NOT NULL,
  subject TEXT,
  head TEXT NOT NULL,
  text TEXT,
  html TEXT,
  extracted_text TEXT,
  extracted_html TEXT,
  raw TEXT NOT NULL REFERENCES raw (digest),
  trace TEXT NOT NULL,
  size INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (inbox, message_id),
  UNIQUE (inbox, digest)
) STRICT;
CREATE INDEX message_by_time ON message (inbox, hidden, at, row);
CREATE INDEX message_of_thread ON message (thread, at, row);
CREATE INDEX message_by_raw ON message (raw);

CREATE TABLE message_label (
  message INTEGER NOT NULL REFERENCES message (row) ON DELETE CASCADE,
  label TEXT NOT NULL,
  inbox INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (message, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX label_by_time ON message_label (inbox, label, at, message);

CREATE TABLE thread_label (
  thread INTEGER NOT NULL REFERENCES thread (row) ON DELETE CASCADE,
  label TEXT NOT NULL,
  messages INTEGER NOT NULL,
  PRIMARY KEY (thread, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE part (
  message INTEGER NOT NULL REFERENCES message (row) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  attachment_id TEXT NOT NULL,
  filename TEXT,
  content_type TEXT,
  disposition TEXT,
  content_id TEXT,
  encoding TEXT NOT NULL,
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (message, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE reference (
  inbox INTEGER NOT NULL REFERENCES inbox (row),
  hash BLOB NOT NULL,
  thread INTEGER NOT NULL REFERENCES thread (row) ON DELETE CASCADE,
  PRIMARY KEY (inbox, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX reference_of_thread ON reference (thread);
`;
