// Feeds in virtual time: on each host the product's registry, change log, feed server and followers, over a network that loses, repeats,
// reorders, cuts and alters, and disks that lose what was not synced. Whatever becomes durable anywhere is held against what its owner
// had: the copies at every commit, and what a reader of each node's log is told. Only sockets and HTTP's signatures are left out.
// Longer than 300 lines: what befalls the hosts and what is held against their owners share the hosts and the order of their random draws.
import { parseIdentityAddress } from '../../mesh/address/identity.ts';
import { MeshError } from '../../mesh/errors.ts';
import { FEED_PATH, feedQuestionSchema, snapshotQuestionSchema } from '../../mesh/feed/messages.ts';
import { relayQuestionSchema } from '../../mesh/feed/relay-messages.ts';
import type { HostId } from '../../mesh/names.ts';
import type { PeerAnswer, PeerRequest, PeerTransport, Random } from '../../mesh/ports.ts';
import type { Roster } from '../../mesh/roster.ts';
import { openFeed } from '../../node/feed/feed-module.ts';
import { HostCopies } from '../../node/feed/host-copies.ts';
import type { Log } from '../../node/log.ts';
import { EmailIndex } from '../../node/registry/email-index.ts';
import { snapshotSources } from '../../node/registry/index-rows.ts';
import { SECRET_BYTES } from '../../node/registry/keyed-hash.ts';
import { openRegistry, type Registry } from '../../node/registry/registry.ts';
import { changeSomething } from './feed-changes.ts';
import { FeedTruth, sameMaps } from './feed-truth.ts';
import { FeedWitness, SETTLED_MS, type WitnessOptions } from './feed-witness.ts';
import { MemoryClaims } from './memory-claims.ts';
import { type MemoryDisk, MemoryStore } from './memory-store.ts';
import { rosterOf, urlOf } from './roster-of.ts';
import { seededRandom } from './seeded-random.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { type Faults, SimulatedLinks } from './simulated-links.ts';
import { type TestKey, testKeys } from './test-keys.ts';

export interface FeedSimulationOptions {
  /** What somebody in between, who has no key, makes of an answer about a log; or the relay itself, which has only its own. */
  readonly alter?: (body: unknown, random: Random, way: Way) => unknown;
  /** Told what happens, a line at a time. */
  readonly trace?: (line: string) => void;
  /** Whom the others follow in place of everybody; absent: everybody follows everybody. */
  readonly voters?: readonly HostId[];
  /** Who follows; absent: everybody. Where only some do, their copies are not looked at with each commit, but at rest. */
  readonly followers?: readonly HostId[];
  /** Whether hosts greet each other every few seconds, and say which version their index has. */
  readonly isGreeting?: boolean;
  /** How long a follower lets news gather. */
  readonly paceMs?: number;
  /** Whose key a host does not know, beside what it is told. */
  readonly isStranger?: (to: HostId, host: HostId) => boolean;
}

/** Who answers whom. */
export interface Way {
  readonly from: HostId;
  readonly to: HostId;
}

/** What a host asked, and was answered: octets of the bodies. */
export interface Traffic {
  readonly requests: number;
  readonly octets: number;
}

interface Up {
  readonly store: MemoryStore;
  readonly registry: Registry;
  readonly copies: HostCopies;
  readonly index: EmailIndex;
  readonly feed: ReturnType<typeof openFeed>;
  readonly stop: AbortController;
}

interface Host {
  readonly id: HostId;
  disk: MemoryDisk;
  claims: MemoryClaims;
  witness: FeedWitness;
  up: Up | undefined;
  /** Changes with each start and each crash. */
  life: number;
}

const GREETINGS_APART_MS = 8_000;
const CHANGED_MS = 1_000;

