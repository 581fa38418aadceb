// Form 10: whether an inbox refuses mail of which its domain wants it refused.
import type { Migration } from './migration.ts';

export const form10: Migration = (database) =>
  database.exec(
    "ALTER TABLE inbox ADD COLUMN dmarc TEXT NOT NULL DEFAULT 'label' CHECK (dmarc IN ('label', 'reject'))",
  );
