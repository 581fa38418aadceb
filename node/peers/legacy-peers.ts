// Which peers serve only the look-up, and what is asked of them around a claim. A peer is one of them when hosts.json says so, until it
// introduces itself with a key like any other host. Without a secret, and never once a key of it is known, it is also one that was heard to
// be on a private network (durable: it still is one while it does not answer): that is a stranger's word, so the operator is told.
import { MeshError, refusalOf } from '../../mesh/errors.ts';
import { GREETING_INTERVAL_MS, LEGACY_AGAIN_MAX, LEGACY_AGAIN_MS } from '../../mesh/limits.ts';
import type { SpelledAddress } from '../../mesh/lookup/index-entry.ts';
import { askLegacyPeers, type LegacyMode, type LegacyOwner, type LegacyPorts } from '../../mesh/lookup/legacy-hosts.ts';
import { type AddressKey, type HostId, parseHostId } from '../../mesh/names.ts';
import type { Host, Roster } from '../../mesh/roster.ts';
import type { Log } from '../log.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';
import { KeyedHosts } from './keyed-hosts.ts';
import type { PeerKeys } from './peer-keys.ts';
import type { BelieveLegacy } from './trusted-network.ts';

export interface LegacyPeersOptions extends LegacyPorts {
  readonly mode: LegacyMode;
  readonly roster: () => Roster;
  readonly keys: Pick<PeerKeys, 'known' | 'learn' | 'recheck'>;
  readonly believesLegacy: BelieveLegacy;
  readonly store: Pick<Store, 'load' | 'commit'>;
  readonly log: Log;
  /** Told when another peer counts as one, or one no more. */
  readonly changed: () => void;
  /** Told of an address of this host that a legacy peer has too. */
  readonly doubled: (key: AddressKey, hostId: HostId) => void;
  /** Whether this host has the address, still. */
  readonly holds: (key: AddressKey) => boolean;
}

/** Why no claim can be made because of them. */
export interface LegacyObstacle {
  readonly message: string;
  readonly hosts: readonly HostId[];
}

const PREFIX = 'legacy/';

/** Where a peer was heard without a key: another URL, or another address, is another matter. */
interface HeardAt {
  readonly url: string;
  readonly address: string;
}

export class LegacyPeers {
  readonly #options: LegacyPeersOptions;
  readonly #heard: Map<HostId, HeardAt>;
  readonly #keyed: KeyedHosts;
  /** Told of in this run. */
  readonly #warned = new Set<HostId>();
  /** Why the last greeting of it, or question to it, had no answer. */
  readonly #silent = new Map<HostId, string>();
  readonly #stopping = new AbortController();
  #again = 0;
  /** As `changed` was last told of. */
  #told: string;

  private constructor(options: LegacyPeersOptions, heard: Map<HostId, HeardAt>, keyed: KeyedHosts) {
    this.#options = options;
    this.#heard = heard;
    this.#keyed = keyed;
    this.#told = this.#listed().join();
  }

  /** Rejects with `store_failed` when a record can't be read. */
  static async open(options: LegacyPeersOptions): Promise<LegacyPeers> {
    const heard = new Map<HostId, HeardAt>();
    const without: string[] = [];
    for await (const page of options.store.load(PREFIX))
      for (const { key, value } of page) {
        const id = parseHostId(key.slice(PREFIX.length));
        if (id === undefined) throw damagedRecords(`The stored record '${key}' names no host`);
        // Versions before this one noted only that it was heard, whoever said so.
        if (isHeardAt(value)) heard.set(id, value);
        else without.push(key);
      }
    if (without.length > 0) await options.store.commit(without.map((key) => ({ key, value: undefined })));
    const peers = new LegacyPeers(options, heard, await KeyedHosts.open(options.store));
    await peers.#forgetUnlisted();
    await peers.#noteKeyed();
    return peers;
  }

  has(id: HostId): boolean {
    const { roster, keys } = this.#options;
    const host = roster().get(id);
    if (host === undefined || id === roster().self.id || keys.known(id) !== undefined) return false;
    return host.legacy === true || this.#isHeard(host);
  }

  /** What an operator should do about what hosts.json says of a peer, or does not say. */
  remark(id: HostId): string | undefined {
    const { roster, keys } = this.#options;
    const host = roster().get(id);
    if (host === undefined) return undefined;
    if (host.legacy !== true) return this.has(id) ? unconfirmed(host) : undefined;
    if (keys.known(id) === undefined) return undefined;
    return `Host '${id}' has introduced itself with a key, so it takes part in the claims: take "legacy": true out of its entry of hosts.json.`;
  }

