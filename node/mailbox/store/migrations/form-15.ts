// Form 15: domains that somebody brings for inboxes, each with the key that signs its mail; how long each was there; and what happened to
// one, which is about no mail.
import type { Migration } from './migration.ts';

export const form15: Migration = (database) => database.exec(`${DOMAINS}${LIFETIMES}${EVENTS}`);

const DOMAINS = `
CREATE TABLE domain (
  row INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  pod INTEGER REFERENCES pod (row),
  selector TEXT NOT NULL,
  public_key TEXT NOT NULL,
  private_key TEXT NOT NULL,
  feedback INTEGER NOT NULL,
  subdomains INTEGER NOT NULL,
  tracking INTEGER NOT NULL,
  status TEXT NOT NULL,
  found TEXT NOT NULL,
  verified_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
`;

const LIFETIMES = `
CREATE TABLE domain_lifetime (
  name TEXT NOT NULL,
  pod_id TEXT,
  begun_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE TRIGGER domain_begun AFTER INSERT ON domain BEGIN
  INSERT INTO domain_lifetime VALUES (new.name, (SELECT pod_id FROM pod WHERE row = new.pod), new.created_at, NULL);
END;
`;

const EVENTS = `
ALTER TABLE event ADD COLUMN domain TEXT;
ALTER TABLE event ADD COLUMN domain_pod_id TEXT;
`;
