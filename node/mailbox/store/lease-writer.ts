// Leases as they are asked for: each step durable when it is answered, and who waits for mail told of what it made free.
import type { Random } from '../../../mesh/ports.ts';
import type { NewUuid } from '../../../mesh/uuid.ts';
import type { Claimed, ClaimQuestion, LeaseOutcome, LeaseQuestion } from '../lease-question.ts';
import type { Connection } from './database.ts';
import type { GroupCommit } from './group-commit.ts';
import type { LabelRows } from './label-rows.ts';
import { LeaseRows } from './lease-rows.ts';
import { MailReader } from './mail-reader.ts';

const KEY_BYTES = 20;

export interface LeaseWriterParts {
  readonly connection: Connection;
  readonly group: GroupCommit;
  readonly labels: LabelRows;
  readonly newUuid: NewUuid;
  readonly random: Random;
  /** Told of inboxes in which a mail may be free that was not. */
  readonly freed: (inboxIds: readonly string[]) => void;
}

export class LeaseWriter {
  readonly #parts: LeaseWriterParts;
  readonly #rows: LeaseRows;
  readonly #mails: MailReader;

  constructor(parts: LeaseWriterParts) {
    const { connection, labels, newUuid, random } = parts;
    this.#parts = parts;
    const newKey = () => Buffer.from(random.bytes(KEY_BYTES)).toString('hex');
    this.#rows = new LeaseRows({ connection, labels, newLease: newUuid, newKey });
    this.#mails = new MailReader(connection);
  }

  /** The mails are read in the transaction that takes them: whoever is told that he has one can read it. */
  claim(question: ClaimQuestion): Promise<Claimed> {
    return this.#run(() => {
      const taken = this.#rows.claim(question);
      if (taken === undefined) return { outcome: 'gone' };
      const claims = taken.map(({ row, work: { lease = '', attempts: attempt, untilMs, workKey } }) => {
        return { mail: this.#mails.atRow(row), lease, attempt, untilMs, workKey };
      });
      return { outcome: 'done', claims };
    });
  }

  change(question: LeaseQuestion): Promise<LeaseOutcome> {
    return this.#run(() => this.#rows.change(question));
  }

  /** Ends what has run out; answers when there is something to end again. */
  settle(nowMs: number): Promise<number | undefined> {
    return this.#run(() => this.#rows.settle(nowMs));
  }

  counts(): ReturnType<LeaseRows['counts']> {
    return this.#rows.counts();
  }

  async #run<Result>(work: () => Result): Promise<Result> {
    const result = await this.#parts.group.run(work);
    const freed = this.#rows.takeFreed();
    if (freed.length > 0) this.#parts.freed(freed);
    return result;
  }
}
