// Form 20: a mail is in the index of words with the pod of its inbox, so that those of a pod are found however many inboxes it has. The index is
// made again, behind the start: what a mail was put in with is what takes it out.
import type { Migration } from './migration.ts';

export const form20: Migration = (database) => database.exec(INDEX);

const INDEX = `
DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5 (scope, sender, recipients, subject, body, grams,
  content = '', tokenize = 'unicode61 remove_diacritics 2');
DELETE FROM search_waiting;
UPDATE search_state SET row = (SELECT coalesce(max(row), 0) FROM message), merge = 0;
`;
