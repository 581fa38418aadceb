// Connections that are up and carry nothing, and how many of them are promised: to messages that are taken in hand with a mark which is not
// durable yet. A message without such a connection makes its own mark once it has one, so that no kill while one is opened leaves it unknown.
import type { Account } from '../account.ts';
import type { Mailer } from '../mailer.ts';

export class FreeConnections {
  readonly #mailer: Pick<Mailer, 'readyFor'>;
  readonly #promised = new Map<string, number>();

  constructor(mailer: Pick<Mailer, 'readyFor'>) {
    this.#mailer = mailer;
  }

  /** Promises a connection to that account's server until `keep`; false when none is free. */
  promise(account: Account): boolean {
    const promised = this.#promised.get(account.id) ?? 0;
    if (this.#mailer.readyFor(account) <= promised) return false;
    this.#promised.set(account.id, promised + 1);
    return true;
  }

  /** The one that was promised is used from now on, or is not needed. */
  keep({ id }: Account): void {
    const left = (this.#promised.get(id) ?? 0) - 1;
    if (left > 0) this.#promised.set(id, left);
    else this.#promised.delete(id);
  }
}
