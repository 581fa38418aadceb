// The list of hosts as the hosts change it together. A change is noted, then written into hosts.json, then remembered: what a crash leaves undone
// is done by the next start, for nobody else may know of it. Where an operator edits the file by hand, the edit stands until somebody changes the
// same host anew.
import { z } from 'zod';
import { changedHosts, type LeftOut } from '../../mesh/admission/changed-hosts.ts';
import {
  ChangeSeal,
  digestOf,
  ENTRY_CHARACTERS_MAX,
  entryOf,
  entryText,
  type HostChange,
  hostChange,
  isNewer,
} from '../../mesh/admission/host-changes.ts';
import { MeshError, refusalOf } from '../../mesh/errors.ts';
import { parseHost } from '../../mesh/hosts-json.ts';
import { HOSTS_MAX } from '../../mesh/limits.ts';
import type { HostId } from '../../mesh/names.ts';
import { type Host, IMPLICIT_VOTERS_MAX, type Roster } from '../../mesh/roster.ts';
import type { Log } from '../log.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';

/** Changes of the list of hosts that are remembered: the last one of each host, those of hosts that were taken out too. */
const CHANGES_MAX = 2 * HOSTS_MAX;

/** Rewrites hosts.json, durably, one edit after the other. Rejects with `store_failed` when the file can't be written. */
export type EditHosts = (change: (text: string) => string) => Promise<void>;

export interface HostListOptions {
  readonly secret: string;
  readonly roster: () => Roster;
  readonly editHosts: EditHosts;
  readonly store: Pick<Store, 'commit' | 'load'>;
  readonly log: Log;
}

export type HostEntry = Readonly<Record<string, unknown>> & { readonly id: HostId };

const PREFIX = 'host-change/';
/** `isUnwritten`: it may not be in hosts.json. An earlier version took what was too long for any other host. */
const stored = hostChange.extend({ entry: z.string().nullable(), isUnwritten: z.literal(true).optional() });

