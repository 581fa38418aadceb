// The conflicts that this host knows of. Addresses that this host conceded are kept until an operator has decided. Doubles, which no rule
// decides, are only remembered: the next look at the other host finds them again.

import { MeshError } from '../../mesh/errors.ts';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Rival } from '../../mesh/state/claim-store.ts';
import type { Log } from '../log.ts';
import type { Registry } from '../registry/registry.ts';
import type { RestoredClaims } from '../registry/restored-claims.ts';
import type { Store } from '../store/store.ts';
import { type AddressConflict, conflictOf, conflictWrite, loadConflicts } from './conflict-records.ts';

/** Another host's index has an address of ours, and the voters of neither know of the other. */
export interface Double {
  readonly key: AddressKey;
  readonly hostId: HostId;
}

export interface ConflictsOptions {
  readonly store: Store;
  readonly registry: Pick<Registry, 'addresses'> & { readonly table: Pick<Registry['table'], 'holderOf'> };
  /** About these the voters are asked elsewhere (restored-search.ts), without claiming them again. */
  readonly restored: Pick<RestoredClaims, 'has'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ConflictsPage {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface ConflictsListed {
  readonly conflicts: readonly AddressConflict[];
  readonly undecided: readonly Double[];
  /** Absent on the last page. */
  readonly nextCursor: AddressKey | undefined;
}

export class Conflicts {
  readonly #options: ConflictsOptions;
  readonly #byKey: Map<AddressKey, AddressConflict>;
  readonly #doubles = new Map<HostId, Set<AddressKey>>();

  private constructor(options: ConflictsOptions, conflicts: readonly AddressConflict[]) {
    this.#options = options;
    this.#byKey = new Map(conflicts.map((conflict) => [conflict.key, conflict]));
  }

  /** Reads what an earlier start left. Rejects with `store_failed`. */
  static async open(options: ConflictsOptions): Promise<Conflicts> {
    return new Conflicts(options, await loadConflicts(options.store));
  }

  /** All that is known of the next `limit` addresses, in their order. `cursor`: `nextCursor` of the page before. */
  page({ cursor = '', limit }: ConflictsPage): ConflictsListed {
    const keys = firstAfter(this.#keys(), cursor, limit + 1);
    const shown = keys.slice(0, limit);
    return {
      conflicts: shown.flatMap((key) => this.#byKey.get(key) ?? []),
      undecided: shown.flatMap((key) => this.#doublesOf(key)),
      nextCursor: keys.length > limit ? shown.at(-1) : undefined,
    };
  }

  /** Whether an operator has yet to decide whose the address is. */
  has(key: AddressKey): boolean {
    return this.#byKey.has(key) || this.#doublesOf(key).length > 0;
  }

  *#keys(): Iterable<AddressKey> {
    yield* this.#byKey.keys();
    for (const keys of this.#doubles.values())
      for (const key of keys) if (this.#options.registry.table.holderOf(key) !== undefined) yield key;
  }

  #doublesOf(key: AddressKey): readonly Double[] {
    if (this.#options.registry.table.holderOf(key) === undefined) return [];
    return [...this.#doubles].flatMap(([hostId, keys]) => (keys.has(key) ? [{ key, hostId }] : []));
  }

  /** What a peer's index shows that the voters know nothing of; in place of what was known of that peer. */
  seenAt(hostId: HostId, keys: readonly AddressKey[]): void {
    if (keys.length === 0) {
      this.#doubles.delete(hostId);
      return;
    }
    const known = this.#doubles.get(hostId);
    if (known?.size !== keys.length || !keys.every((key) => known.has(key))) this.#warn(hostId, keys.length);
    this.#doubles.set(hostId, new Set(keys));
  }

  /** What was seen at other hosts than these is forgotten: nobody looks there any more, so it would stand for ever. */
  seenOnlyAt(hosts: ReadonlySet<HostId>): void {
    for (const hostId of this.#doubles.keys()) if (!hosts.has(hostId)) this.#doubles.delete(hostId);
  }

  /** One more address of this host that the other host has too. */
  doubled(key: AddressKey, hostId: HostId): void {
    const known = this.#doubles.get(hostId) ?? new Set();
    if (known.has(key)) return;
    this.#doubles.set(hostId, known.add(key));
    this.#warn(hostId, known.size);
  }

  #warn(hostId: HostId, addresses: number): void {
    this.#options.log.warn('conflict.undecided', { hostId, addresses });
  }

  /**
   * Asks the voters about addresses of this host, at most `KEYS_PER_MESSAGE_MAX`. Concedes where the voters have another claim; an address
   * that the voters know nothing of is claimed again. Throws `uniqueness_unavailable`.
   */
  async check(keys: readonly AddressKey[]): Promise<void> {
    const { registry, restored } = this.#options;
    const known = keys.filter((key) => !restored.has(key));
    for (const rival of await registry.addresses.confirm(known)) await this.concede(rival);
  }

  /**
   * What an operator decided: `theirs` ends the conflict, `mine` claims the address again. Where two hosts have the address undecided,
   * `theirs` releases the address here, and resolves with nothing. Throws `not_found`, `conflict`, `uniqueness_unavailable`.
   */
  async resolve(key: AddressKey, keep: 'mine' | 'theirs'): Promise<AddressConflict | undefined> {
    const conflict = this.#byKey.get(key);
    if (conflict === undefined) return await this.#releaseHere(key, keep);
    const { agentId, address, primary, displayName, metadata } = conflict;
    if (keep === 'mine')
      await this.#options.registry.addresses.add(agentId, {
        address,
        ...(primary ? { primary } : {}),
        ...(displayName === undefined ? {} : { displayName }),
        ...(metadata === undefined ? {} : { metadata }),
      });
    await this.#options.store.commit([conflictWrite(key, undefined)]);
    this.#byKey.delete(key);
    this.#options.log.info('conflict.resolved', { address, keep });
    return conflict;
  }

  async #releaseHere(key: AddressKey, keep: 'mine' | 'theirs'): Promise<undefined> {
    const { registry, log } = this.#options;
    const [double] = this.#doublesOf(key);
    const agent = registry.table.holderOf(key);
    if (double === undefined || agent === undefined)
      throw new MeshError('not_found', `This host has no conflict over '${key.slice(0, 320)}'.`);
    if (keep === 'mine')
      throw new MeshError(
        'conflict',
        `Host '${double.hostId}' has ${key} too, and goes by other voters: this host can't take it from there. Release it on that host, or say "keep": "theirs" here.`,
      );
    await registry.addresses.remove(agent.id, key);
    log.info('conflict.resolved', { address: key, keep });
  }

  /** Gives up an address of this host that the voters gave to `owner`, and keeps it for an operator to decide. */
  async concede({ key, owner }: Rival): Promise<void> {
    const { registry, clock, log } = this.#options;
    const foundAt = new Date(clock.wallMs()).toISOString();
    let conflict: AddressConflict | undefined;
    await registry.addresses.concede(key, owner.claimId, (agent, entry) => {
      conflict = conflictOf(agent, entry, { owner, foundAt });
      return [conflictWrite(key, conflict)];
    });
    if (conflict === undefined) return;
    this.#byKey.set(key, conflict);
    log.warn('conflict.found', { address: conflict.address, agentId: conflict.agentId, owner });
  }
}

/** The `count` first keys after `cursor`, in order, each once. Sorting all keys would hold up every other request. */
function firstAfter(keys: Iterable<AddressKey>, cursor: string, count: number): readonly AddressKey[] {
  const first: AddressKey[] = [];
  for (const key of keys) {
    if (key <= cursor || (first.length === count && key >= (first.at(-1) as AddressKey))) continue;
    let place = first.length;
    while (place > 0 && (first[place - 1] as AddressKey) > key) place -= 1;
    if (first[place - 1] === key) continue;
    first.splice(place, 0, key);
    first.length = Math.min(first.length, count);
  }
  return first;
}
