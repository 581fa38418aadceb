// Form 21: threads say nothing of mails in quarantine or in the trash, of which earlier programs counted some along until something changed.
import type { Migration } from './migration.ts';

export const form21: Migration = (database) => database.exec(RECOUNTED);

/** Participants that a thread names. */
const PARTICIPANTS = 100;
const SHOWN = 'message.thread = thread.row AND message.hidden = 0';
const LAST = `FROM message WHERE ${SHOWN} ORDER BY at DESC, row DESC LIMIT 1`;

/** When the last shown mail with the label came. */
const lastWith = (label: string) => `(SELECT max(message.at) FROM message
  JOIN message_label ON message_label.message = message.row AND label = '${label}' WHERE ${SHOWN})`;

/** JSON of those who took part, the first of each; `from` gives them as `one`, each with when. */
const participants = (from: string) => `(SELECT json_group_array(one) FROM (
  SELECT one FROM (${from}) GROUP BY one ORDER BY min(at), min(place) LIMIT ${PARTICIPANTS}))`;
/** Addresses in a field of the head, each behind those of the field before: a mail has room for fewer than half a million. */
const addressed = (
  field: string,
  place: number,
) => `SELECT value AS one, at, message.row * 1000000 + ${place} + key AS place
  FROM message, json_each(message.head, '$.${field}') WHERE ${SHOWN}`;

const RECOUNTED = `
UPDATE thread SET
  message_count = (SELECT count(*) FROM message WHERE ${SHOWN}),
  size = (SELECT sum(size) FROM message WHERE ${SHOWN}),
  last_message_id = (SELECT message_id ${LAST}),
  last_at = (SELECT at ${LAST}),
  preview = (SELECT json_extract(head, '$.preview') ${LAST}),
  senders = ${participants(`SELECT from_text AS one, at, row AS place FROM message WHERE ${SHOWN} AND from_text <> ''`)},
  recipients = ${participants(`${addressed('to', 0)} UNION ALL ${addressed('cc', 500_000)}`)},
  received_at = ${lastWith('received')},
  sent_at = ${lastWith('sent')}
WHERE hidden = 0 AND row IN (SELECT thread FROM message WHERE hidden = 1) AND EXISTS (SELECT 1 FROM message WHERE ${SHOWN});
`;
