// Form 13: what is counted. `tally` has the events of each second; `usage` what there was at the end of each second in which that changed.
// A scope is the row of an inbox, or 0: all of them. What others write is counted by triggers, in the same transaction.
import type { Migration } from './migration.ts';

export const form13: Migration = (database) => database.exec(`${TALLY}${USAGE}${COUNTED}`);

/** Counts one more, in the whole alone where there is no such inbox. `at`: in milliseconds. */
const tallied = (inbox: string, type: string, at: string) => `
  INSERT INTO tally (scope, type, second, count)
  SELECT column1, ${type}, ${at} / 1000, 1 FROM (VALUES (0), (${inbox})) WHERE column1 IS NOT NULL
  ON CONFLICT (scope, type, second) DO UPDATE SET count = count + 1;`;

const TALLY = `
CREATE TABLE tally (
  scope INTEGER NOT NULL,
  type TEXT NOT NULL,
  second INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (scope, type, second)
) STRICT, WITHOUT ROWID;
CREATE INDEX tally_by_time ON tally (second);

CREATE TRIGGER event_tallied AFTER INSERT ON event BEGIN
  ${tallied('(SELECT row FROM inbox WHERE inbox_id = new.inbox_id)', 'new.event_type', 'new.at')}
END;
CREATE TRIGGER work_tallied AFTER UPDATE OF state ON lease WHEN new.state IN ('done', 'failed') AND old.state <> new.state BEGIN
  ${tallied('(SELECT inbox FROM message WHERE row = new.message)', "'work.' || new.state", 'new.since_at')}
END;

INSERT INTO tally (scope, type, second, count)
  SELECT scope, event_type, at / 1000, count(*) FROM event
  JOIN (SELECT 0 AS scope, inbox_id FROM inbox UNION ALL SELECT row, inbox_id FROM inbox) USING (inbox_id) GROUP BY 1, 2, 3;
`;

const USAGE = `
CREATE TABLE usage (
  scope INTEGER NOT NULL,
  second INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  threads INTEGER NOT NULL,
  inboxes INTEGER NOT NULL,
  PRIMARY KEY (scope, second)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_by_time ON usage (second);

INSERT INTO usage SELECT row, 0, used_bytes, (SELECT count(*) FROM message WHERE message.inbox = inbox.row),
  (SELECT count(*) FROM thread WHERE thread.inbox = inbox.row), state = 'active' FROM inbox;
INSERT INTO usage SELECT 0, 0, coalesce(sum(bytes), 0), coalesce(sum(messages), 0), coalesce(sum(threads), 0), coalesce(sum(inboxes), 0)
  FROM usage;

CREATE VIEW used (inbox, second, bytes, messages, threads, inboxes) AS SELECT scope, second, 0, 0, 0, 0 FROM usage;
CREATE TRIGGER used_more INSTEAD OF INSERT ON used BEGIN
  INSERT INTO usage SELECT 0, max(new.second, second), bytes + new.bytes, messages + new.messages, threads + new.threads,
    inboxes + new.inboxes FROM usage WHERE scope = 0 ORDER BY second DESC LIMIT 1
  ON CONFLICT (scope, second) DO UPDATE SET bytes = excluded.bytes, messages = excluded.messages, threads = excluded.threads,
    inboxes = excluded.inboxes;
  INSERT INTO usage SELECT scope, max(new.second, second), bytes + new.bytes, messages + new.messages, threads + new.threads,
    inboxes + new.inboxes FROM usage WHERE scope = new.inbox ORDER BY second DESC LIMIT 1
  ON CONFLICT (scope, second) DO UPDATE SET bytes = excluded.bytes, messages = excluded.messages, threads = excluded.threads,
    inboxes = excluded.inboxes;
END;
`;

/** What goes with its inbox goes when that is deleted. */
const GONE_AT = `(SELECT max(old.updated_at, iif(state = 'deleting', updated_at, 0)) / 1000 FROM inbox WHERE row = old.inbox)`;

const COUNTED = `
CREATE TRIGGER usage_of_inbox AFTER INSERT ON inbox BEGIN
  INSERT INTO usage VALUES (new.row, 0, 0, 0, 0, 0);
END;
CREATE TRIGGER counts_of_deleted_inbox AFTER DELETE ON inbox BEGIN
  DELETE FROM usage WHERE scope = old.row;
  DELETE FROM tally WHERE scope = old.row;
END;
CREATE TRIGGER inbox_counted AFTER UPDATE OF state ON inbox WHEN (new.state = 'active') <> (old.state = 'active') BEGIN
  INSERT INTO used VALUES (new.row, new.updated_at / 1000, 0, 0, 0, iif(new.state = 'active', 1, -1));
END;
CREATE TRIGGER message_counted AFTER INSERT ON message BEGIN
  INSERT INTO used VALUES (new.inbox, new.created_at / 1000, new.size, 1, 0, 0);
END;
CREATE TRIGGER message_uncounted AFTER DELETE ON message BEGIN
  INSERT INTO used VALUES (old.inbox, ${GONE_AT}, -old.size, -1, 0, 0);
END;
CREATE TRIGGER thread_counted AFTER INSERT ON thread BEGIN
  INSERT INTO used VALUES (new.inbox, new.created_at / 1000, 0, 0, 1, 0);
END;
CREATE TRIGGER thread_uncounted AFTER DELETE ON thread BEGIN
  INSERT INTO used VALUES (old.inbox, ${GONE_AT}, 0, 0, -1, 0);
END;
`;
