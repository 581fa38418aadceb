// Form 23: mails that go, and are too many to be erased in one transaction.
import type { Migration } from './migration.ts';

export const form23: Migration = (database) => database.exec(ERASING);

const ERASING = `
CREATE TABLE erasing (
  message INTEGER PRIMARY KEY REFERENCES message (row) ON DELETE CASCADE
) STRICT;
`;
