// Events as sockets tell them. Sockets that keep up share one read; each has a place of its own, so that a slow one waits in the database, and
// not in memory.
import type { ToldEvent } from '../event.ts';
import type { Asks, QueryQuestions } from '../questions.ts';

/** Events, and octets of their payloads, that are read at once. */
const PAGE_EVENTS_MAX = 50;
const PAGE_BYTES_MAX = 1024 * 1024;

/** An event, ready to be told. */
export interface EventFrame extends Pick<ToldEvent, 'row' | 'type' | 'inboxId' | 'podId'> {
  readonly text: string;
}

export class EventPages {
  readonly #query: Pick<Asks<QueryQuestions>, 'ask'>;
  readonly #reading = new Map<number, Promise<readonly EventFrame[]>>();

  constructor(query: Pick<Asks<QueryQuestions>, 'ask'>) {
    this.#query = query;
  }

  /** Some events that follow a row; none only when there are none. Rejects with `overloaded`. */
  after(row: number): Promise<readonly EventFrame[]> {
    const known = this.#reading.get(row);
    if (known !== undefined) return known;
    const reading = this.#read(row).finally(() => this.#reading.delete(row));
    this.#reading.set(row, reading);
    return reading;
  }

  async #read(after: number): Promise<readonly EventFrame[]> {
    const told = await this.#query.ask('toldEvents', { after, limit: PAGE_EVENTS_MAX, bytes: PAGE_BYTES_MAX });
    return told.map(({ row, type, inboxId, podId, payload, extras }) => ({
      ...{ row, type, inboxId, podId },
      text: extras === undefined ? payload : withExtras(payload, extras),
    }));
  }
}

/** A mail as it is read by itself, with what its webhooks leave out. */
function withExtras(payload: string, extras: string): string {
  const { message, ...rest } = JSON.parse(payload) as { readonly message: object };
  return JSON.stringify({ ...rest, message: { ...message, ...(JSON.parse(extras) as object) } });
}
