// Form 5: how long an inbox keeps its mail, and how much of it.
import type { Migration } from './migration.ts';

export const form5: Migration = (database) => database.exec(TABLES);

const TABLES = `
ALTER TABLE inbox ADD COLUMN retention_days INTEGER;
ALTER TABLE inbox ADD COLUMN quota_bytes INTEGER;
CREATE INDEX message_hidden ON message (updated_at) WHERE hidden = 1;
`;
