// Form 16: what is held back, of all inboxes together in the order in which it came.
import type { Migration } from './migration.ts';

export const form16: Migration = (database) => database.exec(INDEX);

const INDEX = `
CREATE INDEX label_of_held_back ON message_label (at, message) WHERE label IN ('spam', 'blocked', 'unauthenticated');
`;
