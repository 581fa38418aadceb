// What the claims ask of the registry, which keeps the addresses of this host. Asked without waiting: the registry has its table in memory.
import type { AddressKey } from '../names.ts';
import type { Owner } from '../owner.ts';

/** What the claims ask of the registry. */
export interface RegistryView {
  /** Who holds the address in this host's own registry. */
  holder(key: AddressKey): Owner | undefined;
  /** Whether this host's registry holds no address at all. */
  isEmpty(): boolean;
  /** Every address that it holds. */
  keys(): Iterable<AddressKey>;
}
