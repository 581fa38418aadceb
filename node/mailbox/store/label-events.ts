// Each change of a label of a mail that is here, as a row of its own; they go with the mail.
import type { NewUuid } from '../../../mesh/uuid.ts';
import type { LabelEvent, LabelEventsQuestion } from '../label-event.ts';
import type { Listed } from '../list.ts';
import type { Connection } from './database.ts';

/** Changes that are kept, of all inboxes together: the newest. */
const LABEL_EVENTS_MAX = 1_000_000;
/** Milliseconds for which a change is kept. */
const LABEL_EVENT_MS_MAX = 90 * 24 * 3_600 * 1_000;
/** Changes that are taken away in one transaction: the writes that come meanwhile wait for it. */
const TRIMMED_AT_ONCE_MAX = 500;

export interface NewLabelEvent {
  /** Rows of the inbox and of the mail. */
  readonly inbox: number;
  readonly message: number;
  readonly label: string;
  readonly isAdded: boolean;
  readonly atMs: number;
}

export class LabelEvents {
  readonly #connection: Connection;
  readonly #newUuid: NewUuid;
  readonly #eventsMax: number;

  constructor(connection: Connection, newUuid: NewUuid, eventsMax = LABEL_EVENTS_MAX) {
    this.#connection = connection;
    this.#newUuid = newUuid;
    this.#eventsMax = eventsMax;
  }

  /** To be called within the transaction of the change. */
  append({ inbox, message, label, isAdded, atMs }: NewLabelEvent): void {
    const sql = 'INSERT INTO label_event (event_id, inbox, message, label, is_added, at) VALUES (?, ?, ?, ?, ?, ?)';
    this.#connection.run(sql, this.#newUuid(), inbox, message, label, Number(isAdded), atMs);
  }

  /** Takes away what is too old or too much, some of it; answers whether there is more. */
  trim({ nowMs }: { readonly nowMs: number }): boolean {
    const sql = `DELETE FROM label_event WHERE row IN (SELECT row FROM label_event
      WHERE row <= (SELECT max(row) FROM label_event) - ? ORDER BY row LIMIT ?)`;
    const surplus = this.#connection.run(sql, this.#eventsMax, TRIMMED_AT_ONCE_MAX);
    const aged = this.#connection.run(AGED, nowMs - LABEL_EVENT_MS_MAX, TRIMMED_AT_ONCE_MAX);
    return [surplus, aged].some(({ changes }) => changes === TRIMMED_AT_ONCE_MAX);
  }
}

interface StoredLabelEvent {
  readonly row: number;
  readonly event_id: string;
  readonly message_id: string;
  readonly label: string;
  readonly is_added: number;
  readonly at: number;
}

/** A page of an inbox's changes; an inbox that is not there has none. */
export function listLabelEvents(connection: Connection, question: LabelEventsQuestion): Listed<LabelEvent> {
  const { inboxId, denied = [], limit, isAscending, place } = question;
  const [direction, sign] = isAscending ? ['ASC', '>'] : ['DESC', '<'];
  const rows = connection.all<StoredLabelEvent>(
    `SELECT label_event.row, event_id, message_id, label, is_added, label_event.at FROM label_event
     JOIN message ON message.row = label_event.message
     WHERE label_event.inbox = (SELECT row FROM inbox WHERE inbox_id = ? AND state = 'active')
     ${denied.length === 0 ? '' : SHOWN}
     ${place === undefined ? '' : `AND (label_event.at, label_event.row) ${sign} (?, ?)`}
     ORDER BY label_event.at ${direction}, label_event.row ${direction} LIMIT ?`,
    ...[
      inboxId,
      ...(denied.length === 0 ? [] : [JSON.stringify(denied), JSON.stringify(denied)]),
      ...(place === undefined ? [] : [place.atMs, place.row]),
      limit + 1,
    ],
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const items = shown.map(labelEventOf);
  return rows.length > limit && last !== undefined ? { items, next: { atMs: last.at, row: last.row } } : { items };
}

function labelEventOf(stored: StoredLabelEvent): LabelEvent {
  return {
    ...{ eventId: stored.event_id, messageId: stored.message_id, label: stored.label },
    ...{ isAdded: stored.is_added === 1, atMs: stored.at },
  };
}

const SHOWN = `AND label_event.label NOT IN (SELECT value FROM json_each(?))
  AND NOT EXISTS (SELECT 1 FROM message_label WHERE message_label.message = label_event.message
    AND message_label.label IN (SELECT value FROM json_each(?)))`;
// The rows are in the order of time, but for a clock that was set back: so the search begins at the oldest and is short.
const AGED = `DELETE FROM label_event WHERE row IN (SELECT row FROM (SELECT row, at FROM label_event ORDER BY row LIMIT 1000)
  WHERE at < ? LIMIT ?)`;
