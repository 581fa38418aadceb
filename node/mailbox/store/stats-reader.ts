// How inboxes do: how many of their mails were answered and how soon, and what waits for somebody.
import type { SQLInputValue } from 'node:sqlite';
import { FATES, type Stats, type StatsAsked } from '../metric.ts';
import type { Scope } from '../scope.ts';
import type { Connection } from './database.ts';
import { scopesOf } from './metric-reader.ts';

/** Mails that were sent, and that came, which are looked at, the newest; and mails of the threads of those that were sent. */
const SENT_MAX = 5_000;
const RECEIVED_MAX = 5_000;
const TURNS_MAX = 50_000;

interface Received {
  readonly row: number;
  readonly thread: number;
  readonly at: number;
}

interface Sent extends Received {
  readonly subject: string | null;
  /** What became of it, between commas. */
  readonly fates: string | null;
}

interface Turn {
  readonly row: number;
  readonly at: number;
  readonly is_sent: number;
}

export class StatsReader {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  read({ scope, startMs, endMs }: StatsAsked): Stats {
    const { sql, values } = inboxesOf(scope);
    const sent = this.#connection.all<Sent>(
      `SELECT message.row, message.thread, message.at, message.subject, (${FATES_OF}) AS fates ${labelled('sent')}
       WHERE ${sql} ORDER BY label.at DESC, label.message DESC LIMIT ?`,
      ...[startMs, endMs, ...values, SENT_MAX],
    );
    const received = this.#connection.all<Received>(
      `SELECT message.row, message.thread, message.at ${labelled('received')}
       WHERE ${sql} AND message.hidden = 0 AND NOT EXISTS (${REPORTED}) ORDER BY label.at DESC, label.message DESC LIMIT ?`,
      ...[startMs, endMs, ...values, RECEIVED_MAX],
    );
    const { answered, answerMs } = this.#answers(sent, startMs, endMs);
    const forwarded = sent.filter(({ subject }) => /^fwd?:/i.test(subject ?? ''));
    const fates = sent.map((mail) => mail.fates?.split(',') ?? []);
    const countOf = (fate: (typeof FATES)[number]) => fates.filter((all) => all.includes(fate)).length;
    return {
      counts: this.#counts(scope, startMs, endMs),
      sent: {
        ...{ looked: sent.length, answered, forwarded: forwarded.length },
        fates: {
          delivered: countOf('delivered'),
          bounced: countOf('bounced'),
          complained: countOf('complained'),
          opened: countOf('opened'),
        },
      },
      received: { looked: received.length, passedOn: passedOn(received, forwarded) },
      medianAnswerMs: medianOf(answerMs),
      ...this.waiting(scope),
    };
  }

  /** Mails that nobody has read, and those of them at which no worker is and that were not given up. */
  waiting(scope: Scope): Pick<Stats, 'unread' | 'queueDepth'> {
    const { sql, values } = inboxesOf(scope);
    const count = (from: string) =>
      this.#connection.get<{ count: number }>(`SELECT count(*) AS count FROM ${from} AND ${sql}`, ...values)?.count ??
      0;
    const unread = count(LABELLED_UNREAD) - count(HIDDEN_UNREAD);
    return { unread, queueDepth: unread - count(IN_HAND) };
  }

  #counts(scope: Scope, startMs: number, endMs: number): Readonly<Record<string, number>> {
    const { sql, values } = scopesOf(scope);
    const range = [Math.floor(startMs / 1_000), Math.floor(endMs / 1_000)];
    const types = this.#connection.all<{ type: string; count: number }>(
      `SELECT type, sum(count) AS count FROM tally WHERE ${sql} AND type IN (SELECT DISTINCT type FROM tally WHERE scope = 0)
       AND second BETWEEN ? AND ? GROUP BY type`,
      ...[...values, ...range],
    );
    return Object.fromEntries(types.map(({ type, count }) => [type, count]));
  }

  /** How many of the mails got a mail behind them in their thread, and how long each took that came behind one that was received. */
  #answers(sent: readonly Sent[], startMs: number, endMs: number) {
    const answerMs: number[] = [];
    let [answered, left] = [0, TURNS_MAX];
    for (const [thread, mails] of Map.groupBy(sent, (one) => one.thread)) {
      const turns = this.#connection.all<Turn>(TURNS, thread, left);
      left -= turns.length;
      const lastReceived = turns.findLastIndex(({ is_sent: isSent }) => isSent === 0);
      const placeOf = new Map(turns.map(({ row }, place) => [row, place]));
      answered += mails.filter(({ row }) => (placeOf.get(row) ?? turns.length) < lastReceived).length;
      let since: number | undefined;
      for (const { at, is_sent: isSent } of turns) {
        if (isSent === 1 && since !== undefined && at >= startMs && at <= endMs) answerMs.push(at - since);
        since = isSent === 1 ? undefined : (since ?? at);
      }
    }
    return { answered, answerMs };
  }
}

