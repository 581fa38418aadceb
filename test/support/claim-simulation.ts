// A mesh of claims in virtual time: the product's own core (`step`) on several hosts, with a network that loses, repeats,
// reorders and cuts, disks that lose what was not synced, and hosts that crash between any two effects. One seed, one run.
import type { Register } from '../../mesh/claims/acceptor.ts';
import { compareBallots } from '../../mesh/claims/ballot.ts';
import type { Owner } from '../../mesh/claims/claim-store.ts';
import { step } from '../../mesh/claims/core.ts';
import { type CoreState, createCore } from '../../mesh/claims/core-state.ts';
import type { Effect, Event, Result } from '../../mesh/claims/events.ts';
import { votersOf } from '../../mesh/claims/forming.ts';
import type { ClaimAnswer, ClaimMessage, Greeting } from '../../mesh/claims/messages.ts';
import { emptyClaimRecords, readClaimRecord, unsettledWrite } from '../../mesh/claims/records.ts';
import { Heap } from '../../mesh/heap.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../mesh/names.ts';
import type { Random, Write } from '../../mesh/ports.ts';
import { seededRandom } from './seeded-random.ts';

export interface Faults {
  /** Share of messages lost, and share delivered twice. */
  readonly loss: number;
  readonly repeat: number;
  /** Longest delay of a message, and of a sync, in virtual milliseconds. */
  readonly delayMs: number;
  readonly syncMs: number;
}

/** How an operation that a client asked for ended; a crash of its host leaves it without an end. */
export interface Outcome {
  readonly host: HostId;
  readonly key: AddressKey;
  readonly claimId: ClaimId;
  readonly result: 'held' | 'released' | 'conflict' | 'unavailable';
  /** Whom a conflict named. */
  readonly owner?: Owner;
}

interface Due {
  readonly atMs: number;
  readonly order: number;
  run(): void;
}

interface Pending {
  readonly writes: readonly Write[];
  after(): void;
}

interface SimulatedHost {
  readonly id: HostId;
  /** What survives a crash. */
  readonly disk: Map<string, unknown>;
  /** Writes on their way to the disk, oldest first. */
  pending: Pending[];
  syncing: boolean;
  core: CoreState | undefined;
  registry: Map<AddressKey, Owner>;
  /** Changes with each start: what belongs to an earlier life is void. */
  life: number;
  voters: readonly HostId[];
  readonly busy: Set<AddressKey>;
  readonly finishing: Map<number, (result: Result) => void>;
  readonly answering: Map<number, (answer: ClaimAnswer | Greeting) => void>;
}

const REGISTRY = 'registry/';

export class ClaimSimulation {
  readonly random: Random;
  readonly outcomes: Outcome[] = [];
  /** Everything that is wrong, as a sentence. */
  readonly violations: string[] = [];
  faults: Faults;
  nowMs = 0;
  readonly #hosts = new Map<HostId, SimulatedHost>();
  readonly #due = new Heap<Due>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
  readonly #cut = new Set<string>();
  readonly #chosen = new Map<AddressKey, Set<ClaimId>>();
  #numbers = 0;

