// Whole hosts in virtual time: the product's registry, index, claims with their runner, look-ups and questions to a legacy host, over a
// network that loses, repeats, reorders and cuts, and disks that lose what was not synced. Only sockets and signatures are left out.
// Slower by far than claim-simulation.ts, which has the core of the claims alone; what it watches besides is what look-ups answer.
// Longer than 300 lines: what builds a host, what tests do to it and what carries its questions share the hosts and the order of chance.

import { parseIdentityAddress } from '../../mesh/address/identity.ts';
import { nextCore } from '../../mesh/claims/core.ts';
import { CLAIM_MESSAGES_PATH, CLAIM_QUESTIONS_PATH } from '../../mesh/claims/peer-questions.ts';
import { QuorumClaims } from '../../mesh/claims/quorum-claims.ts';
import { MeshError } from '../../mesh/errors.ts';
import { firstChain } from '../../mesh/feed/chain.ts';
import { EMPTY_DIGEST } from '../../mesh/feed/digest.ts';
import { parseRoster } from '../../mesh/hosts-json.ts';
import { createLookUp, type LookUp, type LookUpAnswer } from '../../mesh/lookup/fan-out.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../mesh/names.ts';
import type { Clock, PeerAnswer, PeerRequest, PeerTransport, Random } from '../../mesh/ports.ts';
import type { Roster } from '../../mesh/roster.ts';
import { readClaimRecord } from '../../mesh/state/claim-record-door.ts';
import { CLAIM_PREFIX, emptyClaimRecords } from '../../mesh/state/claim-records.ts';
import type { CoreState } from '../../mesh/state/core-state.ts';
import type { ClaimMessage } from '../../mesh/state/messages.ts';
import { claimMessageSchema, questionSchema } from '../../mesh/state/schemas.ts';
import { LegacyClaims } from '../../node/peers/legacy/legacy-claims.ts';
import { LegacyDoubles } from '../../node/peers/legacy/legacy-doubles.ts';
import { LegacyPeers } from '../../node/peers/legacy/legacy-peers.ts';
import type { LegacyOwners } from '../../node/registry/address-claims.ts';
import type { Agent } from '../../node/registry/agent.ts';
import type { EmailIndex } from '../../node/registry/email-index.ts';
import { SECRET_BYTES } from '../../node/registry/keyed-hash.ts';
import { openRegistry, type Registry } from '../../node/registry/registry.ts';
import { ClaimHistory } from './claim-history.ts';
import { LookUpTruth } from './look-up-truth.ts';
import { type MemoryDisk, MemoryStore } from './memory-store.ts';
import { notedClaims } from './noted-claims.ts';
import { parsePlainAddress } from './plain-address.ts';
import { seededRandom } from './seeded-random.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { type Faults, SimulatedLinks } from './simulated-links.ts';
import { testKeys } from './test-keys.ts';
import { WatchedIndex } from './watched-index.ts';

/** What of it is other than the product's own; for tests of the tests. */
export interface NodeSimulationOptions {
  /** Around every host's look-up. */
  readonly lookUp?: (lookUp: LookUp, clock: Clock) => LookUp;
  /** Whether the legacy host is asked before a claim. */
  readonly asksLegacy?: boolean;
  /** Told what happens, a line at a time. */
  readonly trace?: (line: string) => void;
}

/** Only looks, like the original; nothing it has ever changes here. */
const LEGACY = 'old' as HostId;
/** No draw of the run's own chance, so that a seed stays the run that it was. */
const SECRET = new Uint8Array(SECRET_BYTES);
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const { key: someKey } = testKeys('any').any;

interface Up {
  readonly store: MemoryStore;
  readonly claims: QuorumClaims;
  readonly registry: Registry;
  readonly index: EmailIndex;
  readonly lookUp: LookUp;
  readonly stop: AbortController;
}

interface Host {
  readonly id: HostId;
  readonly roster: Roster;
  disk: MemoryDisk;
  up: Up | undefined;
  /** Changes with each start and each crash. */
  life: number;
}

interface LegacyLinks {
  readonly peers: LegacyPeers;
  readonly transport: PeerTransport;
  readonly index: WatchedIndex;
}

export class NodeSimulation {
  readonly random: Random;
  readonly clock = new SimulatedClock();
  readonly history = new ClaimHistory();
  readonly violations: string[] = [];
  /** How often each end of a claim and of a look-up was met. */
  readonly met = new Map<string, number>();
  readonly #links: SimulatedLinks;
  readonly #hosts = new Map<HostId, Host>();
  readonly #truth: LookUpTruth;
  readonly #options: NodeSimulationOptions;
  readonly #legacy: ReadonlySet<AddressKey>;
  #legacyIsSilent = false;

