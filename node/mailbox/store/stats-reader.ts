// How inboxes do: how many of their mails were answered and how soon, and what waits for somebody.
import type { SQLInputValue } from 'node:sqlite';
import type { Stats, StatsAsked } from '../metric.ts';
import type { Scope } from '../scope.ts';
import type { Connection } from './database.ts';
import { scopesOf } from './metric-reader.ts';

/** Mails that were sent whose threads are looked at, the newest; and mails of those threads. */
const SENT_MAX = 5_000;
const TURNS_MAX = 50_000;

interface Sent {
  readonly row: number;
  readonly thread: number;
  readonly subject: string | null;
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
      `SELECT message.row, message.thread, message.subject FROM inbox CROSS JOIN message_label AS label ON label.inbox = inbox.row
       AND label.label = 'sent' AND label.at BETWEEN ? AND ? CROSS JOIN message ON message.row = label.message
       WHERE ${sql} ORDER BY label.at DESC, label.message DESC LIMIT ?`,
      ...[startMs, endMs, ...values, SENT_MAX],
    );
    const { answered, answerMs } = this.#answers(sent, startMs, endMs);
    const forwarded = sent.filter(({ subject }) => /^fwd?:/i.test(subject ?? '')).length;
    return {
      counts: this.#counts(scope, startMs, endMs),
      sent: { looked: sent.length, answered, forwarded },
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

const isUnread = (message: string) =>
  `EXISTS (SELECT 1 FROM message_label WHERE message_label.message = ${message} AND message_label.label = 'unread')`;
const LABELLED_UNREAD = `inbox CROSS JOIN message_label AS label ON label.inbox = inbox.row WHERE label.label = 'unread'`;
const HIDDEN_UNREAD = `message CROSS JOIN inbox ON inbox.row = message.inbox WHERE message.hidden = 1 AND ${isUnread('message.row')}`;
/** Work on it is never both going on and given up. */
const IN_HAND = `inbox CROSS JOIN message_label AS label ON label.inbox = inbox.row CROSS JOIN message ON message.row = label.message
  WHERE label.label IN ('processing', 'failed') AND message.hidden = 0 AND ${isUnread('label.message')}`;
const TURNS = `SELECT message.row, message.at, EXISTS (SELECT 1 FROM message_label AS label WHERE label.message = message.row
    AND label.label = 'sent') AS is_sent FROM message WHERE thread = ? AND (hidden = 0 OR is_sent) ORDER BY at, row LIMIT ?`;
