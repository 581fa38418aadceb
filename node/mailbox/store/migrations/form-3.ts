// Events, and the labels' changes. A row number is never given twice, for readers remember the last one that they had.
import type { Migration } from './migration.ts';

export const form3: Migration = (database) => database.exec(TABLES);

const TABLES = `
CREATE TABLE event (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE,
  event_type TEXT NOT NULL,
  inbox_id TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  message INTEGER,
  has_text INTEGER NOT NULL,
  size INTEGER NOT NULL,
  payload TEXT,
  extras TEXT
) STRICT;
CREATE INDEX event_of_message ON event (message) WHERE message IS NOT NULL;
CREATE INDEX event_by_time ON event (at);
CREATE INDEX event_with_text ON event (row) WHERE has_text = 1;
CREATE INDEX event_with_payload ON event (row) WHERE payload IS NOT NULL;

CREATE TABLE event_total (size INTEGER NOT NULL) STRICT;
INSERT INTO event_total VALUES (0);
CREATE TRIGGER event_added AFTER INSERT ON event BEGIN
  UPDATE event_total SET size = size + new.size;
END;
CREATE TRIGGER event_changed AFTER UPDATE OF size ON event BEGIN
  UPDATE event_total SET size = size + new.size - old.size;
END;
CREATE TRIGGER event_removed AFTER DELETE ON event BEGIN
  UPDATE event_total SET size = size - old.size;
END;
CREATE TRIGGER event_of_deleted_message AFTER DELETE ON message BEGIN
  UPDATE event SET message = NULL, has_text = 0, size = 0, payload = NULL, extras = NULL WHERE message = old.row;
END;

CREATE TABLE label_event (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE,
  inbox INTEGER NOT NULL REFERENCES inbox (row),
  message INTEGER NOT NULL REFERENCES message (row) ON DELETE CASCADE,
  label TEXT NOT NULL,
  is_added INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX label_event_by_time ON label_event (inbox, at, row);
CREATE INDEX label_event_of_message ON label_event (message);
`;
