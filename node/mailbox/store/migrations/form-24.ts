// Form 24: what this host blocks after a bounce ends with what the send module has against the address, 90 days after. `outlives`: somebody
// has wanted the entry besides, and it stays as his.
import type { Migration } from './migration.ts';

export const form24: Migration = (database) => database.exec(ENDS);

const BOUNCE_MS = 90 * 86_400_000;

const ENDS = `
ALTER TABLE list_entry ADD COLUMN ends_at INTEGER;
ALTER TABLE list_entry ADD COLUMN outlives INTEGER NOT NULL DEFAULT 0;
CREATE INDEX list_entry_by_end ON list_entry (ends_at) WHERE ends_at IS NOT NULL;
UPDATE list_entry SET ends_at = created_at + ${BOUNCE_MS} WHERE read_only = 1 AND reason = 'bounced';
`;