/** How many of the mails have one of `forwarded` behind them in their thread. */
function passedOn(received: readonly Received[], forwarded: readonly Received[]): number {
  // The newest of each thread stands first.
  const lastIn = new Map([...forwarded].reverse().map((mail) => [mail.thread, mail]));
  return received.filter(({ thread, at, row }) => {
    const last = lastIn.get(thread);
    return last !== undefined && (last.at > at || (last.at === at && last.row > row));
  }).length;
}

function inboxesOf({ podId, inboxId }: Scope): { readonly sql: string; readonly values: readonly SQLInputValue[] } {
  if (inboxId === undefined && podId !== undefined)
    return { sql: "inbox.state = 'active' AND inbox.pod = (SELECT row FROM pod WHERE pod_id = ?)", values: [podId] };
  if (inboxId === undefined) return { sql: "inbox.state = 'active'", values: [] };
  return { sql: "inbox.state = 'active' AND inbox.inbox_id = ?", values: [inboxId] };
}

function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/** Mails with a label, of some time. */
const labelled = (
  label: 'sent' | 'received',
) => `FROM inbox CROSS JOIN message_label AS label ON label.inbox = inbox.row
  AND label.label = '${label}' AND label.at BETWEEN ? AND ? CROSS JOIN message ON message.row = label.message`;
const FATES_OF = `SELECT group_concat(fate.label) FROM message_label AS fate
  WHERE fate.message = message.row AND fate.label IN ('${FATES.join("', '")}')`;
/** What came about a mail of the inbox is no mail to it, nor is its own that came back. */
const REPORTED = `SELECT 1 FROM message_label AS other
  WHERE other.message = message.row AND other.label IN ('bounce', 'complained', 'unsubscribe', 'sent')`;
const isUnread = (message: string) =>
  `EXISTS (SELECT 1 FROM message_label WHERE message_label.message = ${message} AND message_label.label = 'unread')`;
const LABELLED_UNREAD = `inbox CROSS JOIN message_label AS label ON label.inbox = inbox.row WHERE label.label = 'unread'`;
const HIDDEN_UNREAD = `message CROSS JOIN inbox ON inbox.row = message.inbox WHERE message.hidden = 1 AND ${isUnread('message.row')}`;
/** Work on it is never both going on and given up. */
const IN_HAND = `inbox CROSS JOIN message_label AS label ON label.inbox = inbox.row CROSS JOIN message ON message.row = label.message
  WHERE label.label IN ('processing', 'failed') AND message.hidden = 0 AND ${isUnread('label.message')}`;
const TURNS = `SELECT message.row, message.at, EXISTS (SELECT 1 FROM message_label AS label WHERE label.message = message.row
    AND label.label = 'sent') AS is_sent FROM message WHERE thread = ? AND (hidden = 0 OR is_sent) ORDER BY at, row LIMIT ?`;
