// Mails and threads that are found by words. How well a mail fits is asked of the newest some thousand that are found, then of those behind
// them, so that a word which every mail has costs no more than another. The index narrows by integers alone, which a number that is bound is not.
// To tell how well one mail fits, it goes through all that have one of the words that it is asked for; the word of a scope is one of them.
import type { SQLInputValue } from 'node:sqlite';
import { levelOf, type Scope } from '../scope.ts';
import type { Found, FoundMail, FoundTexts, FoundThread, SearchPlace, SearchQuestion } from '../search-question.ts';
import { matchOf } from '../search-text.ts';
import type { Connection } from './database.ts';
import type { Condition } from './mail-filter.ts';
import { ITEM_BYTES } from './mail-page.ts';
import type { MailReader } from './mail-reader.ts';
import { inboxesWithin } from './scope-condition.ts';
import { BODY_CHARACTERS_MAX, ofInbox, ofPod } from './search-rows.ts';
import type { ThreadReader } from './thread-reader.ts';

/** Mails that are ordered at once. */
const ORDERED_MAX = 5_000;
/** How well they fit is asked whatever their scope, which is faster than to go through all of that, while that finds at most so many times as many. */
const DENSE = 4;
/** And while it finds at most so many others: about a millisecond of work. */
const OTHERS_MAX = 1_000;
/** Octets of mails on one page, but for the first of them. */
const PAGE_BYTES_MAX = 4 * 1_024 * 1_024;
/** Mails of a thread that show why it was found. */
const TEXTS_OF_THREAD_MAX = 3;
/** Weights of the columns: scope, sender, recipients, subject, body, grams. */
const WEIGHTS = '0.0, 2.0, 1.0, 4.0, 1.0, 0.0';

/** Some mails in the order in which they fit. */
interface Ordered {
  readonly rows: readonly Ranked[];
  readonly high: number;
  readonly low: number;
  /** There may be more behind these. */
  readonly isMore: boolean;
}

interface Ranked {
  readonly row: number;
  readonly thread: number;
}

/** Rows behind one and up to another. */
interface Between {
  readonly above: number;
  readonly upTo: number;
}

/** Which of those that were ordered are shown. */
interface Choice {
  readonly choose: (ordered: readonly Ranked[]) => readonly Ranked[];
  readonly wasShown: (one: Ranked, before: Between) => boolean;
}

interface PageOfRows {
  readonly rows: readonly Ranked[];
  readonly next?: SearchPlace;
}

/** What is found in a scope: in the language of the index, with conditions on the mail. */
interface Search {
  readonly anywhere: string;
  readonly asWords: string;
  readonly asWordsEverywhere: string;
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

export class SearchReader {
  readonly #connection: Connection;
  readonly #mails: MailReader;
  readonly #threads: ThreadReader;
  readonly #orderedMax: number;
  readonly #othersMax: number;

