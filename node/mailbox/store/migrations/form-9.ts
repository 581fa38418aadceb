// Form 9: lists of whom an inbox writes to and hears from. A scope is a text, so that one index finds an entry of any; those of an inbox go with it.
import type { Migration } from './migration.ts';

export const form9: Migration = (database) => database.exec(TABLES);

const TABLES = `
CREATE TABLE list_entry (
  scope TEXT NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('send', 'receive', 'reply')),
  list_type TEXT NOT NULL CHECK (list_type IN ('allow', 'block')),
  key TEXT NOT NULL,
  entry TEXT NOT NULL,
  entry_type TEXT NOT NULL CHECK (entry_type IN ('email', 'domain')),
  reason TEXT,
  read_only INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (scope, direction, list_type, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX list_entry_by_name ON list_entry (scope, direction, list_type, entry);
CREATE TRIGGER lists_of_deleted_inbox AFTER DELETE ON inbox BEGIN
  DELETE FROM list_entry WHERE scope = 'inbox ' || old.inbox_id;
END;
`;
