// The index of words as mails come and go. A mail is not put into it as it comes: one by one that costs many times what it costs some
// together, and whoever searches has those that wait put in before. All of it runs within a transaction.
import { gramsOf, spaced } from '../search-text.ts';
import type { Connection } from './database.ts';

/** Characters of a mail's text whose words are found. */
export const BODY_CHARACTERS_MAX = 65_536;
/** Characters of subject and addresses. */
const HEAD_CHARACTERS_MAX = 8_192;
/** Mails that are taken out at once. */
const TAKEN_OUT_MAX = 3;
/** Pages that are written in one go, some tens of milliseconds of work. */
const MERGED_PAGES = 200;
/** Mails that are put in by one transaction: the writes that came meanwhile wait for it. */
const INDEXED_AT_ONCE_MAX = 50;

interface Indexed {
  readonly row: number;
  readonly inbox: number;
  readonly pod: number;
  readonly sender: string;
  readonly recipients: string;
  readonly subject: string | null;
  readonly body: string | null;
}

export class SearchRows {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Puts some mails in, first those that came last; answers whether there are more: `new` ones, or `old` ones that were there before the index was. */
  indexSome(most = INDEXED_AT_ONCE_MAX): 'new' | 'old' | undefined {
    const connection = this.#connection;
    const waiting = connection.all<{ message: number }>(
      'SELECT message FROM search_waiting ORDER BY message DESC LIMIT ?',
      most,
    );
    // The lower first: at each that is lower than the one before, the index begins a new piece of its own, to be merged later.
    for (const { message } of waiting.toReversed()) {
      this.#add(message);
      connection.run('DELETE FROM search_waiting WHERE message = ?', message);
    }
    if (waiting.length === most) return 'new';
    const left = this.#left();
    if (left === 0) return undefined;
    const old = connection.all<{ row: number }>(
      'SELECT row FROM message WHERE row <= ? ORDER BY row DESC LIMIT ?',
      left,
      most - waiting.length,
    );
    for (const { row } of old.toReversed()) this.#add(row);
    const next = (old.at(-1)?.row ?? 1) - 1;
    connection.run('UPDATE search_state SET row = ?', next);
    return next === 0 ? undefined : 'old';
  }

  /**
   * To be called before mails are erased. Of a few nothing is left in any page at once. Of many that would take too long, some 20 ms each:
   * those are marked, and `purgeSome` takes out what they have left.
   */
  forget(messages: readonly number[]): void {
    const connection = this.#connection;
    const left = this.#left();
    const known = messages.filter((message) => {
      const isWaiting = connection.run('DELETE FROM search_waiting WHERE message = ?', message).changes > 0;
      return !isWaiting && message > left;
    });
    if (known.length === 0) return;
    const isFew = known.length <= TAKEN_OUT_MAX;
    // A number that is bound would be no integer, which is what is wanted here.
    connection.run(`INSERT INTO search (search, rank) VALUES ('secure-delete', ${Number(isFew)})`);
    if (!isFew) connection.run('UPDATE search_state SET merge = 1');
    for (const message of known) {
      const values = this.#valuesOf(message);
      if (values !== undefined)
        connection.run(`INSERT INTO search (search, ${COLUMNS}) VALUES ('delete', ?, ?, ?, ?, ?, ?, ?)`, ...values);
    }
  }

  /** Takes out some of what erased mails have left; `true`: there is more, `false`: that was the last, `undefined`: there was nothing. */
  purgeSome(): boolean | undefined {
    const connection = this.#connection;
    const merge = connection.get<{ merge: number }>('SELECT merge FROM search_state')?.merge ?? 0;
    if (merge === 0) return undefined;
    const before = this.#changes();
    // Less than none: what there is now becomes one piece, in which nothing is left of what is marked.
    connection.run("INSERT INTO search (search, rank) VALUES ('merge', ?)", merge === 1 ? -MERGED_PAGES : MERGED_PAGES);
    const isMore = this.#changes() - before >= 2;
    connection.run('UPDATE search_state SET merge = ?', isMore ? 2 : 0);
    return isMore;
  }

  #changes(): number {
    return this.#connection.get<{ changes: number }>('SELECT total_changes() AS changes')?.changes ?? 0;
  }

  #add(message: number): void {
    const values = this.#valuesOf(message);
    if (values !== undefined)
      this.#connection.run(`INSERT INTO search (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`, ...values);
  }

  #left(): number {
    return this.#connection.get<{ row: number }>('SELECT row FROM search_state')?.row ?? 0;
  }

  /** Always the same for a mail: none of what it is made from ever changes. */
  #valuesOf(message: number) {
    const mail = this.#connection.get<Indexed>(MAIL, message);
    if (mail === undefined) return undefined;
    const { row, inbox, pod, sender, recipients, subject, body } = mail;
    const heads = [sender, recipients, subject ?? ''];
    return [row, `${ofInbox(inbox)} ${ofPod(pod)}`, ...[...heads, body ?? ''].map(spaced), gramsOf(heads)] as const;
  }
}

/** The word that all mails of an inbox have. `row`: of the inbox. */
export function ofInbox(row: number): string {
  return `i${row}`;
}

/** The word that all mails have of the inboxes of a pod. `row`: of the pod. */
export function ofPod(row: number): string {
  return `p${row}`;
}

const COLUMNS = 'rowid, scope, sender, recipients, subject, body, grams';
const head = (column: string) => `substr(${column}, 1, ${HEAD_CHARACTERS_MAX})`;
const MAIL = `SELECT row, inbox, (SELECT pod FROM inbox WHERE inbox.row = message.inbox) AS pod, ${head('from_text')} AS sender, ${head('to_text')} AS recipients, ${head('subject')} AS subject,
  substr(text, 1, ${BODY_CHARACTERS_MAX}) AS body FROM message WHERE row = ?`;