  constructor(
    connection: Connection,
    mails: MailReader,
    threads: ThreadReader,
    { orderedMax = ORDERED_MAX, othersMax = OTHERS_MAX } = {},
  ) {
    this.#connection = connection;
    this.#mails = mails;
    this.#threads = threads;
    [this.#orderedMax, this.#othersMax] = [orderedMax, othersMax];
  }

  /** Whether mails wait to be put into the index. */
  isBehind(): boolean {
    return this.#connection.get('SELECT 1 FROM search_waiting LIMIT 1') !== undefined;
  }

  /** The best first. */
  mails(question: SearchQuestion): Found<FoundMail> {
    const search = this.#search(question);
    if (search === undefined) return { items: [] };
    const { rows, next } = this.#page(search, question, { choose: (ordered) => ordered, wasShown: () => false });
    const items = rows.map(({ row }) => ({ item: this.#mails.itemAt(row), texts: this.#textsOf(row) }));
    return { items, next };
  }

  /** Threads by the best of their mails that are found. */
  threads(question: SearchQuestion): Found<FoundThread> {
    const search = this.#search(question);
    if (search === undefined) return { items: [] };
    const mailsOf = new Map<number, number[]>();
    const choose = (ordered: readonly Ranked[]) =>
      ordered.filter(({ row, thread }) => {
        const known = mailsOf.get(thread) ?? [];
        mailsOf.set(thread, [...known, row].slice(0, TEXTS_OF_THREAD_MAX));
        return known.length === 0;
      });
    const wasShown = ({ thread }: Ranked, between: Between) => this.#isFound(search, thread, between);
    const { rows, next } = this.#page(search, question, { choose, wasShown });
    const items = rows.map(({ thread }) => ({
      item: this.#threads.atRow(thread),
      texts: (mailsOf.get(thread) ?? []).map((row) => this.#textsOf(row)),
    }));
    return { items, next };
  }

  #search({ words, before, after, denied = [], ...scope }: SearchQuestion): Search | undefined {
    const named = this.#nameOf(scope);
    if (named === 'gone') return undefined;
    const conditions: readonly Condition[] = [
      { sql: 'message.hidden = 0', values: [] },
      { sql: OF_ACTIVE, values: [] },
      ...(before === undefined ? [] : [{ sql: 'message.at < ?', values: [before] }]),
      ...(after === undefined ? [] : [{ sql: 'message.at > ?', values: [after] }]),
      ...denied.map((label) => ({ sql: NOT_OF_THREAD_WITH, values: [label] })),
    ];
    return {
      anywhere: matchOf(words, named, true),
      asWords: matchOf(words, named, false),
      asWordsEverywhere: matchOf(words, undefined, false),
      sql: conditions.map(({ sql }) => sql).join(' AND '),
      values: conditions.flatMap(({ values }) => values),
    };
  }

  /** The word by which the index knows the scope; `undefined`: all is in it. */
  #nameOf(scope: Scope): string | 'gone' | undefined {
    const [level, within] = [levelOf(scope), inboxesWithin(scope)];
    if (level === 'organization') return undefined;
    const ofOne = `SELECT row FROM inbox WHERE state = 'active' AND ${within.map(({ sql }) => sql).join(' AND ')}`;
    const [sql, values] = level === 'pod' ? [POD, [scope.podId ?? '']] : [ofOne, within.flatMap((one) => one.values)];
    const row = this.#connection.get<{ row: number }>(sql, ...values)?.row;
    if (row === undefined) return 'gone';
    return level === 'pod' ? ofPod(row) : ofInbox(row);
  }

  #page(search: Search, { limit, place }: SearchQuestion, { choose, wasShown }: Choice): PageOfRows {
    const shown: Ranked[] = [];
    let bytes = 0;
    let at = place ?? { top: 0, high: Number.MAX_SAFE_INTEGER, low: 0, seen: 0, last: 0 };
    for (;;) {
      const { rows, high, low, isMore } = this.#ordered(search, at);
      const top = at.top === 0 ? high : at.top;
      const chosen = choose(rows);
      const known = at.seen === 0 ? -1 : chosen.findIndex(({ row }) => row === at.last);
      for (let next = known === -1 ? at.seen : known + 1; next < chosen.length; next += 1) {
        const one = chosen[next] as Ranked;
        if (wasShown(one, { above: high, upTo: top })) continue;
        bytes += this.#bytesOf(one.row);
        if (shown.length === limit || (shown.length > 0 && bytes > PAGE_BYTES_MAX))
          return { rows: shown, next: { top, high, low, seen: next, last: chosen[next - 1]?.row ?? 0 } };
        shown.push(one);
      }
      if (!isMore) return { rows: shown };
      at = { top, high: low - 1, low: 0, seen: 0, last: 0 };
    }
  }

  /** The newest mails that are found up to `high` and, where that is known, down to `low`, those that fit best first. */
  #ordered(search: Search, { high, low }: SearchPlace): Ordered {
    const { anywhere, sql, values } = search;
    const newest = this.#connection.all<Ranked>(
      `SELECT message.row, message.thread FROM search CROSS JOIN message ON message.row = search.rowid
       WHERE search MATCH ? AND search.rowid BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER) AND ${sql} ORDER BY search.rowid DESC LIMIT ?`,
      ...[anywhere, low, high, ...values, this.#orderedMax],
    );
    const [top, bottom] = [newest[0]?.row ?? 0, newest.at(-1)?.row ?? 0];
    const isMore = low > 0 || newest.length === this.#orderedMax;
    // The less, the better; what has a word as a part of another alone comes behind, the newest first.
    const scoreOf = this.#scoresOf(search, newest);
    const rank = ({ row }: Ranked) => scoreOf.get(row) ?? Number.MAX_VALUE;
    const rows = newest.toSorted((a, b) => rank(a) - rank(b) || b.row - a.row);
    return { rows, high: top, low: low > 0 ? low : bottom, isMore };
  }

  /** How well mails fit that have the words as words, and perhaps some between them. `newest`: the newest first. */
  #scoresOf({ asWords, asWordsEverywhere }: Search, newest: readonly Ranked[]): ReadonlyMap<number, number> {
    const [top, bottom] = [newest[0]?.row, newest.at(-1)?.row];
    if (top === undefined || bottom === undefined) return new Map();
    const most = DENSE * newest.length + this.#othersMax;
    const hits = () => this.#connection.get<{ hits: number }>(HITS, asWordsEverywhere, bottom, top, most)?.hits ?? 0;
    const asked = top - bottom < most || hits() < most ? asWordsEverywhere : asWords;
    const scores = this.#connection.all<{ row: number; score: number }>(SCORES, asked, bottom, top);
    return new Map(scores.map(({ row, score }) => [row, score]));
  }