  /** `legacy`: addresses of a legacy host, which is there only if it has some. */
  constructor(
    seed: number,
    hosts: readonly string[],
    legacy: readonly AddressKey[],
    faults: Faults,
    options: NodeSimulationOptions = {},
  ) {
    this.random = seededRandom(seed);
    this.#options = options;
    this.#links = new SimulatedLinks(this.clock.time, this.random, faults);
    this.#legacy = new Set(legacy);
    this.#truth = new LookUpTruth({
      legacyHost: LEGACY,
      legacy: this.#legacy,
      violated: (sentence) => this.violations.push(sentence),
    });
    const entries = [
      ...hosts.map((id) => ({ id, url: `http://${id}.test` })),
      ...(legacy.length === 0 ? [] : [{ id: LEGACY, url: 'http://old.test', legacy: true }]),
    ];
    for (const id of hosts) {
      const roster = parseRoster(JSON.stringify({ hosts: entries }), { id, hostName: id });
      // They know each other's keys already, and have a log: a start has nothing to write before it can go on, and leaves chance alone.
      const keyed = hosts.filter((peer) => peer !== id).map((peer) => [`keyed/${peer}`, 'true'] as const);
      const log = { seq: 0, logId: id, n: 0, chain: firstChain(id), digest: EMPTY_DIGEST };
      const disk = new Map([...keyed, ['change-end', JSON.stringify(log)]]);
      this.#hosts.set(id as HostId, { id: id as HostId, roster, disk, up: undefined, life: 0 });
      this.#truth.left(id as HostId, 0);
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

  holds(id: HostId, key: AddressKey): boolean {
    return this.#host(id).up?.index.holder(key) !== undefined;
  }

  cut(from: HostId, to: HostId): void {
    this.#trace(from, `no longer reaches ${to}`);
    this.#links.cut(from, to);
  }

  mend(): void {
    this.#links.mend();
  }

  silenceLegacy(isSilent: boolean): void {
    this.#legacyIsSilent = isSilent;
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  async heal(): Promise<void> {
    this.mend();
    this.silenceLegacy(false);
    this.faults = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };
    for (const id of this.hostIds) if (!this.isUp(id)) await this.start(id);
  }

  /** Starts a host from what its disk holds. */
  async start(id: HostId): Promise<void> {
    const host = this.#host(id);
    if (host.up !== undefined) return;
    host.life += 1;
    const { life } = host;
    this.#trace(id, 'starts');
    const { clock, random } = this;
    const sync = () => clock.sleep(random.next() * this.#links.faults.syncMs);
    const store = new MemoryStore({ disk: host.disk, sync });
    void store.failed.then((reason) => this.violations.push(`${id} stopped: ${reason.message}`));
    const roster = () => host.roster;
    const transport = this.#transport(host);
    const index = new WatchedIndex({ self: () => host.roster.self, random, secret: SECRET }, (key, isShown) =>
      this.#truth.shown(id, key, isShown, clock.monotonicMs()),
    );
    const legacy = await LegacyPeers.open({
      ...{ mode: 'detect', roster, store, log: quiet },
      keys: { known: (peer) => (peer === LEGACY ? undefined : someKey) },
      ...{ believesLegacy: () => true, changed: () => undefined },
    });
    const claims = new QuorumClaims({
      core: await this.#coreOf(host, store, index),
      journal: store,
      transport,
      clock,
      random,
      log: () => undefined,
      doubted: () => undefined,
    });
    const registry = await openRegistry({
      ...{ store, index, clock, random, log: quiet, hostId: id, parseAddress: parseIdentityAddress },
      claims: notedClaims(claims, { history: this.history, clock, hostId: id, isOver: () => host.life !== life }),
      legacy: this.#legacyOwners(id, { peers: legacy, transport, index }),
    });
    const ask = createLookUp({
      ...{ transport, roster, clock, parseAddress: parsePlainAddress },
      local: (question) => index.answer(question),
      isLegacy: (peer) => peer === LEGACY,
      isOwner: () => false,
      isDown: () => false,
    });
    const lookUp = this.#options.lookUp?.(ask, clock) ?? ask;
    host.up = { store, claims, registry, index, lookUp, stop: new AbortController() };
    this.#truth.returned(id, clock.monotonicMs());
    claims.start();
    if (registry.table.list().length === 0)
      void registry.agents.create({ name: 'agent', id: agentOf(id) }).catch(onlyMeshErrors);
    await this.clock.advance(0);
    if (host.life !== life) throw new Error('A host can not crash while it starts.');
  }

  /** What a host asks the legacy host. */
  #legacyOwners(id: HostId, { peers, transport, index }: LegacyLinks): LegacyOwners {
    if (this.#options.asksLegacy === false) return { ownerOf: async () => undefined, claimed: () => undefined };
    const stopping = new AbortController().signal;
    const parts = { peers, transport, clock: this.clock, parseAddress: parsePlainAddress, stopping };
    const introductions = { meetAll: () => Promise.resolve() };
    const claims = new LegacyClaims({ ...parts, introductions, mode: 'detect', log: quiet });
    const doubles = new LegacyDoubles({
      ...parts,
      doubled: (key) => this.violations.push(`${key} is claimed by ${id}, and the legacy host has it`),
      holds: (key) => index.holder(key) !== undefined,
    });
    return {
      ownerOf: (addresses) => claims.ownerOf(addresses),
      claimed: (addresses) => doubles.claimed(addresses),
    };
  }

  /** The core that a host begins with, from what its disk holds. */
  async #coreOf({ id, roster }: Host, store: MemoryStore, index: WatchedIndex): Promise<CoreState> {
    const records = emptyClaimRecords();
    for await (const page of store.load(CLAIM_PREFIX)) for (const record of page) readClaimRecord(records, record);
    const voters = roster.voters.filter((voter) => voter !== LEGACY);
    return nextCore({
      self: id,
      wish: { voters, members: voters },
      records,
      random: this.random,
      registry: {
        holder: (key) => {
          const held = index.holder(key);
          return held && { ...ownerIn(id, held.agent), ...held.source };
        },
        isEmpty: () => index.size === 0,
        keys: () => index.keys(),
      },
    });
  }

  /** Stops a host at once. Of the writes under way, some first ones reached the disk. */
  crash(id: HostId): void {
    const host = this.#host(id);
    if (host.up === undefined) return;
    const { store, claims, stop } = host.up;
    this.#trace(id, 'crashes');
    host.life += 1;
    host.up = undefined;
    stop.abort(new MeshError('stopping', 'The host crashed.'));
    host.disk = store.crash(Math.floor(this.random.next() * (store.pending + 1)));
    claims.stop();
    const nowMs = this.clock.monotonicMs();
    this.history.crashed(id, nowMs);
    this.#truth.left(id, nowMs);
  }

  /** A client's claim. */
  claim(id: HostId, key: AddressKey): void {
    const host = this.#host(id);
    const { life, up } = host;
    if (up === undefined || up.registry.table.find(agentOf(id)) === undefined) return;
    const callMs = this.clock.monotonicMs();
    this.#trace(id, `is asked to claim ${key}`);
    up.registry.addresses.add(agentOf(id), { address: key }).then(
      ({ address, isNew }) => {
        if (host.life !== life) return;
        this.#ended(id, isNew ? 'claimed' : 'held already', `${key} as ${address.claimId}`);
        if (isNew) this.history.claimWon(address.claimId, this.clock.monotonicMs());
        else this.history.saw(key, address.claimId, callMs, this.clock.monotonicMs());
        if (this.#legacy.has(key)) this.violations.push(`${id} was given ${key}, which the legacy host has`);
      },
      (error: unknown) => {
        if (host.life !== life) return;
        const { code, claimIds, extra } = onlyMeshErrors(error);
        const by = extra.claimedBy as { hostId: HostId } | undefined;
        this.#ended(id, by?.hostId === LEGACY ? 'conflict with the legacy host' : code, key);
        const [named] = claimIds as readonly ClaimId[];
        if (code === 'conflict' && named !== undefined) this.history.saw(key, named, callMs, this.clock.monotonicMs());
      },
    );
  }

  /** A client's release, by whoever holds it. */
  release(key: AddressKey): void {
    const host = [...this.#hosts.values()].find(({ id }) => this.holds(id, key));
    const held = host?.up?.index.holder(key);
    if (host?.up === undefined || held === undefined) return;
    const { life } = host;
    const freed = this.history.releaseCalled(key, held.source.claimId, this.clock.monotonicMs());
    host.up.registry.addresses.remove(agentOf(host.id), key).then(({ releasing }) => {
      if (host.life !== life) return;
      this.#ended(host.id, releasing.length === 0 ? 'released' : 'releasing', key);
      if (releasing.length === 0) freed(this.clock.monotonicMs());
    }, onlyMeshErrors);
  }

  /** A gateway's federated look-up; its answer is held against what the hosts had meanwhile. */
  lookUp(id: HostId, key: AddressKey, done: (answer: LookUpAnswer) => void = () => undefined): void {
    const host = this.#host(id);
    const { life, up } = host;
    const address = parsePlainAddress(key);
    if (up === undefined || !address.valid) return;
    const callMs = this.clock.monotonicMs();
    this.#trace(id, `is asked who has ${key}`);
    up.lookUp({ address }, up.stop.signal).then((answer) => {
      if (host.life !== life) return;
      const named = answer.emails.get(key)?.entry.hostId ?? 'nobody';
      this.#ended(
        id,
        answer.meta.hostsFailed.length > 0 ? 'looked up, not everywhere' : 'looked up',
        `${key}: ${named}`,
      );
      this.#truth.expect(host.roster, key, answer, { fromMs: callMs, toMs: this.clock.monotonicMs() });
      done(answer);
    }, onlyMeshErrors);
  }

  /** Everything that was wrong: what was seen on the way, and histories that no register could have had. */
  faultsFound(): readonly string[] {
    return [...this.violations, ...this.history.violations()];
  }

  #transport(from: Host): PeerTransport {
    const { life } = from;
    return {
      ask: (request, signal) =>
        new Promise<PeerAnswer>((resolve, reject) => {
          const give = () => reject(new MeshError('peer_silent', `Host '${request.to}' did not answer.`));
          signal?.addEventListener('abort', give, { once: true });
          void this.clock.sleep(request.answerMsMax).then(give);
          this.#trace(
            from.id,
            `→ ${request.to}: ${request.method} ${request.path} ${JSON.stringify(request.body ?? '')}`,
          );
          this.#links.carry(from.id, request.to, request, () => {
            void this.#answer(from.id, request).then((answer) => {
              if (answer === undefined) return;
              this.#trace(request.to, `→ ${from.id}: ${answer.status} ${JSON.stringify(answer.body)}`);
              this.#links.carry(request.to, from.id, answer, () => {
                if (from.life === life) resolve(structuredClone(answer));
              });
            });
          });
        }),
    };
  }

  /** What a host answers, if it is there. */
  async #answer(from: HostId, { to, path, body }: PeerRequest): Promise<PeerAnswer | undefined> {
    const address = new URL(path, 'http://any.test').searchParams.get('address') as AddressKey;
    if (to === LEGACY) {
      if (this.#legacyIsSilent) return undefined;
      const entry = { agentId: 'theirs', agentName: 'oberon', hostId: LEGACY, primary: true };
      return { status: 200, body: this.#legacy.has(address) ? { [address]: entry } : {} };
    }
    const { up } = this.#host(to);
    if (up === undefined) return undefined;
    if (path === CLAIM_MESSAGES_PATH)
      return { status: 200, body: await up.claims.receive(from, claimMessageSchema.parse(copy(body)) as ClaimMessage) };
    if (path === CLAIM_QUESTIONS_PATH)
      return { status: 200, body: await up.claims.receiveQuestion(from, questionSchema.parse(copy(body))) };
    const held = up.index.byAddress(address);
    return { status: 200, body: held === undefined ? {} : JSON.parse(held.mapJson) };
  }

  #trace(host: HostId, text: string): void {
    this.#options.trace?.(`${this.clock.monotonicMs().toFixed(1).padStart(9)} ms  ${host.padEnd(6)} ${text}`);
  }

  #ended(host: HostId, what: string, about: string): void {
    this.#trace(host, `${what}: ${about}`);
    this.met.set(what, (this.met.get(what) ?? 0) + 1);
  }

  #host(id: HostId): Host {
    const host = this.#hosts.get(id);
    if (!host) throw new Error(`The simulation has no host '${id}'.`);
    return host;
  }
}

function agentOf(id: HostId): AgentId {
  return `agent-of-${id}` as AgentId;
}

function ownerIn(hostId: HostId, { id, name }: Pick<Agent, 'id' | 'name'>) {
  return { hostId, agentId: id, agentName: name };
}

function copy(body: unknown): unknown {
  return JSON.parse(JSON.stringify(body));
}

/** What a host refuses, or gives up when it crashes; anything else is a bug. */
function onlyMeshErrors(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  throw error;
}
