// The addresses that are asked for again and again, as they were answered: they need not be made again, and of all others nothing is kept. One
// address a place. The next one of that place drives it out once it was asked for twice in a row: what is asked for once would only make the
// garbage collector move what nobody wants any more.
import type { AddressKey } from '../../mesh/names.ts';
import type { HeldAddress } from './held-address.ts';
import type { KeptAgent } from './packed-agents.ts';

/** Some hundred octets each. Always a power of two. */
const PLACES = 4_096;

/** An answer of an agent as it was then: whether it is that still, whoever finds it must see. */
export interface AskedAddress {
  readonly agent: KeptAgent;
  /** What the index calls the agent. */
  readonly number: number;
  readonly held: HeldAddress;
}

export class AskedAddresses {
  /** Apart, so that for most that are not there no more than a number is looked at. */
  readonly #hashes = new Uint32Array(PLACES);
  /** What was made last for each place. */
  readonly #made = new Uint32Array(PLACES);
  readonly #asked: (AskedAddress | undefined)[] = new Array(PLACES).fill(undefined);

  find(hash: number, key: AddressKey): AskedAddress | undefined {
    const place = hash & (PLACES - 1);
    if (this.#hashes[place] !== hash) return undefined;
    const asked = this.#asked[place];
    return asked?.held.key === key ? asked : undefined;
  }

  /** Notes that it was asked for, and keeps it if it was so the time before as well. */
  note(hash: number, asked: AskedAddress): void {
    const place = hash & (PLACES - 1);
    if (this.#made[place] === hash) {
      this.#hashes[place] = hash;
      this.#asked[place] = asked;
    } else this.#made[place] = hash;
  }
}
