// Form 17: drafts are counted by what they wait for.
import type { Migration } from './migration.ts';

export const form17: Migration = (database) => database.exec('CREATE INDEX draft_by_status ON draft (status)');
