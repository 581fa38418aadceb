// What happened is written down with what it happened to, in one transaction: no state without its event, no event without its state. All of
// it runs within a transaction, but for what only reads.
import type { NewUuid } from '../../../mesh/uuid.ts';
import { domainBody, type ShownDomain } from '../domain-body.ts';
import { type AppendEvent, EVENT_MS_MAX, type EventReference, type EventType, type ToldEvent } from '../event.ts';
import type { Connection } from './database.ts';
import { renderEvent, type Texts, withoutTexts, withTexts } from './event-payload.ts';
import { TEXT_COLUMNS } from './mail-page.ts';
import { MailReader } from './mail-reader.ts';
import { OutcomeCounts } from './outcome-counts.ts';
import { ThreadReader } from './thread-reader.ts';

/** Octets of all payloads together. */
const PAYLOADS_BYTES_MAX = 1024 ** 3;
/** Events that are taken away in one transaction: the writes that come meanwhile wait for it. */
const TRIMMED_AT_ONCE_MAX = 500;

interface Subject {
  readonly inbox_id: string;
  readonly agent_id: string;
  readonly message_id: string;
  readonly thread_id: string;
  readonly thread: number;
  readonly trace: string;
}

export class EventRows {
  readonly outcomes: OutcomeCounts;
  readonly #connection: Connection;
  readonly #newUuid: NewUuid;
  readonly #payloadsBytesMax: number;
  readonly #mails: MailReader;
  readonly #threads: ThreadReader;
  #hasNew = false;

  constructor(connection: Connection, newUuid: NewUuid, payloadsBytesMax = PAYLOADS_BYTES_MAX) {
    this.#connection = connection;
    this.#newUuid = newUuid;
    this.outcomes = new OutcomeCounts(connection);
    this.#payloadsBytesMax = payloadsBytesMax;
    this.#mails = new MailReader(connection);
    this.#threads = new ThreadReader(connection, this.#mails);
  }

  /** Whether something was added since this was asked before. To be asked after each commit. */
  takeNews(): boolean {
    const hasNew = this.#hasNew;
    this.#hasNew = false;
    if (hasNew) this.outcomes.note();
    return hasNew;
  }

  /** Adds what happened to the mail of a row, as the mail and its thread are at this moment; answers the event's id. */
  append: AppendEvent = (message, detail, atMs, known = {}) => {
    const subject = this.#connection.get<Subject>(SUBJECT, message);
    if (subject === undefined) throw new Error(`An event is about the mail in row ${message}, which is not there.`);
    const eventId = this.#newUuid();
    const { payload, bytes, extras, hasText } = renderEvent(
      { eventId, atMs, detail },
      {
        ...{ inboxId: subject.inbox_id, threadId: subject.thread_id, messageId: subject.message_id },
        received: () => ({
          mail: known.mail ?? this.#mails.atRow(message),
          thread: known.thread ?? this.#threads.atRow(subject.thread),
          trace: subject.trace,
        }),
      },
    );
    const size = bytes + Buffer.byteLength(extras ?? '');
    this.#connection.run(
      INSERT,
      ...[eventId, detail.type, subject.inbox_id, subject.agent_id, subject.message_id, subject.thread_id, atMs],
      ...[message, Number(hasText), size, payload, extras ?? null],
    );
    this.#hasNew = true;
    this.#boundPayloads();
    return eventId;
  };

  /** Adds that a domain is right now. */
  appendVerified(shown: ShownDomain, atMs: number): void {
    const eventId = this.#newUuid();
    const [event_type, { domain }] = ['domain.verified', shown];
    const payload = JSON.stringify({ type: 'event', event_type, event_id: eventId, domain: domainBody(shown) });
    const values = [eventId, event_type, atMs, Buffer.byteLength(payload), payload, domain.name, domain.podId ?? null];
    this.#connection.run(INSERT_VERIFIED, ...values);
    this.#hasNew = true;
    this.#boundPayloads();
  }

  /** Takes away events that were kept long enough and were `relayed`; answers whether there are more. */
  trim({ nowMs, relayedRow }: { readonly nowMs: number; readonly relayedRow: number }): boolean {
    const sql = 'DELETE FROM event WHERE row IN (SELECT row FROM event WHERE at < ? AND row <= ? LIMIT ?)';
    const { changes } = this.#connection.run(sql, nowMs - EVENT_MS_MAX, relayedRow, TRIMMED_AT_ONCE_MAX);
    return changes === TRIMMED_AT_ONCE_MAX;
  }

  /** No event will have a row up to this one, which others have seen, whatever became of the database. */
  skipTo(row: number): void {
    const known = this.#connection.get("SELECT 1 FROM sqlite_sequence WHERE name = 'event'");
    if (known === undefined) this.#connection.run("INSERT INTO sqlite_sequence (name, seq) VALUES ('event', 0)");
    this.#connection.run("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'event'", row);
  }

  /** The oldest lose their texts first, and where that is not enough their payloads. */
  #boundPayloads(): void {
    const connection = this.#connection;
    const total = () => connection.get<{ size: number }>('SELECT size FROM event_total')?.size ?? 0;
    while (total() > this.#payloadsBytesMax) {
      const long = connection.get<{ row: number; payload: string; extras: string | null }>(OLDEST_TEXT);
      if (long === undefined) {
        if (connection.run(DROP_OLDEST).changes === 0) return;
      } else {
        const payload = withoutTexts(long.payload);
        const size = Buffer.byteLength(payload) + Buffer.byteLength(long.extras ?? '');
        const sql = 'UPDATE event SET has_text = 0, payload = ?, size = ? WHERE row = ?';
        connection.run(sql, payload, size, long.row);
      }
    }
  }
}

