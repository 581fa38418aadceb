// Form 26: a draft that was sent is remembered for as long as the key by which its mail went out, so that a repeat makes no second mail.
import type { Migration } from './migration.ts';

export const form26: Migration = (database) => database.exec(SENT);

const SENT = `
CREATE TABLE sent_draft (
  outgoing INTEGER PRIMARY KEY REFERENCES outgoing (row) ON DELETE CASCADE,
  inbox INTEGER NOT NULL,
  draft_id TEXT NOT NULL UNIQUE,
  client_id TEXT,
  revision INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  sent_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sent_draft_of_client ON sent_draft (inbox, client_id) WHERE client_id IS NOT NULL;
`;
