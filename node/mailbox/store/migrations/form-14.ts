// Drafts, with their labels and files, and the mails that are made of them. A row number is never given twice: a mail on its way names one.
import type { Migration } from './migration.ts';

export const form14: Migration = (database) => database.exec(TABLES);

const TABLES = `
CREATE TABLE draft (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  draft_id TEXT NOT NULL UNIQUE,
  inbox INTEGER NOT NULL REFERENCES inbox (row) ON DELETE CASCADE,
  client_id TEXT,
  revision INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  status TEXT CHECK (status IN ('scheduled', 'sending', 'failed')),
  reason TEXT,
  send_at INTEGER,
  due_at INTEGER,
  head TEXT NOT NULL,
  subject TEXT,
  text TEXT,
  html TEXT,
  size INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX draft_of_client ON draft (inbox, client_id) WHERE client_id IS NOT NULL;
CREATE INDEX draft_by_time ON draft (inbox, updated_at, row);
CREATE INDEX draft_of_all_by_time ON draft (updated_at, row);
CREATE INDEX draft_due ON draft (due_at) WHERE status = 'scheduled';
CREATE INDEX draft_sending ON draft (row) WHERE status = 'sending';

CREATE TABLE draft_label (
  draft INTEGER NOT NULL REFERENCES draft (row) ON DELETE CASCADE,
  label TEXT NOT NULL,
  PRIMARY KEY (draft, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE draft_file (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  draft INTEGER NOT NULL REFERENCES draft (row) ON DELETE CASCADE,
  attachment_id TEXT NOT NULL UNIQUE,
  filename TEXT NOT NULL,
  content_type TEXT,
  disposition TEXT,
  content_id TEXT,
  raw TEXT NOT NULL REFERENCES raw (digest),
  size INTEGER NOT NULL
) STRICT;
CREATE INDEX draft_file_of_draft ON draft_file (draft);
CREATE INDEX draft_file_of_raw ON draft_file (raw);

ALTER TABLE outgoing ADD COLUMN draft INTEGER REFERENCES draft (row) ON DELETE SET NULL;
CREATE UNIQUE INDEX outgoing_of_draft ON outgoing (draft) WHERE draft IS NOT NULL;
`;
