// Which peers serve only the look-up. A peer is one of them when hosts.json says so, until it introduces itself with a key like any other
// host. Without a secret, and never once a key of it is known, a peer is also one that was heard to be on a private network (durable: it still
// is one while it does not answer): that is a stranger's word, so the operator is told.
import type { LegacyMode } from '../../../mesh/lookup/legacy-hosts.ts';
import { type HostId, parseHostId } from '../../../mesh/names.ts';
import type { Host, Roster } from '../../../mesh/roster.ts';
import type { Log } from '../../log.ts';
import { damagedRecords } from '../../store/refusals.ts';
import type { Store } from '../../store/store.ts';
import type { HostRecords } from '../forgotten-hosts.ts';
import type { Learned } from '../keys/first-contact.ts';
import type { PeerKeys } from '../keys/peer-keys.ts';
import type { BelieveLegacy } from '../keys/trusted-network.ts';
import { KeyedHosts } from './keyed-hosts.ts';

export interface LegacyPeersOptions {
  readonly mode: LegacyMode;
  readonly roster: () => Roster;
  readonly keys: Pick<PeerKeys, 'known'>;
  readonly believesLegacy: BelieveLegacy;
  readonly store: Pick<Store, 'load' | 'commit'>;
  readonly log: Log;
  /** Told when another peer counts as one, or one no more. */
  readonly changed: () => void;
}

interface Candidates {
  readonly roster: Roster;
  readonly unmet: Set<HostId>;
  /** Whether hosts.json says of any peer that it is legacy. */
  readonly hasDeclared: boolean;
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
  /** Peers that the operator was warned of since the start. */
  readonly #warned = new Set<HostId>();
  /** Why the last question to a peer, who it is or what it has, had no answer: a sentence. */
  readonly #silent = new Map<HostId, string>();
  /** Legacy peers that were listed when `changed` was last told. */
  #told: ReadonlySet<HostId>;
  /** Peers of that roster that may be legacy, and those that may be unmet: each claim asks for both, and in a settled mesh both are empty. */
  #candidates: Candidates | undefined;

  private constructor(options: LegacyPeersOptions, heard: Map<HostId, HeardAt>, keyed: KeyedHosts) {
    this.#options = options;
    this.#heard = heard;
    this.#keyed = keyed;
    this.#told = new Set(this.listed());
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

  /** Legacy peers that hosts.json lists now. */
  listed(): readonly HostId[] {
    const { roster, hasDeclared } = this.#candidatesNow();
    if (!hasDeclared && this.#heard.size === 0) return [];
    return roster.peers.filter(({ id }) => this.has(id)).map(({ id }) => id);
  }

  /** Peers of which nothing is known yet, not even that they are silent. */
  unmet(): readonly HostId[] {
    const { unmet } = this.#candidatesNow();
    for (const id of unmet) if (this.#isMet(id)) unmet.delete(id);
    return [...unmet];
  }

  #isMet(id: HostId): boolean {
    return this.#options.keys.known(id) !== undefined || this.has(id) || this.#silent.has(id);
  }

  #candidatesNow(): Candidates {
    const roster = this.#options.roster();
    if (this.#candidates?.roster !== roster) {
      const unmet = new Set(roster.peers.map(({ id }) => id));
      this.#candidates = { roster, unmet, hasDeclared: roster.peers.some(({ legacy }) => legacy === true) };
    }
    return this.#candidates;
  }

  /** Notes of the peers that have a key. */
  get keyed(): HostRecords {
    return this.#keyed;
  }

  whySilent(id: HostId): string | undefined {
    return this.#silent.get(id);
  }

  /** Each of these peers was asked what it has. `silent`: the peers that did not say, and why. */
  asked(peers: readonly HostId[], silent: readonly { readonly hostId: HostId; readonly why: string }[]): void {
    this.#candidates = undefined;
    for (const peer of peers) this.#silent.delete(peer);
    for (const { hostId, why } of silent) this.#silent.set(hostId, why);
  }

  /** The peer was asked who it is. Resolves when what came of it is durable. */
  async heard(id: HostId, learned: Learned): Promise<void> {
    if (learned.kind === 'known' && this.#isSettled(id)) return;
    if (learned.kind === 'legacy' && this.#mayBeLegacy(id)) await this.#heardOf(id, learned.address);
    else if (learned.kind === 'known') await this.#introduced(id);
    else this.#silent.set(id, learned.why);
    const listed = this.listed();
    if (listed.length === this.#told.size && listed.every((one) => this.#told.has(one))) return;
    this.#told = new Set(listed);
    this.#options.changed();
  }

  /** hosts.json was edited. */
  async edited(): Promise<void> {
    const { roster } = this.#options;
    await this.#forgetUnlisted();
    await this.#noteKeyed();
    for (const known of [this.#silent, this.#warned])
      for (const id of known.keys()) if (roster().get(id)?.enabled !== true) known.delete(id);
  }

  /** Whether it is noted that the peer has a key, and nothing else is noted of the peer. */
  #isSettled(id: HostId): boolean {
    const isNoted = this.#heard.has(id) || this.#warned.has(id) || this.#silent.has(id) || this.#told.has(id);
    return this.#keyed.has(id) && !isNoted;
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

  #mayBeLegacy(id: HostId): boolean {
    return this.#options.roster().get(id)?.legacy === true || !this.#keyed.has(id);
  }

  async #heardOf(id: HostId, address: string): Promise<void> {
    const { store, log, mode, roster } = this.#options;
    const host = roster().get(id);
    this.#candidates = undefined;
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

  /** The peer has a key, so it takes part in the claims. */
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
}

function isHeardAt(value: unknown): value is HeardAt {
  const { url, address } = (value ?? {}) as Record<string, unknown>;
  return typeof url === 'string' && typeof address === 'string';
}

function unconfirmed({ id, url }: Host): string {
  return `Host '${id}' is taken for one that serves only the look-up, without a vote, because an unsigned answer at ${url} says so. If that is right, say "legacy": true in its entry of hosts.json, on every host. If it should vote, somebody else answers there: set MESH_SECRET on all hosts, or its "publicKey".`;
}