  /** Whether a mail of the thread is found in some rows, so that the thread was shown with those. */
  #isFound({ anywhere, sql, values }: Search, thread: number, { above, upTo }: Between): boolean {
    if (upTo <= above) return false;
    const found = `SELECT 1 FROM message CROSS JOIN search ON search.rowid = message.row
      WHERE message.thread = ? AND message.row > ? AND message.row <= ? AND search MATCH ? AND ${sql} LIMIT 1`;
    return this.#connection.get(found, thread, above, upTo, anywhere, ...values) !== undefined;
  }

  #bytesOf(row: number): number {
    return this.#connection.get<{ bytes: number }>(BYTES, row)?.bytes ?? 0;
  }

  #textsOf(row: number): FoundTexts {
    const mail = this.#connection.get<{ from_text: string; head: string; subject: string | null; text: string | null }>(
      TEXTS,
      row,
    );
    const { to, cc, bcc } = JSON.parse(mail?.head ?? '{"to":[],"cc":[],"bcc":[]}') as {
      readonly [field in 'to' | 'cc' | 'bcc']: readonly string[];
    };
    return {
      ...{ from: mail?.from_text ?? '', recipients: [...to, ...cc, ...bcc] },
      ...{ subject: mail?.subject ?? '', text: mail?.text ?? '' },
    };
  }
}

const BETWEEN = 'search MATCH ? AND rowid BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER)';
const HITS = `SELECT count(*) AS hits FROM (SELECT 1 FROM search WHERE ${BETWEEN} LIMIT ?)`;
const SCORES = `SELECT rowid AS row, bm25(search, ${WEIGHTS}) AS score FROM search WHERE ${BETWEEN}`;
const POD = 'SELECT row FROM pod WHERE pod_id = ?';
const OF_ACTIVE = "EXISTS (SELECT 1 FROM inbox WHERE inbox.row = message.inbox AND state = 'active')";
const NOT_OF_THREAD_WITH = `NOT EXISTS (SELECT 1 FROM thread_label WHERE thread_label.thread = message.thread AND label = ?)`;
const BYTES = `SELECT ${ITEM_BYTES} + coalesce(min(octet_length(text), 16384), 0) AS bytes FROM message WHERE row = ?`;
const TEXTS = `SELECT from_text, head, subject, substr(text, 1, ${BODY_CHARACTERS_MAX}) AS text FROM message WHERE row = ?`;
