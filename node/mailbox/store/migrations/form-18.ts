// Form 18: a domain may be brought by several, each with a key of its own; only one of them has ever been right, and has the name.
import type { Migration } from './migration.ts';

export const form18: Migration = (database) => database.exec(DOMAINS);

/** A constraint of a table can't be taken away, so the table is made again. */
const DOMAINS = `
CREATE TABLE domain_of_scope (
  row INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
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
INSERT INTO domain_of_scope SELECT * FROM domain;
DROP TABLE domain;
ALTER TABLE domain_of_scope RENAME TO domain;
CREATE UNIQUE INDEX domain_once ON domain (name, coalesce(pod, 0));
CREATE UNIQUE INDEX domain_held ON domain (name) WHERE verified_at IS NOT NULL;
CREATE TRIGGER domain_begun AFTER INSERT ON domain BEGIN
  INSERT INTO domain_lifetime VALUES (new.name, (SELECT pod_id FROM pod WHERE row = new.pod), new.created_at, NULL);
END;
`;