export class FeedSimulation {
  readonly random: Random;
  readonly clock = new SimulatedClock();
  readonly violations: string[] = [];
  /** How often the hosts logged what, and what was done. */
  readonly met = new Map<string, number>();
  /** The share of answers that are altered on their way. */
  alteredShare = 0;
  readonly #traffic = new Map<HostId, Traffic>();
  readonly #links: SimulatedLinks;
  readonly #hosts = new Map<HostId, Host>();
  readonly #members: Set<HostId>;
  readonly #truth = new FeedTruth();
  readonly #witnessed: WitnessOptions = {
    truth: this.#truth,
    ids: new Map(),
    wrong: (what) => this.violations.push(what),
  };
  readonly #options: FeedSimulationOptions;
  readonly #keys: Readonly<Record<HostId, TestKey>>;

  constructor(seed: number, hosts: readonly HostId[], faults: Faults, options: FeedSimulationOptions = {}) {
    this.random = seededRandom(seed);
    this.#options = options;
    this.#links = new SimulatedLinks(this.clock.time, this.random, faults);
    this.#members = new Set(hosts);
    this.#keys = testKeys(...hosts);
    for (const id of hosts) {
      const empty = { disk: new Map(), claims: new MemoryClaims(), witness: new FeedWitness(id, this.#witnessed) };
      this.#hosts.set(id, { id, ...empty, up: undefined, life: 0 });
    }
  }

  get hostIds(): readonly HostId[] {
    return [...this.#hosts.keys()];
  }

  set faults(faults: Faults) {
    this.#links.faults = faults;
  }

  /** Of all the time until now. */
  traffic(id: HostId): Traffic {
    return this.#traffic.get(id) ?? { requests: 0, octets: 0 };
  }

  isUp(id: HostId): boolean {
    return this.#host(id).up !== undefined;
  }

  isMember(id: HostId): boolean {
    return this.#members.has(id);
  }

  cut(from: HostId, to: HostId): void {
    this.#note(from, `no longer reaches ${to}`);
    this.#links.cut(from, to);
  }

  mend(): void {
    this.#links.mend();
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** Ends all faults, and gives everybody the time to hear of everything. */
  async heal(): Promise<void> {
    this.mend();
    this.alteredShare = 0;
    this.faults = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };
    for (const id of this.#members) await this.start(id);
    await this.advance(4 * SETTLED_MS);
  }

  /** Starts a host from what its disk holds. */
  async start(id: HostId): Promise<void> {
    const host = this.#host(id);
    if (host.up !== undefined) return;
    host.life += 1;
    this.#note(id, 'starts');
    const { clock, random } = this;
    const { life } = host;
    const sync = () => clock.sleep(random.next() * this.#links.faults.syncMs);
    const store = new MemoryStore({ disk: host.disk, sync });
    void store.failed.then((reason) => this.violations.push(`${id} stopped: ${reason.message}`));
    host.claims = host.claims.afterCrash(id, host.disk);
    const index = new EmailIndex({ self: () => ({ url: urlOf(id) }), random, secret: new Uint8Array(SECRET_BYTES) });
    const common = { clock, random, log: this.#log(id), hostId: id, parseAddress: parseIdentityAddress };
    const registry = await openRegistry({
      ...{ ...common, store, claims: host.claims, index },
      legacy: { ownerOf: async () => undefined, claimed: () => undefined },
    });
    const copies = await HostCopies.open(store, clock);
    const feed = openFeed({
      ...{ ...common, changes: registry.changes, copies, signer: this.#key(id).signer },
      agents: () => snapshotSources(registry.table.kept()),
      index: () => index.etag,
      roster: () => this.#roster(id),
      transport: this.#transport(host),
      keyOf: (peer) => (this.#options.isStranger?.(id, peer) ? undefined : this.#key(peer).key),
      voters: () => this.#options.voters ?? [],
      isForming: () => false,
      followedByAllMax: 1,
      paceMs: this.#options.paceMs,
      // The seeds were drawn at this pace.
      goneLookMs: 60_000,
      isLegacy: () => false,
      isMember: () => false,
    });
    const up = { store, registry, copies, index, feed, stop: new AbortController() };
    host.up = up;
    await this.#readOn(host, up);
    host.witness.expectCopies(up);
    registry.changes.subscribe(() => this.#committed(host, up));
    void registry.changes.saveEnd();
    if (this.#options.followers?.includes(id) === false) return;
    if (this.#options.isGreeting === true) void this.#greetOthers(host, up);
    void feed.followers.run(up.stop.signal).catch((error: unknown) => {
      if (host.life === life) this.violations.push(`${id} follows nobody any more: ${String(error)}`);
    });
  }

  /** Stops a host at once. Of the writes under way, some first ones reached the disk. */
  crash(id: HostId): void {
    const host = this.#host(id);
    if (host.up === undefined) return;
    const { store, stop } = host.up;
    this.#note(id, 'crashes');
    host.life += 1;
    host.up = undefined;
    stop.abort(new MeshError('stopping', 'The host crashed.'));
    host.disk = store.crash(Math.floor(this.random.next() * (store.pending + 1)));
  }

  /** What a host has on its disk now, and what its reader knows, to be had again later. */
  backup(id: HostId): () => void {
    const host = this.#host(id);
    const { witness } = host;
    const disk = host.up?.store.snapshot() ?? host.disk;
    const recall = witness.memory();
    return () => {
      this.crash(id);
      this.#note(id, 'is set back');
      host.disk = disk;
      host.witness = witness;
      recall();
    };
  }

  wipe(id: HostId): void {
    const host = this.#host(id);
    this.crash(id);
    this.#note(id, 'loses its disk');
    host.disk = new Map();
    host.claims = new MemoryClaims();
    host.witness = new FeedWitness(id, this.#witnessed);
  }

  /** Every hosts.json lists the host from now on, or none does and it stops. */
  list(id: HostId, isMember: boolean): void {
    this.#note(id, isMember ? 'joins' : 'leaves');
    if (isMember) this.#members.add(id);
    else {
      this.#members.delete(id);
      this.crash(id);
    }
    for (const { up } of this.#hosts.values()) up?.feed.followers.edited();
  }

  /** Of what a host's reader has read, a share goes from the log. */
  trim(id: HostId, share: number): void {
    const { up, witness } = this.#host(id);
    if (up === undefined) return;
    const { changes } = up.registry;
    const count = Math.floor((Math.min(witness.seq, changes.head) - changes.oldestSeq + 1) * share);
    if (count <= 0) return;
    this.#note(id, 'trims its log');
    void changes.read(changes.oldestSeq - 1, count).then((entries) => changes.forget(entries), onlyMeshErrors);
  }

  /** Some change of a host's agents. */
  change(id: HostId): void {
    const { up } = this.#host(id);
    if (up === undefined) return;
    const { name, done } = changeSomething(up.registry, id, this.random);
    this.#trace(id, `is asked that something be ${name}`);
    done.then(() => this.#count(name), onlyMeshErrors);
  }

  /** What a host, and its reader, do not know of another as it is at rest. */
  missing(id: HostId, owner: HostId): readonly string[] {
    const faults: string[] = [];
    this.#expectRest(id, owner, (what) => faults.push(what));
    return faults;
  }

  /** When the host's copy of the other one was confirmed last, by the simulated clock. */
  confirmedMs(id: HostId, owner: HostId): number | undefined {
    return this.#host(id).up?.copies.copy.confirmedMs(owner);
  }

  /** A change of a host's agents. Time goes on while it is made. */
  async do(id: HostId, change: (registry: Registry) => Promise<void>): Promise<void> {
    const { up } = this.#host(id);
    if (up === undefined) throw new Error(`Host '${id}' is not up.`);
    const done = change(up.registry);
    await this.advance(CHANGED_MS);
    await done;
  }

  /** Everything that was wrong on the way; and what is wrong at rest, after `heal`. */
  faultsFound(): readonly string[] {
    const faults = [...this.violations];
    for (const id of this.#members) {
      const { up, witness } = this.#host(id);
      for (const owner of this.#members) this.#expectRest(id, owner, (what) => faults.push(what));
      const known = new Set([...(up?.copies.hosts() ?? []), ...witness.hosts()]);
      for (const owner of known)
        if (!this.#members.has(owner)) faults.push(`${id} or its reader still knows agents of ${owner}, which is gone`);
    }
    return faults;
  }

  #expectRest(id: HostId, owner: HostId, wrong: (what: string) => void): void {
    const [{ up: self, witness }, { up: there }] = [this.#host(id), this.#host(owner)];
    if (self !== undefined && there !== undefined)
      witness.expectRest({ self, owner, there }, this.clock.monotonicMs(), wrong);
  }

  /** Something is durable on a host: what its log says, and what it shows of the others. */
  #committed(host: Host, up: Up): void {
    if (host.up !== up) return;
    if (this.#options.followers === undefined) host.witness.expectCopies(up);
    void this.#readOn(host, up);
  }

  #readOn(host: Host, up: Up): Promise<void> {
    const { life } = host;
    return host.witness.readOn(up, () => host.life === life);
  }

  /** For as long as the host is up. */
  async #greetOthers(host: Host, up: Up): Promise<void> {
    while (host.up === up) {
      for (const to of this.#members) if (to !== host.id) this.#greet(host, up, to);
      await this.clock.sleep(GREETINGS_APART_MS);
    }
  }

  /** Tells the follower which version the other index has, once the other host has said so. */
  #greet(from: Host, { feed, copies }: Up, to: HostId): void {
    const { life } = from;
    const sinceMs = this.clock.monotonicMs();
    const then = this.#host(to).up?.registry.changes.ownHead;
    const logId = this.#host(to).up?.registry.changes.logId;
    this.#links.carry(from.id, to, 'greeting', () => {
      const index = this.#host(to).up?.index.etag;
      if (index === undefined) return;
      this.#links.carry(to, from.id, index, () => {
        if (from.life !== life) return;
        const before = copies.copy.confirmedMs(to);
        feed.followers.said(to, index, sinceMs);
        if (copies.copy.confirmedMs(to) === before) return;
        const [head, shown] = [copies.head(to), this.#truth.state(to, then?.chain ?? '')];
        const copied = this.#truth.state(to, head?.chain ?? '');
        const isOlder = head !== undefined && head.logId === logId && head.n < (then?.n ?? 0);
        // Entries may change no address: such a copy is behind in what is told, and shows what it should.
        if (isOlder && copied !== undefined && shown !== undefined && !sameMaps(copied.rows, shown.rows))
          this.violations.push(
            `${from.id} takes its copy of ${to} at place ${head.n} for what ${to} had at ${then?.n}`,
          );
      });
    });
  }

  #transport(from: Host): PeerTransport {
    const { life } = from;
    return {
      ask: (request, signal) =>
        new Promise<PeerAnswer>((resolve, reject) => {
          const give = () => reject(new MeshError('peer_silent', `Host '${request.to}' did not answer.`));
          signal?.addEventListener('abort', give, { once: true });
          void this.clock.sleep(request.answerMsMax).then(give);
          this.#trace(from.id, `→ ${request.to}: ${request.path} ${JSON.stringify(request.body)}`);
          this.#links.carry(from.id, request.to, request, () => {
            void this.#answer(request).then((answer) => {
              if (answer === undefined) return;
              this.#carried(from.id, request.body, answer);
              const body = this.#altered(answer, { from: request.to, to: from.id });
              this.#trace(request.to, `→ ${from.id}: ${JSON.stringify(body)}`);
              this.#links.carry(request.to, from.id, body, () => {
                if (from.life === life) resolve({ status: 200, body: structuredClone(body) });
              });
            });
          });
        }),
    };
  }

  #carried(asker: HostId, ...bodies: readonly unknown[]): void {
    const { requests, octets } = this.traffic(asker);
    const more = bodies.reduce<number>((sum, body) => sum + Buffer.byteLength(JSON.stringify(body)), 0);
    this.#traffic.set(asker, { requests: requests + 1, octets: octets + more });
  }

  /** What a host answers, if it is there. */
  async #answer({ to, path, body }: PeerRequest): Promise<unknown> {
    const { up } = this.#host(to);
    if (up === undefined) return undefined;
    const answer = await this.#said(up, path, structuredClone(body));
    return this.#host(to).up === up ? JSON.parse(JSON.stringify(answer)) : undefined;
  }

  async #said({ feed: { server, relay }, stop: { signal } }: Up, path: string, body: unknown): Promise<unknown> {
    if (path !== FEED_PATH) return server.snapshot(snapshotQuestionSchema.parse(body));
    const relayed = relayQuestionSchema.safeParse(body);
    return relayed.success ? relay.answer(relayed.data, signal) : server.answer(feedQuestionSchema.parse(body), signal);
  }

  #altered(body: unknown, way: Way): unknown {
    const { alter } = this.#options;
    if (alter === undefined || this.random.next() >= this.alteredShare) return body;
    this.#count('altered');
    return alter(body, this.random, way);
  }

  #roster(id: HostId): Roster {
    return rosterOf(id, ...[...this.#members].filter((other) => other !== id));
  }

  #log(id: HostId): Log {
    const said = (event: string, fields: Readonly<Record<string, unknown>> = {}) => {
      this.#trace(id, JSON.stringify(fields));
      this.#note(id, event);
    };
    return { info: said, warn: said, error: said };
  }

  #key(id: HostId): TestKey {
    const key = this.#keys[id];
    if (key === undefined) throw new Error(`The simulation has no key of '${id}'.`);
    return key;
  }

  #note(host: HostId, what: string): void {
    this.#trace(host, what);
    this.#count(what);
  }

  #trace(host: HostId, text: string): void {
    this.#options.trace?.(`${this.clock.monotonicMs().toFixed(1).padStart(9)} ms  ${host.padEnd(6)} ${text}`);
  }

  #count(what: string): void {
    this.met.set(what, (this.met.get(what) ?? 0) + 1);
  }

  #host(id: HostId): Host {
    const host = this.#hosts.get(id);
    if (!host) throw new Error(`The simulation has no host '${id}'.`);
    return host;
  }
}

/** What a host refuses, or gives up when it crashes; anything else is a bug. */
function onlyMeshErrors(error: unknown): void {
  if (!(error instanceof MeshError)) throw error;
}
