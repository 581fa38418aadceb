// The dead letters as they are on the disk: nobody keeps them in memory, for there may be very many.
import type { Store } from '../../store/store.ts';
import { DEAD_PREFIX, type DeadLetter, deadKey, readDeadLetter } from '../webhook-records.ts';

export class DeadLetters {
  readonly #store: Pick<Store, 'get' | 'load'>;

  constructor(store: Pick<Store, 'get' | 'load'>) {
    this.#store = store;
  }

  /** Rejects with `store_failed` when the record is damaged. */
  async get(subscriptionId: string, seq: number): Promise<DeadLetter | undefined> {
    const key = deadKey(subscriptionId, seq);
    const value = await this.#store.get(key);
    return value === undefined ? undefined : readDeadLetter({ key, value });
  }

  /** Dead letters whose position is above `seq`, in order, at most `limit`. */
  async after(subscriptionId: string, seq: number, limit: number): Promise<readonly DeadLetter[]> {
    const letters: DeadLetter[] = [];
    const from = { after: deadKey(subscriptionId, seq), limit };
    for await (const page of this.#store.load(`${DEAD_PREFIX}${subscriptionId}/`, from)) {
      letters.push(...page.map(readDeadLetter));
    }
    return letters;
  }
}
