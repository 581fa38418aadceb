// Hosts that follow each other in virtual time: the product's registry, change log, feeds and copies, over a network that loses, repeats,
// reorders and cuts, and disks that lose what was not synced. Only sockets, HTTP's signatures and the claims' voters are left out.

import { parseIdentityAddress } from '../../mesh/address/identity.ts';
import { MeshError } from '../../mesh/errors.ts';
import { canonicalJson } from '../../mesh/feed/canonical-json.ts';
import { FEED_PATH, feedQuestionSchema, SNAPSHOT_PATH, snapshotQuestionSchema } from '../../mesh/feed/messages.ts';
import type { IndexRow } from '../../mesh/lookup/index-entry.ts';
import type { AgentId, HostId } from '../../mesh/names.ts';
import type { PeerAnswer, PeerRequest, PeerTransport, Random } from '../../mesh/ports.ts';
import { rosterOf } from '../../mesh/roster.ts';
import { type ChangeEntry, type HeardEntry, isHeard } from '../../node/changes/change-log.ts';
import { FeedServer } from '../../node/feed/feed-server.ts';
import { Followers } from '../../node/feed/followers.ts';
import { HostCopies } from '../../node/feed/host-copies.ts';
import { EmailIndex } from '../../node/registry/email-index.ts';
import { snapshotSources } from '../../node/registry/index-rows.ts';
import { openRegistry, type Registry } from '../../node/registry/registry.ts';
import { MemoryClaims } from './memory-claims.ts';
import { type MemoryDisk, MemoryStore } from './memory-store.ts';
import { rosterOf as rosterNamed } from './roster-of.ts';
import { seededRandom } from './seeded-random.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { type Faults, SimulatedLinks } from './simulated-links.ts';
import { testKeys } from './test-keys.ts';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

interface Up {
  readonly store: MemoryStore;
  readonly registry: Registry;
  readonly index: EmailIndex;
  readonly copies: HostCopies;
  readonly server: FeedServer;
  readonly followers: Followers;
  readonly stop: AbortController;
}

interface Host {
  readonly id: HostId;
  claims: MemoryClaims;
  disk: MemoryDisk;
  up: Up | undefined;
  /** Changes with each start and each crash. */
  life: number;
  /** Agents that were ever created here. */
  agents: number;
}

export interface FeedSimulationOptions {
  /** Told what happens, a line at a time. */
  readonly trace?: (line: string) => void;
}

export class FeedSimulation {
  readonly random: Random;
  readonly clock = new SimulatedClock();
  readonly violations: string[] = [];
  /** How often each thing was met. */
  readonly met = new Map<string, number>();
  readonly #links: SimulatedLinks;
  readonly #hosts = new Map<HostId, Host>();
  /** Hosts that were taken out of every hosts.json. */
  readonly #left = new Set<HostId>();
  /** Rows that a host ever showed, by host. */
  readonly #shown = new Map<HostId, Set<string>>();
  /** Where a follower took a snapshot: follower, origin, log id and n. */
  readonly #snapshots = new Set<string>();
  readonly #options: FeedSimulationOptions;

  constructor(seed: number, hosts: readonly string[], faults: Faults, options: FeedSimulationOptions = {}) {
    this.random = seededRandom(seed);
    this.#options = options;
    this.#links = new SimulatedLinks(this.clock.time, this.random, faults);
    for (const id of hosts as readonly HostId[]) {
      this.#hosts.set(id, { id, claims: new MemoryClaims(), disk: new Map(), up: undefined, life: 0, agents: 0 });
      this.#shown.set(id, new Set());
    }
  }