  constructor(seed: number, hosts: readonly string[], faults: Faults) {
    this.random = seededRandom(seed);
    this.faults = faults;
    const voters = [...hosts].sort() as HostId[];
    for (const id of voters) {
      this.#hosts.set(id, {
        id,
        disk: new Map(),
        pending: [],
        syncing: false,
        core: undefined,
        registry: new Map(),
        life: 0,
        voters,
        busy: new Set(),
        finishing: new Map(),
        answering: new Map(),
      });
    }
  }

  get hostIds(): readonly HostId[] {
    return [...this.#hosts.keys()];
  }

  isUp(id: HostId): boolean {
    return this.#host(id).core !== undefined;
  }

  holds(id: HostId, key: AddressKey): Owner | undefined {
    return this.#host(id).registry.get(key);
  }

  /** Claims and releases that a host still has to settle, and those its disk remembers. */
  unsettled(id: HostId): number {
    const host = this.#host(id);
    return (
      [...host.disk.keys()].filter((key) => key.startsWith('claim/unsettled/')).length +
      (host.core?.operations.size ?? 0)
    );
  }

  /** Starts a host from what its disk holds. */
  start(id: HostId): void {
    const host = this.#host(id);
    host.life += 1;
    host.registry = new Map();
    const records = emptyClaimRecords();
    for (const [key, value] of host.disk) {
      if (key.startsWith(REGISTRY)) host.registry.set(key.slice(REGISTRY.length) as AddressKey, value as Owner);
      else readClaimRecord(records, key, structuredClone(value));
    }
    const registry = { holder: (key: AddressKey) => host.registry.get(key), isEmpty: () => host.registry.size === 0 };
    const freshIncarnation = Buffer.from(this.random.bytes(16)).toString('hex');
    host.core = createCore({ self: id, voters: host.voters, records, registry, freshIncarnation });
    this.#tell(host, { type: 'started' });
  }

  /** Stops a host at once. Of the writes under way, some first ones reached the disk, the others did not. */
  crash(id: HostId): void {
    const host = this.#host(id);
    if (!host.core) return;
    host.core = undefined;
    host.life += 1;
    const reached = Math.floor(this.random.next() * (host.pending.length + 1));
    for (const { writes } of host.pending.slice(0, reached)) this.#apply(host, writes);
    host.pending = [];
    host.syncing = false;
    host.busy.clear();
    host.finishing.clear();
    host.answering.clear();
  }

  /** Everything on a host's disk is gone. */
  wipe(id: HostId): void {
    this.crash(id);
    this.#host(id).disk.clear();
  }

  /** Edits a host's hosts.json. */
  wish(id: HostId, voters: readonly string[]): void {
    const host = this.#host(id);
    host.voters = [...voters].sort() as HostId[];
    if (host.core) this.#tell(host, { type: 'wished', voters: host.voters });
  }

  cut(from: HostId, to: HostId): void {
    this.#cut.add(`${from}>${to}`);
  }

  /** Links all work again. */
  mend(): void {
    this.#cut.clear();
  }

  /** Ends all faults: links work, nothing is lost, every host is up. */
  heal(): void {
    this.mend();
    this.faults = {
      loss: 0,
      repeat: 0,
      delayMs: Math.min(5, this.faults.delayMs),
      syncMs: Math.min(5, this.faults.syncMs),
    };
    for (const id of this.hostIds) if (!this.isUp(id)) this.start(id);
  }

  /** A client's claim, as a registry makes it. Does nothing when the host is down or has the address in hand. */
  claim(id: HostId, key: AddressKey): void {
    const host = this.#host(id);
    if (!host.core || host.busy.has(key)) return;
    const claimId = this.#name('claim') as ClaimId;
    const held = host.registry.get(key);
    if (held) {
      this.outcomes.push({ host: id, key, claimId, result: 'conflict', owner: held });
      return;
    }
    host.busy.add(key);
    const owner: Owner = {
      hostId: id,
      agentId: 'agent' as AgentId,
      agentName: 'agent',
      claimId,
      since: '2026-01-27T12:00:00Z',
    };
    this.#run(
      host,
      (operation) => ({ type: 'claim', operation, claims: [{ key, owner }] }),
      (result) => {
        if (result.kind === 'held') {
          this.#persist(host, [...result.settled, { key: REGISTRY + key, value: owner }], () => {
            host.registry.set(key, owner);
            this.#expectOneHolder(key);
            this.#ended(host, { host: id, key, claimId, result: 'held' });
          });
        } else if (result.kind === 'conflict') {
          this.#expectChosen(result.key, result.owner);
          this.#ended(host, { host: id, key, claimId, result: 'conflict', owner: result.owner });
        } else this.#ended(host, { host: id, key, claimId, result: 'unavailable' });
      },
    );
  }

  /** A client's release, as a registry makes it. */
  release(id: HostId, key: AddressKey): void {
    const host = this.#host(id);
    const held = host.registry.get(key);
    if (!host.core || !held || host.busy.has(key)) return;
    host.busy.add(key);
    const { claimId } = held;
    this.#persist(host, [unsettledWrite({ key, claimId }), { key: REGISTRY + key, value: undefined }], () => {
      host.registry.delete(key);
      this.#ended(host, { host: id, key, claimId, result: 'released' });
      this.#run(
        host,
        (operation) => ({ type: 'free', operation, claims: [{ key, claimId }] }),
        () => undefined,
      );
    });
  }

  /** Asks a host who owns an address, as the voters know it. */
  read(id: HostId, key: AddressKey, done: (result: Result) => void): void {
    this.#run(this.#host(id), (operation) => ({ type: 'read', operation, key }), done);
  }

  /** Lets virtual time pass. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let next = this.#due.peek(); next !== undefined && next.atMs <= endMs; next = this.#due.peek()) {
      this.#due.pop();
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = endMs;
  }

  /** Something at `afterMs` from now. */
  at(afterMs: number, run: () => void): void {
    this.#numbers += 1;
    this.#due.push({ atMs: this.nowMs + afterMs, order: this.#numbers, run });
  }

  #tell(host: SimulatedHost, event: Event): void {
    if (!host.core) return;
    for (const effect of step(host.core, event, this.nowMs)) this.#do(host, effect);
  }

  #do(host: SimulatedHost, effect: Effect): void {
    if (!host.core) return;
    switch (effect.type) {
      case 'send': {
        const message: ClaimMessage = { version: 1, voters: votersOf(host.core.membership), items: effect.items };
        this.#ask(
          host,
          effect.to,
          (token) => ({ type: 'received', token, from: host.id, message }),
          (answer) => ({ type: 'answered', from: effect.to, answer: answer as ClaimAnswer, tookMs: 10 }),
        );
        return;
      }
      case 'greet':
        this.#ask(
          host,
          effect.to,
          (token) => ({ type: 'greeted', token, from: host.id, greeting: effect.greeting }),
          (greeting) => ({ type: 'greetingAnswered', from: effect.to, greeting: greeting as Greeting }),
        );
        return;
      case 'persist':
        this.#persist(host, effect.writes, () => {
          for (const next of effect.after) this.#do(host, next);
        });
        return;
      case 'timer': {
        const { life } = host;
        const [minMs, maxMs] = effect.afterMs;
        this.at(minMs + (maxMs - minMs) * this.random.next(), () => {
          if (host.life === life) this.#tell(host, effect.event);
        });
        return;
      }
      case 'event':
        this.#tell(host, effect.event);
        return;
      case 'answer':
        host.answering.get(effect.token)?.(effect.answer);
        host.answering.delete(effect.token);
        return;
      case 'answerGreeting':
        host.answering.get(effect.token)?.(effect.greeting);
        host.answering.delete(effect.token);
        return;
      case 'finish':
        host.finishing.get(effect.operation)?.(effect.result);
        host.finishing.delete(effect.operation);
    }
  }

  /** A message and its answer; each may be lost, late or doubled. To itself a host speaks without a network. */
  #ask(
    from: SimulatedHost,
    toId: HostId,
    ask: (token: number) => Event,
    heard: (answer: ClaimAnswer | Greeting) => Event,
  ): void {
    const to = this.#hosts.get(toId);
    if (!to) return;
    const { life } = from;
    this.#carry(from.id, toId, () => {
      this.#numbers += 1;
      const token = this.#numbers;
      to.answering.set(token, (answer) => {
        this.#carry(toId, from.id, () => {
          if (from.life === life) this.#tell(from, heard(structuredClone(answer)));
        });
      });
      this.#tell(to, structuredClone(ask(token)));
    });
  }

  #carry(from: HostId, to: HostId, deliver: () => void): void {
    if (from === to) {
      this.at(0, deliver);
      return;
    }
    const copies = this.random.next() < this.faults.repeat ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.random.next() < this.faults.loss) continue;
      this.at(this.random.next() * this.faults.delayMs, () => {
        if (!this.#cut.has(`${from}>${to}`)) deliver();
      });
    }
  }

  #persist(host: SimulatedHost, writes: readonly Write[], after: () => void): void {
    host.pending.push({ writes, after });
    if (!host.syncing) this.#sync(host);
  }

  /** One sync takes everything that was pending when it began, as the store's group commit does. */
  #sync(host: SimulatedHost): void {
    const { life } = host;
    const group = host.pending.length;
    host.syncing = true;
    this.at(this.random.next() * this.faults.syncMs, () => {
      if (host.life !== life) return;
      const done = host.pending.splice(0, group);
      host.syncing = false;
      for (const { writes } of done) this.#apply(host, writes);
      if (host.pending.length > 0) this.#sync(host);
      for (const { after } of done) if (host.life === life) after();
    });
  }

  #apply(host: SimulatedHost, writes: readonly Write[]): void {
    for (const { key, value } of writes) {
      if (value === undefined) host.disk.delete(key);
      else host.disk.set(key, structuredClone(value));
      if (key.startsWith('claim/register/')) this.#noteChosen(key.slice('claim/register/'.length) as AddressKey);
    }
  }

  /** A value is chosen once a majority has accepted it under one ballot. Seen from outside, on the disks. */
  #noteChosen(key: AddressKey): void {
    const voters = [...this.#hosts.values()].filter((host) => host.voters.includes(host.id));
    const registers = voters.map((host) => host.disk.get(`claim/register/${key}`) as Register | undefined);
    for (const register of registers) {
      if (!register?.accepted || !register.value) continue;
      const same = registers.filter((other) => compareBallots(other?.accepted ?? null, register.accepted) === 0).length;
      if (2 * same > registers.length) {
        const known = this.#chosen.get(key) ?? new Set();
        this.#chosen.set(key, known.add(register.value.claimId));
      }
    }
  }

  #run(host: SimulatedHost, event: (operation: number) => Event, done: (result: Result) => void): void {
    this.#numbers += 1;
    host.finishing.set(this.#numbers, done);
    this.#tell(host, event(this.#numbers));
  }

  #ended(host: SimulatedHost, outcome: Outcome): void {
    host.busy.delete(outcome.key);
    this.outcomes.push(outcome);
  }

  #expectOneHolder(key: AddressKey): void {
    const holders = [...this.#hosts.values()].filter((host) =>
      host.core ? host.registry.has(key) : host.disk.has(REGISTRY + key),
    );
    if (holders.length > 1)
      this.violations.push(`${key} is held by ${holders.map((host) => host.id).join(' and ')} at ${this.nowMs} ms`);
  }

  #expectChosen(key: AddressKey, owner: Owner): void {
    if (!this.#chosen.get(key)?.has(owner.claimId)) {
      this.violations.push(
        `a claim of ${key} lost to ${owner.claimId} of ${owner.hostId}, which was never chosen, at ${this.nowMs} ms`,
      );
    }
  }

  #name(kind: string): string {
    this.#numbers += 1;
    return `${kind}-${String(this.#numbers).padStart(8, '0')}`;
  }

  #host(id: HostId): SimulatedHost {
    const host = this.#hosts.get(id);
    if (!host) throw new Error(`The simulation has no host '${id}'.`);
    return host;
  }
}
