// What was told of mails that inboxes have sent since this worker began. Counted from rows that are kept: what was rolled back is not in it.
import type { EventType } from '../event.ts';
import type { Connection } from './database.ts';

const OUTCOMES = ['sent', 'delivered', 'bounced', 'complained', 'rejected'] as const;
type Outcome = (typeof OUTCOMES)[number];

export class OutcomeCounts {
  readonly #connection: Connection;
  readonly #counts = new Map<Outcome, number>(OUTCOMES.map((outcome) => [outcome, 0]));
  #counted: number;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#counted = connection.get<{ row: number }>(LAST)?.row ?? 0;
  }

  /** To be called after each commit with events, before anything is taken away. */
  note(): void {
    const told = this.#connection.all<{ row: number; event_type: EventType }>(NEW, this.#counted);
    for (const { row, event_type: type } of told) {
      this.#counted = row;
      const outcome = OUTCOMES.find((one) => type === `message.${one}`);
      if (outcome !== undefined) this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
    }
  }

  counts(): readonly (readonly [outcome: Outcome, count: number])[] {
    return [...this.#counts];
  }
}

const LAST = 'SELECT max(row) AS row FROM event';
const NEW = 'SELECT row, event_type FROM event WHERE row > ? ORDER BY row';
