// The keys of this host: made, listed, revoked, and recognised by the digest of what a client shows. A lookup by digest tells nobody
// anything by the time it takes: who knows the digest of a key still can't show the key.
import { MeshError } from '../../mesh/errors.ts';
import type { AgentId } from '../../mesh/names.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import { newUuid } from '../../mesh/uuid.ts';
import { ignoreFailedStore } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';
import { type KeyRecord, keyRemoval, keyWrite, loadKeys } from './key-records.ts';
import { keyDigest, newKeyText } from './key-text.ts';
import type { Actor, Scope } from './scopes.ts';

export const KEYS_MAX = 1_000;
/** The last use is written down at most so often. */
export const LAST_USE_MS = 60_000;

export interface KeysPorts {
  readonly store: Pick<Store, 'commit' | 'load'>;
  readonly clock: Clock;
  readonly random: Random;
}

/** What a new key is to be. */
export interface NewKey {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly agentId?: AgentId | undefined;
  readonly expiresMs?: number | undefined;
}

export class Keys {
  readonly #ports: KeysPorts;
  readonly #records: Map<string, KeyRecord>;
  /** By the digests of the keys, those that open something. Made once: a look-up costs little more. */
  readonly #actors: Map<string, Actor>;

  private constructor(ports: KeysPorts, records: readonly KeyRecord[]) {
    this.#ports = ports;
    this.#records = new Map(records.map((record) => [record.id, record]));
    this.#actors = new Map(records.map((record) => [record.digest, actorFor(record)]));
  }

  /** Rejects with `store_failed` when a record can't be read. */
  static async open(ports: KeysPorts): Promise<Keys> {
    return new Keys(ports, await loadKeys(ports.store));
  }

  /** Every key, the oldest first; the expired ones too, until they are revoked. */
  list(): readonly KeyRecord[] {
    return [...this.#records.values()].sort((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1));
  }

  /** The new key with its text, which nobody can ask for again. Durable before it resolves. Rejects with `limit_exceeded`. */
  async create({ name, scopes, agentId, expiresMs }: NewKey): Promise<{ record: KeyRecord; text: string }> {
    if (this.#records.size >= KEYS_MAX)
      throw new MeshError('limit_exceeded', `This host has ${KEYS_MAX} keys, as many as it may; revoke one first.`);
    const { store, clock, random } = this.#ports;
    const text = newKeyText(random);
    const record: KeyRecord = {
      ...{ id: newUuid(random), name, digest: keyDigest(text), scopes: [...new Set(scopes)] },
      ...(agentId === undefined ? {} : { agentId }),
      createdMs: clock.wallMs(),
      ...(expiresMs === undefined ? {} : { expiresMs }),
    };
    // Counted before the commit, so that many at once are no more than there may be.
    this.#records.set(record.id, record);
    await store.commit([keyWrite(record)]);
    this.#actors.set(record.digest, actorFor(record));
    return { record, text };
  }

  /** The key opens nothing from now on, and durably so once this resolves. Rejects with `not_found`. */
  async revoke(id: string): Promise<void> {
    const record = this.#records.get(id);
    if (record === undefined) throw new MeshError('not_found', `This host has no key '${id.slice(0, 100)}'.`);
    this.#records.delete(id);
    this.#actors.delete(record.digest);
    await this.#ports.store.commit([keyRemoval(id)]);
  }

  /** The actor whose key has that digest; `undefined` when it is none of this host, or has expired. Its last use is remembered. */
  actorOf(digest: string): Actor | undefined {
    const actor = this.#actors.get(digest);
    const record = actor && this.#records.get(actor.id);
    const nowMs = this.#ports.clock.wallMs();
    if (record === undefined || (record.expiresMs !== undefined && record.expiresMs <= nowMs)) return undefined;
    // A use that lies ahead was noted by a clock that has been set back since.
    if (Math.abs(nowMs - (record.lastUsedMs ?? 0)) >= LAST_USE_MS) this.#used({ ...record, lastUsedMs: nowMs });
    return actor;
  }

  /** Nobody waits for it: a store that can't write ends the node. */
  #used(record: KeyRecord): void {
    this.#records.set(record.id, record);
    this.#ports.store.commit([keyWrite(record)]).catch(ignoreFailedStore);
  }
}

function actorFor({ id, name, scopes, agentId }: KeyRecord): Actor {
  return { id, name, scopes: new Set(scopes), agentId };
}
