// Form 12: pods. Every inbox is in one; the one that the organization always named has those of before. A client id is of its pod alone, so that
// no pod learns of another's: the former column, unique in the whole table, stays empty. Keys may be of a pod, and say what they may do.
import type { Migration } from './migration.ts';

export const form12: Migration = (database) => database.exec(TABLES);

const TABLES = `
CREATE TABLE pod (
  row INTEGER PRIMARY KEY,
  pod_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  client_id TEXT UNIQUE,
  slug TEXT UNIQUE,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX pod_by_time ON pod (created_at, row);
INSERT INTO pod (pod_id, name, created_at, updated_at) SELECT pod_id, 'Default', created_at, created_at FROM organization;

ALTER TABLE inbox ADD COLUMN pod INTEGER REFERENCES pod (row);
ALTER TABLE inbox ADD COLUMN client_key TEXT;
UPDATE inbox SET pod = (SELECT row FROM pod), client_key = client_id, client_id = NULL;
CREATE INDEX inbox_of_pod ON inbox (pod, created_at, row);
CREATE UNIQUE INDEX inbox_by_client_key ON inbox (pod, client_key) WHERE client_key IS NOT NULL;

ALTER TABLE api_key ADD COLUMN pod INTEGER REFERENCES pod (row) ON DELETE CASCADE;
ALTER TABLE api_key ADD COLUMN permissions TEXT;
CREATE INDEX api_key_of_pod ON api_key (pod, created_at, row) WHERE pod IS NOT NULL;

CREATE TRIGGER lists_of_deleted_pod AFTER DELETE ON pod BEGIN
  DELETE FROM list_entry WHERE scope = 'pod ' || old.pod_id;
END;
`;