export class HostList {
  readonly #options: HostListOptions;
  readonly #seal: ChangeSeal;
  readonly #changes: Map<HostId, HostChange>;
  readonly #listeners = new Set<() => void>();
  /** What a crash has left undone. */
  readonly #undone: readonly HostChange[];
  #digest: string;
  /** Why what another host told last is not in hosts.json, as it was logged. */
  #unheard: string | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: HostListOptions, changes: readonly HostChange[], undone: readonly HostChange[]) {
    this.#options = options;
    this.#seal = new ChangeSeal(options.secret);
    this.#changes = new Map(changes.map((change) => [change.id, change]));
    this.#undone = undone;
    this.#digest = digestOf(changes);
  }

  /** Rejects with `store_failed` when a record can't be read. What was made with another secret counts no more. */
  static async open(options: HostListOptions): Promise<HostList> {
    const [done, undone]: [HostChange[], HostChange[]] = [[], []];
    const seal = new ChangeSeal(options.secret);
    for await (const page of options.store.load(PREFIX))
      for (const { key, value } of page) {
        const parsed = stored.safeParse(value);
        if (!parsed.success) throw damagedRecords(`The stored record '${key}' is no change of a host`, parsed.error);
        const { isUnwritten, ...change } = parsed.data;
        if (seal.fits(change) && isTellable(change)) (isUnwritten ? undone : done).push(change);
      }
    return new HostList(options, done, undone);
  }

  /** Does what a crash has left undone. What can't be done now, nobody was told of: the log says it. */
  async resume(): Promise<void> {
    await this.#inTurn(() => this.#apply(this.#undone)).catch((error: unknown) => {
      const { message } = refusalOf(error);
      this.#options.log.warn('hosts.left_out', {
        message: `A change that a crash left undone is not made: ${message}`,
      });
    });
  }

  /** The last change of each host that was ever changed so. */
  all(): readonly HostChange[] {
    return [...this.#changes.values()];
  }

  get digest(): string {
    return this.#digest;
  }

  /** Calls back after each change that was taken. */
  subscribe(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Lists the host from now on, here and, once they hear of it, on all others. Rejects with `conflict`, `invalid_request`, `limit_exceeded`,
   * `store_failed`.
   */
  add(entry: HostEntry): Promise<void> {
    return this.#inTurn(() => {
      const { roster } = this.#options;
      refuseTwin(entry, roster());
      const entries = [entry, ...electorsKept(roster(), entry)];
      return this.#apply(this.#made(entries.map((one) => [one.id, one])), { isOwn: true });
    });
  }

  /** Lists the host no more. Rejects with `not_found`, `conflict`, `store_failed`. */
  remove(id: HostId): Promise<void> {
    return this.#inTurn(() => {
      if (this.#options.roster().get(id) === undefined)
        throw new MeshError(
          'not_found',
          `hosts.json of this host lists no '${id}'. npx mesh hosts list shows those it lists.`,
        );
      return this.#apply(this.#made([[id, undefined]]), { isOwn: true });
    });
  }

  /**
   * Goes by what another host tells. What is older than what is known here is passed over, and so is what was made with another secret. Rejects
   * with `conflict`, `store_failed`: then the other host tells it again and again, and this host's operator is told once why.
   */
  async hear(changes: readonly HostChange[]): Promise<void> {
    try {
      await this.#inTurn(() => this.#hear(changes.filter((change) => this.#seal.fits(change))));
      // At first, only the digest of what there is to tell is said.
      if (changes.length > 0) this.#unheard = undefined;
    } catch (error) {
      const { message } = refusalOf(error);
      if (message !== this.#unheard) this.#options.log.warn('hosts.not_changed', { message });
      this.#unheard = message;
      throw error;
    }
  }

  async #hear(changes: readonly HostChange[]): Promise<void> {
    const { roster } = this.#options;
    const before = roster();
    await this.#apply(changes);
    const electors = isFew(before) && before.voters.length > 0 ? firstElectors(roster(), this.#changes) : [];
    if (electors.length > 0) await this.#apply(this.#made(electors.map((one) => [one.id, one])), { isOwn: true });
  }

  #made(wanted: readonly (readonly [HostId, HostEntry | undefined])[]): readonly HostChange[] {
    const number = 1 + Math.max(0, ...[...this.#changes.values()].map((change) => change.number));
    const by = this.#options.roster().self.id;
    return wanted.map(([id, entry]) => {
      const change = this.#seal.make({ id, entry: entry === undefined ? null : entryText(entry), number, by });
      if (isTellable(change)) return change;
      const message = `As JSON, the entry of host '${id}' has ${change.entry?.length} characters, and other hosts take ${ENTRY_CHARACTERS_MAX} at most: shorten it.`;
      throw new MeshError('invalid_request', message);
    });
  }

  /** `isOwn`: somebody waits for the answer, and is told what can't be done. */
  async #apply(changes: readonly HostChange[], { isOwn = false } = {}): Promise<void> {
    const { store, log } = this.#options;
    const fresh = changes.filter(
      (change) =>
        isNewer(change, this.#changes.get(change.id)) && (change.entry === null || entryOf(change) !== undefined),
    );
    if (fresh.length === 0) return;
    await this.#write(fresh, (left) => this.#leaveOut(left, isOwn ? fresh : []));
    await store.commit(fresh.map((change) => ({ key: PREFIX + change.id, value: change })));
    for (const change of fresh) {
      this.#changes.set(change.id, change);
      log.info(change.entry === null ? 'hosts.removed' : 'hosts.added', { host: change.id, by: change.by });
    }
    await this.#forgetOldest();
    this.#digest = digestOf(this.#changes.values());
    for (const listener of this.#listeners) listener();
  }

  /** Writes them into hosts.json. That they are under way is noted before, for one of this host's own nobody would tell it again. */
  async #write(fresh: readonly HostChange[], leftOut: (hosts: readonly LeftOut[]) => void): Promise<void> {
    const { editHosts, store } = this.#options;
    await store.commit(fresh.map((change) => ({ key: PREFIX + change.id, value: { ...change, isUnwritten: true } })));
    try {
      await editHosts((text) => {
        const changed = changedHosts(text, fresh, this.all());
        leftOut(changed.leftOut);
        return changed.text;
      });
    } catch (error) {
      await store.commit(fresh.map(({ id }) => ({ key: PREFIX + id, value: this.#changes.get(id) })));
      throw error;
    }
  }

  /** `wanted`: changes that must be in hosts.json, or none is made. */
  #leaveOut(leftOut: readonly LeftOut[], wanted: readonly HostChange[]): void {
    const missing = leftOut.find((one) => wanted.some(({ id }) => id === one.id));
    if (missing !== undefined) throw new MeshError('conflict', `${missing.why} Nothing was changed.`);
    for (const { why } of leftOut) this.#options.log.warn('hosts.left_out', { message: why });
  }

  /** Forgets changes where there are more than are kept: those whose host was taken out longest ago. */
  async #forgetOldest(): Promise<void> {
    const tooMany = this.#changes.size - CHANGES_MAX;
    if (tooMany <= 0) return;
    const gone = this.all().filter(({ entry }) => entry === null);
    const oldest = gone.sort((a, b) => a.number - b.number).slice(0, tooMany);
    for (const { id } of oldest) this.#changes.delete(id);
    await this.#options.store.commit(oldest.map(({ id }) => ({ key: PREFIX + id, value: undefined })));
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(work);
    // The next one does not ask how this one ended: whoever asked for it is told.
    this.#last = done.catch(() => undefined);
    return done;
  }
}

/** Whether other hosts can be told of the change. */
function isTellable({ entry }: HostChange): boolean {
  return (entry?.length ?? 0) <= ENTRY_CHARACTERS_MAX;
}

/** Throws `conflict` for an id or a URL that another entry of hosts.json has, `limit_exceeded` above `HOSTS_MAX` hosts. */
export function refuseTwin({ id, url }: HostEntry, roster: Roster): void {
  const twin = roster.hosts.find((host) => host.id === id || host.url === url);
  if (twin !== undefined) {
    const what = twin.id === id ? `a host '${id}'` : `a host at ${twin.url}, '${twin.id}'`;
    throw new MeshError(
      'conflict',
      `This mesh has ${what} already. Take another ${twin.id === id ? 'id (--id)' : 'URL (--url)'}, or take that host out first: npx mesh hosts remove ${twin.id}.`,
      { field: twin.id === id ? 'id' : 'url' },
    );
  }
  if (roster.hosts.length >= HOSTS_MAX)
    throw new MeshError('limit_exceeded', `This mesh has ${HOSTS_MAX} hosts, as many as it may.`);
}

/**
 * Up to seven hosts all vote; of more, those that are marked. So that the eighth takes nobody's vote away, the seven are marked when it comes:
 * their entries, as they are to be.
 */
function electorsKept(roster: Roster, entry: HostEntry): readonly HostEntry[] {
  const enabled = roster.hosts.filter((host) => host.enabled);
  const isEighth = enabled.length === IMPLICIT_VOTERS_MAX && parseHost(entry)?.enabled === true;
  if (!isEighth) return [];
  const voters = new Set(roster.voters);
  return enabled.filter(({ id, voter }) => voters.has(id) && voter !== true).map((host) => marked(host));
}

/**
 * Entries of the seven that were listed first, marked, where hosts that were added on several hosts at once are too many together and none of all is
 * marked. They are the same for all who know of the same changes.
 */
function firstElectors({ hosts, voters }: Roster, changes: ReadonlyMap<HostId, HostChange>): readonly HostEntry[] {
  if (voters.length > 0) return [];
  const electors = hosts.filter(({ enabled, voter }) => enabled && voter !== false);
  const isLater = (one: Host, other: Host) => {
    const [change, rival] = [changes.get(one.id), changes.get(other.id)];
    return change === undefined ? rival === undefined && one.id > other.id : isNewer(change, rival);
  };
  return electors
    .sort((one, other) => (isLater(one, other) ? 1 : -1))
    .slice(0, IMPLICIT_VOTERS_MAX)
    .map(marked);
}

/** Whether all of its hosts vote that are not marked otherwise. */
function isFew({ hosts }: Roster): boolean {
  return hosts.filter(({ enabled }) => enabled).length <= IMPLICIT_VOTERS_MAX;
}

function marked({ id, entry }: Host): HostEntry {
  return { ...entry, id, voter: true };
}
