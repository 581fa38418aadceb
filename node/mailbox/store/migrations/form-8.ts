// The index of words. It keeps no text of its own, so a mail is taken out by telling it again what it was told. Mails that came since wait in
// `search_waiting`; of those that were there before, all up to `search_state.row` are not in it yet: a start does not wait for a million of them.
// `merge`: what mails that were erased have left is to be taken out (1), is being taken out (2), or there is none (0).
import type { Migration } from './migration.ts';

export const form8: Migration = (database) => database.exec(TABLES);

const TABLES = `
CREATE VIRTUAL TABLE search USING fts5 (scope, sender, recipients, subject, body, grams,
  content = '', tokenize = 'unicode61 remove_diacritics 2');

CREATE TABLE search_state (row INTEGER NOT NULL, merge INTEGER NOT NULL) STRICT;
INSERT INTO search_state SELECT coalesce(max(row), 0), 0 FROM message;

CREATE TABLE search_waiting (message INTEGER PRIMARY KEY) STRICT;
CREATE TRIGGER search_added AFTER INSERT ON message WHEN new.row > (SELECT row FROM search_state) BEGIN
  INSERT INTO search_waiting VALUES (new.row);
END;
`;