  /** Whether it is left out of the vote: where none may be listed, none is left out. */
  isNoVoter(id: HostId): boolean {
    return this.#options.mode !== 'strict' && this.has(id);
  }

  /** What is known beforehand; a claim asks. */
  obstacle(): LegacyObstacle | undefined {
    const hosts = this.#listed();
    if (hosts.length > 0 && this.#options.mode === 'strict') return forbidden(hosts);
    const silent = hosts.flatMap((hostId) => {
      const why = this.#silent.get(hostId);
      return why === undefined ? [] : [{ hostId, why }];
    });
    return silent.length === 0 || this.#options.mode === 'lenient' ? undefined : unanswered(silent);
  }

  /** Before a claim. Throws `uniqueness_unavailable`; resolves with an owner when there is one. */
  async ownerOf(addresses: readonly SpelledAddress[]): Promise<LegacyOwner | undefined> {
    const { mode, log } = this.#options;
    const unmet = this.#unmet();
    if (unmet.length > 0) await Promise.all(unmet.map((id) => this.#greet(id, this.#stopping.signal)));
    const peers = this.#listed();
    if (peers.length === 0) return undefined;
    if (mode === 'strict') throw unavailable(forbidden(peers));
    const { owners, silent } = await askLegacyPeers(this.#options, peers, addresses);
    for (const peer of peers) this.#silent.delete(peer);
    for (const { hostId, why } of silent) this.#silent.set(hostId, why);
    if (owners[0] !== undefined) return owners[0];
    if (silent.length === 0) return undefined;
    if (mode === 'detect') throw unavailable(unanswered(silent));
    log.warn('legacy.not_asked', { hostIds: silent.map(({ hostId }) => hostId), addresses: addresses.length });
    return undefined;
  }

  /** After a claim: each of them is asked again, in the background. */
  claimed(addresses: readonly SpelledAddress[]): void {
    if (this.#listed().length === 0) return;
    for (const afterMs of LEGACY_AGAIN_MS) {
      if (this.#again + addresses.length > LEGACY_AGAIN_MAX) return;
      this.#again += addresses.length;
      void this.#askAgain(addresses, afterMs).finally(() => {
        this.#again -= addresses.length;
      });
    }
  }

  /** hosts.json was edited: who is new there is greeted at once. */
  async edited(): Promise<void> {
    const { roster } = this.#options;
    await this.#forgetUnlisted();
    await this.#noteKeyed();
    for (const id of this.#silent.keys()) if (roster().get(id)?.enabled !== true) this.#silent.delete(id);
    await Promise.all(this.#unmet().map((id) => this.#greet(id, this.#stopping.signal)));
  }

  /** Greets every peer whose key is not known, once. */
  async meet(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#options.roster().peers.map(({ id }) => this.#greet(id, signal)));
  }

  /** The same, again and again, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#stopping.abort(), { once: true });
    while (!signal.aborted) {
      await this.meet(signal);
      await this.#options.clock.sleep(GREETING_INTERVAL_MS, signal);
    }
  }

  #isHeard(host: Host): boolean {
    const at = this.#keyed.has(host.id) ? undefined : this.#heard.get(host.id);
    return at !== undefined && at.url === host.url && this.#options.believesLegacy(at.address);
  }

  /** A host that left, or was disabled, may come back as another: it is heard anew. */
  async #forgetUnlisted(): Promise<void> {
    const { roster, store } = this.#options;
    const gone = [...this.#heard.keys()].filter((id) => roster().get(id)?.enabled !== true);
    for (const id of gone) this.#heard.delete(id);
    if (gone.length > 0) await store.commit(gone.map((id) => ({ key: PREFIX + id, value: undefined })));
  }

  async #noteKeyed(): Promise<void> {
    const { roster, keys } = this.#options;
    const keyed = roster().peers.filter(({ id, publicKey }) => publicKey !== undefined || keys.known(id) !== undefined);
    await this.#keyed.note(keyed.map(({ id }) => id));
  }

  #listed(): readonly HostId[] {
    return this.#options
      .roster()
      .peers.filter(({ id }) => this.has(id))
      .map(({ id }) => id);
  }

  /** Peers of which nothing is known yet, not even that they are silent. */
  #unmet(): readonly HostId[] {
    const { roster, keys } = this.#options;
    return roster()
      .peers.filter(({ id }) => keys.known(id) === undefined && !this.has(id) && !this.#silent.has(id))
      .map(({ id }) => id);
  }

  async #greet(id: HostId, signal: AbortSignal): Promise<void> {
    await this.#hear(id, signal);
    const listed = this.#listed().join();
    if (signal.aborted || listed === this.#told) return;
    this.#told = listed;
    this.#options.changed();
  }

  async #hear(id: HostId, signal: AbortSignal): Promise<void> {
    const { keys } = this.#options;
    await keys.recheck(id, signal).catch(refusalOf);
    if (keys.known(id) === undefined) {
      const learned = await keys.learn(id, signal);
      if (signal.aborted) return;
      if (learned.kind === 'legacy' && this.#mayBeLegacy(id)) return this.#heardOf(id, learned.address);
      if (learned.kind !== 'known') {
        this.#silent.set(id, learned.why);
        return;
      }
    }
    await this.#introduced(id);
  }

  #mayBeLegacy(id: HostId): boolean {
    return this.#options.roster().get(id)?.legacy === true || !this.#keyed.has(id);
  }

  async #heardOf(id: HostId, address: string): Promise<void> {
    const { store, log, mode, roster } = this.#options;
    const host = roster().get(id);
    this.#silent.delete(id);
    if (host === undefined) return;
    const before = this.#heard.get(id);
    if (before?.url !== host.url || before.address !== address) {
      const at: HeardAt = { url: host.url, address };
      await store.commit([{ key: PREFIX + id, value: at }]);
      this.#heard.set(id, at);
    }
    if (this.#warned.has(id)) return;
    this.#warned.add(id);
    const why = host.legacy === true ? {} : { why: unconfirmed(host) };
    log.warn('legacy.found', { hostId: id, mode, address, ...why });
  }

  /** It has a key: it takes part in the claims. */
  async #introduced(id: HostId): Promise<void> {
    const { store, log } = this.#options;
    this.#silent.delete(id);
    this.#warned.delete(id);
    await this.#noteKeyed();
    if (!this.#heard.has(id)) return;
    await store.commit([{ key: PREFIX + id, value: undefined }]);
    this.#heard.delete(id);
    log.info('legacy.joined', { hostId: id });
  }

  async #askAgain(addresses: readonly SpelledAddress[], afterMs: number): Promise<void> {
    const { clock, holds, doubled } = this.#options;
    await clock.sleep(afterMs, this.#stopping.signal);
    const still = addresses.filter(({ key }) => holds(key));
    if (this.#stopping.signal.aborted || still.length === 0) return;
    const { owners } = await askLegacyPeers(this.#options, this.#listed(), still);
    for (const { key, hostId } of owners) if (holds(key)) doubled(key, hostId);
  }
}

function isHeardAt(value: unknown): value is HeardAt {
  const { url, address } = (value ?? {}) as Record<string, unknown>;
  return typeof url === 'string' && typeof address === 'string';
}

function unconfirmed({ id, url }: Host): string {
  return `Host '${id}' is taken for one that serves only the look-up, without a vote, because an unsigned answer at ${url} says so. If that is right, say "legacy": true in its entry of hosts.json, on every host. If it should vote, somebody else answers there: set MESH_SECRET on all hosts, or its "publicKey".`;
}

function forbidden(hosts: readonly HostId[]): LegacyObstacle {
  const message = `hosts.json lists ${hosts.join(', ')}, which serve only the look-up, and MESH_LEGACY=strict allows none: with such a host nobody can promise that an address has one owner. Take it out of hosts.json, or bring it up to date.`;
  return { message, hosts };
}

function unanswered(silent: readonly { readonly hostId: HostId; readonly why: string }[]): LegacyObstacle {
  const hosts = silent.map(({ hostId }) => hostId);
  const message = `${hosts.join(', ')} serves only the look-up, and could not be asked whether it has the address: ${silent[0]?.why} Start it, take it out of hosts.json, or go on without it with MESH_LEGACY=lenient.`;
  return { message, hosts };
}

function unavailable({ message, hosts }: LegacyObstacle): MeshError {
  return new MeshError('uniqueness_unavailable', `${message} Nothing was claimed.`, {
    extra: { reason: 'legacy_peer', hostsFailed: hosts },
    retryAfterSeconds: 2,
  });
}
