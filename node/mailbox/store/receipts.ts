// How many mails came into inboxes since this worker began, by what became of them.
import { MAIL_CLASSES, type MailClass, type StoredDelivery } from '../message.ts';

export class Receipts {
  readonly #counts = new Map<MailClass, number>(MAIL_CLASSES.map((mailClass) => [mailClass, 0]));

  /** `stored`: what became of the mail in each inbox. One that an inbox had already is not counted again. */
  note(stored: readonly StoredDelivery[]): void {
    for (const { mailClass } of stored)
      if (mailClass !== undefined) this.#counts.set(mailClass, (this.#counts.get(mailClass) ?? 0) + 1);
  }

  counts(): MailCounts {
    return [...this.#counts];
  }
}

type MailCounts = readonly (readonly [mailClass: MailClass, count: number])[];
