// How much memory large answers may hold together, while they arrive and until they are read.
import { MeshError } from '../../../mesh/errors.ts';

export interface ReservedOctets extends Disposable {
  /** Throws `overloaded` when there is no room for them. */
  add(octets: number): void;
}

export class OctetBudget {
  #left: number;

  constructor(octetsMax: number) {
    this.#left = octetsMax;
  }

  /** One answer's part, at first nothing; what there is no room for (`overloaded`) is not added. Disposing gives back what was added. */
  reserve(): ReservedOctets {
    let reserved = 0;
    return {
      add: (octets) => {
        if (octets > this.#left)
          throw new MeshError(
            'overloaded',
            'Its answer was given up: too many large ones are being read at this host.',
          );
        this.#left -= octets;
        reserved += octets;
      },
      [Symbol.dispose]: () => {
        this.#left += reserved;
        reserved = 0;
      },
    };
  }
}
