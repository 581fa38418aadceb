// Form 25: which key has made a key. It opens no more than that one does, and goes with it. Of earlier keys nobody knows who made them.
import type { Migration } from './migration.ts';

export const form25: Migration = (database) => database.exec(MAKERS);

const MAKERS = `
ALTER TABLE api_key ADD COLUMN maker INTEGER REFERENCES api_key (row) ON DELETE CASCADE;
CREATE INDEX api_key_of_maker ON api_key (maker) WHERE maker IS NOT NULL;
`;
