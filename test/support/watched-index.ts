// The product's index; tells what it shows.
import type { AddressKey } from '../../mesh/names.ts';
import { EmailIndex } from '../../node/registry/email-index.ts';
import { type KeptAgent, unpacked } from '../../node/registry/packed-agents.ts';

export class WatchedIndex extends EmailIndex {
  readonly #shown: (key: AddressKey, isShown: boolean) => void;

  constructor(
    options: ConstructorParameters<typeof EmailIndex>[0],
    shown: (key: AddressKey, isShown: boolean) => void,
  ) {
    super(options);
    this.#shown = shown;
  }

  override put(agent: KeptAgent): void {
    const before = this.keys();
    super.put(agent);
    for (const key of before) if (this.holder(key) === undefined) this.#shown(key, false);
    for (const { key } of unpacked(agent).addresses) this.#shown(key, true);
  }
}