interface StoredEvent extends Texts {
  readonly row: number;
  readonly event_id: string;
  readonly event_type: EventType;
  readonly inbox_id: string;
  readonly pod_id: string | null;
  readonly agent_id: string;
  readonly message_id: string;
  readonly thread_id: string;
  /** Present: it is about a domain, and neither inbox nor mail. */
  readonly domain: string | null;
  readonly has_text: number;
  readonly payload: string;
  readonly extras: string | null;
}

/** Events as they are read again. */
export class EventReader {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The newest; 0 when there never was one. */
  lastRow(): number {
    return this.#connection.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'event'")?.seq ?? 0;
  }

  /** What follows a row, in order, at most `limit`. */
  references({ after, limit }: { readonly after: number; readonly limit: number }): readonly EventReference[] {
    const sql = `${REFERENCE} WHERE row > ? ORDER BY row LIMIT ?`;
    return this.#connection.all<StoredEvent>(sql, after, limit).map(referenceOf);
  }

  /** What follows a row and was not erased, in order, at most `limit`, and of about so many octets. */
  told({ after, limit, bytes }: { after: number; limit: number; bytes: number }): readonly ToldEvent[] {
    const sql = `SELECT row, size FROM event WHERE row > ? AND payload IS NOT NULL ORDER BY row LIMIT ?`;
    const found: ToldEvent[] = [];
    let left = bytes;
    for (const { row, size } of this.#connection.all<{ row: number; size: number }>(sql, after, limit)) {
      if (found.length > 0 && size > left) break;
      left -= size;
      const stored = this.#connection.get<StoredEvent>(`${WHOLE} WHERE event.row = ? AND payload IS NOT NULL`, row);
      if (stored !== undefined) found.push(toldOf(stored));
    }
    return found;
  }

  /** Absent: there is no such event any more. */
  reference(eventId: string): EventReference | undefined {
    const stored = this.#connection.get<StoredEvent>(`${REFERENCE} WHERE event_id = ?`, eventId);
    return stored && referenceOf(stored);
  }

  /** The octets to deliver; absent when the event is gone, or its mail is. */
  payload(eventId: string): string | undefined {
    const sql = `${WHOLE} WHERE event_id = ? AND payload IS NOT NULL`;
    const stored = this.#connection.get<StoredEvent>(sql, eventId);
    return stored && payloadOf(stored);
  }
}

function referenceOf(stored: StoredEvent): EventReference {
  const { row, event_id: eventId, event_type: type, inbox_id: inboxId, domain } = stored;
  const about = { row, eventId, podId: stored.pod_id ?? undefined };
  if (type === 'domain.verified') return { ...about, type, domain: domain ?? '' };
  const { agent_id: agentId, message_id: messageId, thread_id: threadId } = stored;
  return { ...about, type, inboxId, agentId, messageId, threadId };
}

function toldOf(stored: StoredEvent): ToldEvent {
  const { row, event_id: eventId, event_type: type, extras } = stored;
  const inboxId = stored.domain === null ? stored.inbox_id : undefined;
  return {
    ...{ row, eventId, type, inboxId, podId: stored.pod_id ?? undefined, payload: payloadOf(stored) },
    ...(extras === null ? {} : { extras }),
  };
}

function payloadOf(stored: StoredEvent): string {
  return stored.has_text === 0 ? stored.payload : withTexts(stored.payload, stored);
}

// Of an inbox that was made anew, what happened before is erased.
const POD = `coalesce(domain_pod_id, (SELECT pod.pod_id FROM inbox JOIN pod ON pod.row = inbox.pod
  WHERE inbox.inbox_id = event.inbox_id)) AS pod_id`;
const REFERENCE = `SELECT row, event_id, event_type, inbox_id, ${POD}, agent_id, message_id, thread_id, domain FROM event`;
const SUBJECT = `SELECT inbox.inbox_id, inbox.agent_id, message.message_id, thread.thread_id, message.thread, message.trace FROM message
  JOIN inbox ON inbox.row = message.inbox JOIN thread ON thread.row = message.thread WHERE message.row = ?`;
const INSERT = `INSERT INTO event (event_id, event_type, inbox_id, agent_id, message_id, thread_id, at, message, has_text, size, payload,
  extras) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const INSERT_VERIFIED = `INSERT INTO event (event_id, event_type, inbox_id, agent_id, message_id, thread_id, at, has_text, size, payload,
  domain, domain_pod_id) VALUES (?, ?, '', '', '', '', ?, 0, ?, ?, ?, ?)`;
/** With the texts of its mail, in one statement: a mail that is erased takes its event's payload along. */
const WHOLE = `SELECT event.*, ${POD}, ${TEXT_COLUMNS} FROM event LEFT JOIN message ON message.row = event.message AND has_text = 1`;
const OLDEST_TEXT = 'SELECT row, payload, extras FROM event WHERE has_text = 1 ORDER BY row LIMIT 1';
const DROP_OLDEST = `UPDATE event SET payload = NULL, extras = NULL, size = 0
  WHERE row = (SELECT min(row) FROM event WHERE payload IS NOT NULL)`;
