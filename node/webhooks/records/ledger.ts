// Groups what the deliveries write: records are marked as changed, and one commit per turn of the event loop writes them all,
// as they are at that moment. Because a commit is one moment, a cursor on disk always fits the lanes beside it.
// Step 8 of node/webhooks/README.md, "A delivery, step by step".
import type { Journal } from '../../../mesh/ports.ts';

export class Ledger {
  readonly #journal: Pick<Journal, 'commit'>;
  #changed = new Map<string, () => unknown>();
  #next: Promise<void> | undefined;

  constructor(journal: Pick<Journal, 'commit'>) {
    this.#journal = journal;
  }

  /** The record `key` changed. `value` gives it when the commit is made up; `undefined` then removes the record. */
  mark(key: string, value: () => unknown): void {
    this.#changed.set(key, value);
  }

  /** Resolves when everything marked so far is durable. Rejects with `store_failed`. */
  flush(): Promise<void> {
    this.#next ??= Promise.resolve().then(() => this.#commit());
    return this.#next;
  }

  #commit(): Promise<void> {
    const changed = this.#changed;
    this.#changed = new Map();
    this.#next = undefined;
    return this.#journal.commit([...changed].map(([key, value]) => ({ key, value: value() })));
  }
}
