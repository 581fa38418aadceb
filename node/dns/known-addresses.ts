// The addresses of names that the operator wrote (peers, mail servers, engines), remembered: while DNS is slow or away they are
// reached where they were last. An address that has been known for a while is used at once, and asked for again meanwhile.
import type { LookupFunction } from 'node:net';
import type { Clock } from '../../mesh/ports.ts';
import { withinMs } from '../../mesh/time/deadline.ts';
import { lookupBy, type ResolvedAddress, type ResolveName } from './name-resolver.ts';

/** A younger address is used without asking. An address older than the second of the two is asked for before it is used. */
const FRESH_MS_MAX = 30_000;
const USABLE_MS_MAX = 600_000;
/** How long the answer for a name is waited for while an old address of that name is known. */
const ASK_AGAIN_MS_MAX = 500;
/** Names that hosts.json had once stay until as many came after them. */
const NAMES_MAX = 2_000;

interface Known {
  readonly addresses: readonly ResolvedAddress[];
  readonly sinceMs: number;
  isDoubtful: boolean;
}

export class KnownAddresses {
  readonly #resolve: ResolveName;
  readonly #clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly #known = new Map<string, Known>();
  /** For `net.connect` and whatever is built on it. */
  readonly lookup: LookupFunction;

  constructor(resolve: ResolveName, clock: Pick<Clock, 'monotonicMs' | 'sleep'>) {
    this.#resolve = resolve;
    this.#clock = clock;
    this.lookup = lookupBy((name) => this.addressesOf(name));
  }

  /** Rejects as `ResolveName` does. */
  async addressesOf(name: string): Promise<readonly ResolvedAddress[]> {
    const known = this.#known.get(name);
    if (known === undefined) return this.#ask(name);
    const ageMs = this.#clock.monotonicMs() - known.sinceMs;
    if (!known.isDoubtful && ageMs <= FRESH_MS_MAX) return known.addresses;
    const asked = this.#ask(name).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTFOUND') throw error;
      return known.addresses;
    });
    asked.catch(() => undefined);
    if (!known.isDoubtful && ageMs <= USABLE_MS_MAX) return known.addresses;
    return withinMs(this.#clock, ASK_AGAIN_MS_MAX, asked, known.addresses);
  }

  /** The name's address led to nobody, or to a stranger: the name is asked for again when it is next needed. */
  forget(name: string): void {
    const known = this.#known.get(name);
    if (known !== undefined) known.isDoubtful = true;
  }

  async #ask(name: string): Promise<readonly ResolvedAddress[]> {
    try {
      const addresses = await this.#resolve(name);
      this.#known.delete(name);
      this.#known.set(name, { addresses, sinceMs: this.#clock.monotonicMs(), isDoubtful: false });
      const [oldest] = this.#known.keys();
      if (this.#known.size > NAMES_MAX && oldest !== undefined) this.#known.delete(oldest);
      return addresses;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOTFOUND') this.#known.delete(name);
      throw error;
    }
  }
}