  get hostIds(): readonly HostId[] {
    return [...this.#hosts.keys()];
  }

  set faults(faults: Faults) {
    this.#links.faults = faults;
  }

  isUp(id: HostId): boolean {
    return this.#host(id).up !== undefined;
  }

  /** Starts a host from its disk; from an empty one when `isWiped`; from an older one when that is given. */
  async start(id: HostId, from: 'disk' | 'nothing' | MemoryDisk = 'disk'): Promise<void> {
    const host = this.#host(id);
    if (host.up !== undefined) return;
    if (from === 'nothing') {
      host.disk = new Map();
      host.claims = new MemoryClaims();
    } else if (from !== 'disk') host.disk = from;
    host.life += 1;
    this.#met(from === 'disk' ? 'start' : from === 'nothing' ? 'wiped' : 'set back', id);
    const { clock } = this;
    const random = seededRandom(this.random.next() * 2 ** 32);
    const store = new MemoryStore({ disk: host.disk, sync: () => this.#sync() });
    const { signer } = testKeys(id)[id] ?? {};
    if (signer === undefined) throw new Error(`'${id}' has no key.`);
    const index = new EmailIndex({ self: () => ({ url: `http://${id}.example:23000` }), random });
    const registry = await openRegistry({
      ...{
        store,
        index,
        clock,
        random,
        log: quiet,
        hostId: id,
        parseAddress: parseIdentityAddress,
        claims: host.claims,
      },
      legacy: { ownerOf: async () => undefined, claimed: () => undefined },
    });
    const copies = await HostCopies.open(store, clock);
    const { changes } = registry;
    const core = { clock, random, changes, log: quiet };
    const server = new FeedServer({
      ...{ ...core, hostId: id, signer },
      agents: () => snapshotSources(registry.table.list()),
    });
    const followers = new Followers({
      ...{ ...core, copies, parseAddress: parseIdentityAddress, entriesPerCommit: 3 },
      roster: () => this.#rosterOf(id),
      transport: this.#transport(host),
      keyOf: (peer) => testKeys(peer)[peer]?.key,
      isLegacy: () => false,
      isMember: () => false,
    });
    const stop = new AbortController();
    host.up = { store, registry, index, copies, server, followers, stop };
    this.#note(host);
    void followers.run(stop.signal).catch(() => undefined);
    await clock.advance(0);
  }

  /** Stops a host at once. Of the writes under way, some first ones reached the disk. */
  crash(id: HostId): void {
    const host = this.#host(id);
    if (host.up === undefined) return;
    const { store, stop } = host.up;
    this.#met('crash', id);
    host.life += 1;
    host.up = undefined;
    stop.abort();
    host.disk = store.crash(Math.floor(this.random.next() * (store.pending + 1)));
  }

  /** What the disk of a host that runs would be after a power cut now: to be set back to later. */
  diskOf(id: HostId): MemoryDisk {
    const { up, disk } = this.#host(id);
    return up?.store.snapshot() ?? disk;
  }

  /** From now on no hosts.json lists the host; it stops. */
  leave(id: HostId): void {
    this.crash(id);
    this.#left.add(id);
    for (const { up } of this.#hosts.values()) up?.followers.edited();
  }

  /** A new agent of that host, without an address. */
  async create(id: HostId): Promise<void> {
    const host = this.#host(id);
    host.agents += 1;
    const made = host.up?.registry.agents.create({
      name: `agent-${host.agents}`,
      id: `${id}-${host.agents}` as AgentId,
    });
    await this.advance(200);
    await made;
  }

  /** Some change of the registry of that host. */
  mutate(id: HostId): void {
    const host = this.#host(id);
    if (host.up === undefined) return;
    const { registry } = host.up;
    const agents = registry.table.list();
    const agent = agents[Math.floor(this.random.next() * agents.length)];
    const chance = this.random.next();
    const address = `${id}-${Math.floor(this.random.next() * 12)}@x.test`;
    const work = (): Promise<unknown> => {
      if (agent === undefined || chance < 0.2) {
        host.agents += 1;
        return registry.agents.create({ name: `agent-${host.agents}`, id: `${id}-${host.agents}` as AgentId });
      }
      if (chance < 0.55) return registry.addresses.add(agent.id, { address });
      const [first] = agent.addresses;
      if (chance < 0.65 && first !== undefined) return registry.addresses.remove(agent.id, first.key);
      if (chance < 0.72 && first !== undefined)
        return registry.addresses.patch(agent.id, first.key, { displayName: `Name ${Math.floor(chance * 1_000)}` });
      if (chance < 0.8) return registry.agents.patch(agent.id, { name: `renamed-${Math.floor(chance * 1_000)}` });
      if (chance < 0.88) return registry.agents.patch(agent.id, { tools: { email: { enabled: !agent.emailEnabled } } });
      return registry.agents.remove(agent.id);
    };
    const { life } = host;
    work().then(
      () => {
        if (host.life === life) this.#note(host);
      },
      (error: unknown) => {
        if (!(error instanceof MeshError)) throw error;
      },
    );
  }

  cut(from: HostId, to: HostId): void {
    this.#met('cut', from);
    this.#links.cut(from, to);
  }

  mend(): void {
    this.#links.mend();
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.clock.monotonicMs() + ms;
    while (this.clock.monotonicMs() < endMs) {
      await this.clock.advance(Math.min(50, endMs - this.clock.monotonicMs()));
      this.#expectReal();
    }
  }

  /** Everything works from now on, and every host that did not leave is there. */
  async heal(): Promise<void> {
    this.mend();
    this.faults = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };
    for (const id of this.hostIds) if (!this.#left.has(id)) await this.start(id);
  }

  /** What is wrong once everything has come to rest. */
  async expectPeace(): Promise<void> {
    for (const { id: reader, up } of this.#hosts.values()) {
      if (up === undefined) continue;
      const entries = await allOf(up.registry);
      for (const { id: origin, up: owner } of this.#hosts.values()) {
        if (origin === reader) continue;
        const rows = [...up.copies.copy.ofHost(origin)].map(canonicalJson).sort();
        const own = owner === undefined ? [] : rowsOfRegistry(owner.registry).map(canonicalJson).sort();
        if (owner === undefined && !this.#left.has(origin)) continue;
        if (rows.join() !== own.join())
          this.violations.push(
            `${reader} has ${rows.length} addresses of ${origin} at rest, which shows ${own.length}, or others (${up.followers.viewOf(origin)?.why ?? up.followers.viewOf(origin)?.state})`,
          );
        const heard = entries.filter(isHeard).filter((entry) => entry.origin.hostId === origin);
        this.#expectHistory(reader, origin, heard, owner?.registry);
      }
      const ids = entries.map(({ id }) => id);
      const twice = ids.find((id, at) => ids.indexOf(id) !== at);
      if (twice !== undefined)
        this.violations.push(
          `${reader} tells of event ${twice} twice: ${JSON.stringify(entries.filter((e) => e.id === twice))}`,
        );
    }
  }

  /** What a reader that applies what it hears makes of it is what the owner has; and nothing is missing in between. */
  #expectHistory(reader: HostId, origin: HostId, heard: readonly HeardEntry[], owner: Registry | undefined): void {
    const made = new Map<AgentId, readonly string[]>();
    let before: HeardEntry | undefined;
    for (const entry of heard) {
      const { logId, n } = entry.origin;
      const follows = before !== undefined && before.origin.logId === logId && n === before.origin.n + 1;
      if (entry.resync !== true && !follows && !this.#snapshots.has(`${reader} ${origin} ${logId} ${n - 1}`))
        this.violations.push(
          `${reader} heard entry ${n} of ${origin} after entry ${before?.origin.n ?? 'nothing'}, without a snapshot`,
        );
      before = entry;
      if (entry.event === 'agent.deleted') made.delete(entry.agent.id);
      else made.set(entry.agent.id, entry.changes.current);
    }
    const agents = owner?.table.list() ?? [];
    for (const { id, emailEnabled, addresses } of agents) {
      const shown = emailEnabled ? addresses.map(({ address }) => address) : [];
      const told = made.get(id);
      if (told === undefined || [...told].sort().join() !== [...shown].sort().join())
        this.violations.push(
          `${reader} was told that agent ${id} of ${origin} has '${told ?? 'nothing'}', and it has '${shown}'`,
        );
      made.delete(id);
    }
    for (const id of made.keys()) this.violations.push(`${reader} was not told that agent ${id} of ${origin} is gone`);
  }

  /** At no time does a copy show what its owner never had. */
  #expectReal(): void {
    for (const { id, up } of this.#hosts.values())
      for (const row of up?.copies.copy.all() ?? [])
        if (this.#shown.get(row.hostId)?.has(canonicalJson(row)) !== true)
          this.violations.push(`${id} shows ${row.address} of ${row.hostId} as that host never had it`);
  }

  #note({ id, up }: Host): void {
    for (const row of up === undefined ? [] : rowsOfRegistry(up.registry)) this.#shown.get(id)?.add(canonicalJson(row));
  }

  #rosterOf(id: HostId) {
    const all = rosterNamed(id, ...this.hostIds.filter((other) => other !== id));
    return rosterOf(
      all.hosts.filter((host) => !this.#left.has(host.id)),
      all.self,
    );
  }

  #transport(from: Host): PeerTransport {
    const { life } = from;
    return {
      ask: (request, signal) =>
        new Promise<PeerAnswer>((resolve, reject) => {
          const give = () => reject(new MeshError('peer_silent', `Host '${request.to}' did not answer.`));
          signal?.addEventListener('abort', give, { once: true });
          void this.clock.sleep(request.answerMsMax).then(give);
          this.#links.carry(from.id, request.to, request, () => {
            void this.#answer(from.id, request)?.then((body) => {
              this.#options.trace?.(`${request.to} → ${from.id}: ${JSON.stringify(body).slice(0, 200)}`);
              this.#links.carry(request.to, from.id, body, () => {
                if (from.life === life) resolve(structuredClone({ status: 200, body }));
              });
            });
          });
        }),
    };
  }

  #answer(from: HostId, { to, path, body }: PeerRequest): Promise<unknown> | undefined {
    const { up, life } = this.#host(to);
    if (up === undefined) return undefined;
    const said = structuredClone(body);
    const alive = async (answer: unknown) => (this.#host(to).life === life ? answer : new Promise(() => undefined));
    if (path === FEED_PATH)
      return up.server.answer(feedQuestionSchema.parse(said), up.stop.signal).then((answer) => {
        this.#met(answer.kind === 'gone' ? 'gone' : answer.entries.length === 0 ? 'nothing new' : 'chunk', to);
        return alive(answer);
      });
    if (path !== SNAPSHOT_PATH) throw new Error(`Nobody answers ${path} here.`);
    const page = up.server.snapshot(snapshotQuestionSchema.parse(said));
    if (page.kind === 'page') this.#snapshots.add(`${from} ${to} ${page.head.logId} ${page.head.n}`);
    this.#met('snapshot', to);
    return alive(page);
  }

  async #sync(): Promise<void> {
    await this.clock.sleep(this.random.next() * this.#links.faults.syncMs);
  }

  #met(what: string, id: HostId): void {
    this.#options.trace?.(`${Math.round(this.clock.monotonicMs())} ${id}: ${what}`);
    this.met.set(what, (this.met.get(what) ?? 0) + 1);
  }

  #host(id: HostId): Host {
    const host = this.#hosts.get(id);
    if (host === undefined) throw new Error(`There is no host '${id}'.`);
    return host;
  }
}

function rowsOfRegistry(registry: Registry): readonly IndexRow[] {
  return snapshotSources(registry.table.list()).flatMap((source) => source.read().rows);
}

async function allOf({ changes }: Registry): Promise<readonly ChangeEntry[]> {
  const entries: ChangeEntry[] = [];
  for (let after = 0; ; ) {
    const page = await changes.read(after, 1_000);
    const last = page.at(-1);
    if (last === undefined) return entries;
    entries.push(...page);
    after = last.seq;
  }
}
