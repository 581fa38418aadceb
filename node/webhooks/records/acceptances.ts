// How the newest accepted deliveries of a subscription were accepted. What was accepted since the last commit is one record of the next, and
// the records are a ring: keeping the attempts costs a delivery next to nothing, and the disk a bounded amount.
import type { Store } from '../../store/store.ts';
import { ACCEPTED_PREFIX, type Acceptance, readAcceptances } from '../webhook-records.ts';
import type { ChannelRecords } from './channel-records.ts';

/**
 * Attempts of accepted deliveries: a record for each commit that has some, and so many records of one subscription. That is the newest 256
 * deliveries at least, and up to 16,384 where many are accepted at once.
 */
const ACCEPTED_PER_RECORD_MAX = 64;
const ACCEPTED_RECORDS_MAX = 256;

export class Acceptances {
  readonly #records: ChannelRecords;
  #begun: number;
  #open: Acceptance[] | undefined;

  /** `begun`: records begun since the subscription was made. */
  constructor(records: ChannelRecords, begun: number) {
    this.#records = records;
    this.#begun = begun;
  }

  get begun(): number {
    return this.#begun;
  }

  /** The caller marks its progress, which has `begun`, in the same go. */
  add(acceptance: Acceptance): void {
    if (this.#open === undefined || this.#open.length >= ACCEPTED_PER_RECORD_MAX) this.#open = this.#begin();
    this.#open.push(acceptance);
  }

  #begin(): Acceptance[] {
    const number = this.#begun;
    const deliveries: Acceptance[] = [];
    this.#begun += 1;
    this.#records.acceptances(number % ACCEPTED_RECORDS_MAX, () => {
      // What is accepted from now on belongs to the next commit.
      if (this.#open === deliveries) this.#open = undefined;
      return { number, deliveries };
    });
    return deliveries;
  }
}

/** By position in the log: how each was accepted the last time. Rejects with `store_failed`. */
export async function keptAcceptances(
  store: Pick<Store, 'load'>,
  subscriptionId: string,
): Promise<ReadonlyMap<number, Acceptance>> {
  const records = [];
  for await (const page of store.load(`${ACCEPTED_PREFIX}${subscriptionId}/`))
    records.push(...page.map(readAcceptances));
  const inOrder = records.sort((one, other) => one.number - other.number).flatMap(({ deliveries }) => deliveries);
  return new Map(inOrder.map((acceptance) => [acceptance.seq, acceptance]));
}
