// Form 19: inboxes are found by the beginnings of their words, and entries of lists that clients made are counted, without looking at all.
import type { Migration } from './migration.ts';

export const form19: Migration = (database) => database.exec(`${INBOXES}${ENTRIES}`);

const WORDS = "new.inbox_id || ' ' || coalesce(new.display_name, '')";

/** What is deleted is overwritten at once: a display name may say much. */
const INBOXES = `
CREATE VIRTUAL TABLE inbox_search USING fts5 (scope, words, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
INSERT INTO inbox_search (inbox_search, rank) VALUES ('secure-delete', 1);
INSERT INTO inbox_search (rowid, scope, words)
  SELECT row, 'p' || pod, inbox_id || ' ' || coalesce(display_name, '') FROM inbox ORDER BY row;
CREATE TRIGGER inbox_found AFTER INSERT ON inbox BEGIN
  INSERT INTO inbox_search (rowid, scope, words) VALUES (new.row, 'p' || new.pod, ${WORDS});
END;
CREATE TRIGGER inbox_renamed AFTER UPDATE OF display_name ON inbox BEGIN
  UPDATE inbox_search SET words = ${WORDS} WHERE rowid = new.row;
END;
CREATE TRIGGER inbox_lost AFTER DELETE ON inbox BEGIN
  DELETE FROM inbox_search WHERE rowid = old.row;
END;
`;

const ENTRIES = 'CREATE INDEX list_entry_of_client ON list_entry (scope) WHERE read_only = 0;';
