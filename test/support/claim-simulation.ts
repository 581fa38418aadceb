// A mesh of claims in virtual time: the product's own core (`step`) on several hosts, with a network that loses, repeats,
// reorders and cuts, disks that lose what was not synced, and hosts that crash between any two effects. One seed, one run.
// Longer than 300 lines: what the tests do to hosts, and what becomes of the effects, share the hosts and the order of chance.

import { step } from '../../mesh/claims/core.ts';
import { EffectQueue } from '../../mesh/claims/effect-queue.ts';
import { BrokenInvariant } from '../../mesh/invariant.ts';
import { statusOf } from '../../mesh/membership/claim-status.ts';
import { messageOf } from '../../mesh/membership/epoch.ts';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { Random } from '../../mesh/ports.ts';
import type { ClaimStatus } from '../../mesh/state/claim-store.ts';
import { type Config, firstConfig, type Voters } from '../../mesh/state/config.ts';
import type { CollectionTimes, CoreState } from '../../mesh/state/core-state.ts';
import type { Effect, Event, Result } from '../../mesh/state/events.ts';
import { isJoining } from '../../mesh/state/membership.ts';
import type { ClaimAnswer, Reply } from '../../mesh/state/messages.ts';
import { ChosenClaims } from './chosen-claims.ts';
import { ClaimHistory } from './claim-history.ts';
import { describeEffect, describeEvent } from './claim-trace.ts';
import { seededRandom } from './seeded-random.ts';
import { type Outcome, SimulatedClients } from './simulated-clients.ts';
import { type DiskRules, SimulatedDisk, SOUND_DISK } from './simulated-disk.ts';
import { isSpokenWith, newHost, REGISTRY, readDisk, type SimulatedHost, unsettledOf } from './simulated-host.ts';
import { type Faults, SimulatedLinks } from './simulated-links.ts';
import { SimulatedTime } from './simulated-time.ts';
import { misbelief } from './told-profiles.ts';

/** What of the simulated mesh is other than the product's own; for tests of the tests, and for speed. A broken rule is a changed source (changed-sources.ts). */
export interface SimulationOptions {
  readonly disk?: DiskRules;
  readonly step?: typeof step;
  /** When released names are collected; absent: never. */
  readonly collecting?: CollectionTimes;
  /** Whether the disks show what was chosen; not where another procedure, or a lying disk, is under test. */
  readonly watchesDisks?: boolean;
  /** Told what happens, a line at a time. */
  readonly trace?: (line: string) => void;
  /** Whether what is said is copied on its way, so that hosts share nothing by mistake; costs half of the time. */
  readonly copies?: boolean;
}

const WALL_START_MS = Date.parse('2026-01-27T12:00:00Z');

export class ClaimSimulation {
  readonly random: Random;
  readonly time = new SimulatedTime();
  readonly links: SimulatedLinks;
  readonly history = new ClaimHistory();
  /** Everything that was seen to be wrong on the way, as a sentence. */
  readonly violations: string[] = [];
  /** What the hosts logged. */
  readonly logged: { readonly host: HostId; readonly event: string; readonly atMs: number }[] = [];
  /** Hosts that were to ask about their own addresses again, each as often as it was. */
  readonly doubting: HostId[] = [];
  readonly #hosts = new Map<HostId, SimulatedHost>();
  readonly #chosen = new ChosenClaims();
  readonly #clients: SimulatedClients;
  readonly #options: SimulationOptions & Required<Pick<SimulationOptions, 'disk' | 'step' | 'copies' | 'watchesDisks'>>;
  #numbers = 0;

  constructor(seed: number, hosts: readonly string[], faults: Faults, options: SimulationOptions = {}) {
    this.random = seededRandom(seed);
    this.#options = { disk: SOUND_DISK, step, copies: true, watchesDisks: true, ...options };
    this.links = new SimulatedLinks(this.time, this.random, faults);
    this.#clients = new SimulatedClients({
      history: this.history,
      nowMs: () => this.nowMs,
      nextNumber: () => this.#nextNumber(),
      tell: (host, event) => this.#tell(host, event),
      trace: (id, text) => this.#trace(id, text),
      violated: (sentence) => this.violations.push(sentence),
      held: (key) => this.#expectOneHolder(key),
      lostTo: (key, owner) => this.#expectChosen(key, owner),
    });
    const voters = [...hosts].sort() as HostId[];
    for (const id of voters) {
      const disk: SimulatedDisk = new SimulatedDisk({
        time: this.time,
        random: this.random,
        rules: this.#options.disk,
        syncMs: () => this.links.faults.syncMs,
        written: (writes) => this.#chosen.written(id, disk, writes),
      });
      const effects = new EffectQueue((effect) => this.#do(this.#host(id), effect));
      this.#hosts.set(id, newHost({ id, disk, effects, wish: { voters, members: voters } }));
    }
  }

  get nowMs(): number {
    return this.time.nowMs;
  }

  set faults(faults: Faults) {
    this.links.faults = faults;
  }

  get outcomes(): Outcome[] {
    return this.#clients.outcomes;
  }

  get hostIds(): readonly HostId[] {
    return [...this.#hosts.keys()];
  }

  core(id: HostId): CoreState | undefined {
    return this.#host(id).core;
  }

  isUp(id: HostId): boolean {
    return this.#host(id).core !== undefined;
  }

  holds(id: HostId, key: AddressKey): Owner | undefined {
    return this.#host(id).registry.get(key);
  }

  /** Claims and releases that a host still has to end, and those its disk remembers. */
  unsettled(id: HostId): number {
    return unsettledOf(this.#host(id));
  }

  /** Starts a host from what its disk holds. */
  start(id: HostId): void {
    const host = this.#host(id);
    host.life += 1;
    const core = readDisk(host, this.random, this.#options.collecting);
    this.#trace(id, 'starts');
    host.core = core;
    this.#tell(host, { type: 'started' });
  }

  /** Stops a host at once. Of the writes under way, some first ones reached the disk, the others did not. */
  crash(id: HostId): void {
    const host = this.#host(id);
    if (!host.core) return;
    host.core = undefined;
    host.life += 1;
    this.#trace(id, 'crashes');
    host.disk.crash();
    this.history.crashed(id, this.nowMs);
    host.busy.clear();
    host.finishing.clear();
    host.answering.clear();
  }

  /** What is on a host's disk now, to be restored later. */
  backup(id: HostId): () => void {
    const host = this.#host(id);
    const records = new Map(host.disk.records);
    return () => {
      this.crash(id);
      this.#trace(id, 'is restored from a backup');
      host.disk.records.clear();
      for (const [key, value] of records) host.disk.records.set(key, value);
    };
  }

  /** Everything on a host's disk is gone. */
  wipe(id: HostId): void {
    this.crash(id);
    this.#trace(id, 'loses its disk');
    this.#host(id).disk.records.clear();
    this.history.wiped(id, this.nowMs);
  }

  /** Edits a host's hosts.json: who votes, and who else belongs to the mesh. */
  wish(id: HostId, voters: readonly string[], others: readonly string[] = []): void {
    const host = this.#host(id);
    const sorted = (ids: readonly string[]) => [...new Set(ids)].sort() as HostId[];
    host.wish = { voters: sorted(voters), members: sorted([...voters, ...others]) };
    if (host.core) this.#tell(host, { type: 'wished', wish: host.wish });
  }

  /** The epoch that a host goes by, 0 before the first configuration; and whether the mesh moves, as it sees it. */
  epochOf(id: HostId): { readonly epoch: number; readonly voters: readonly string[]; readonly isMoving: boolean } {
    const config = this.#host(id).core?.membership.config;
    return {
      epoch: config?.epoch ?? 0,
      voters: Object.keys(config?.voters ?? {}).sort(),
      isMoving: config?.old !== undefined,
    };
  }

  /** Whether a host has lost its claim data and waits to be brought in again. */
  isJoining(id: HostId): boolean {
    const { core } = this.#host(id);
    return core !== undefined && isJoining(core.membership);
  }

  /** Whether a host could claim, as `/ready` says. */
  status(id: HostId): ClaimStatus | undefined {
    const { core } = this.#host(id);
    return core && statusOf(core);
  }

  /** A vote that a host never cast. */
  forget(id: HostId, key: AddressKey): void {
    const host = this.#host(id);
    host.core?.registers.delete(key);
    host.disk.records.delete(`claim/register/${key}`);
  }

  cut(from: HostId, to: HostId): void {
    this.#trace(from, `no longer reaches ${to}`);
    this.links.cut(from, to);
  }

  /** Links all work again. */
  mend(): void {
    this.links.mend();
  }

  /** Ends all faults: links work, nothing is lost, every host is up. */
  heal(): void {
    this.mend();
    const { delayMs, syncMs } = this.links.faults;
    this.faults = { loss: 0, repeat: 0, delayMs: Math.min(5, delayMs), syncMs: Math.min(5, syncMs) };
    this.links.delayOf = undefined;
    for (const id of this.hostIds) if (!this.isUp(id)) this.start(id);
  }

  /** A client's claim, as a registry makes it. Does nothing when the host is down or has the address in hand. */
  claim(id: HostId, key: AddressKey): void {
    this.#clients.claim(this.#host(id), key);
  }

  /** Asks the voters about an address that a host's registry holds, as after a loss: nobody else can have it. */
  confirm(id: HostId, key: AddressKey): void {
    this.#clients.confirm(this.#host(id), key);
  }

  /** An operator's word; resolves to what became of it. */
  command(id: HostId, event: (operation: number) => Event): Result[] {
    const results: Result[] = [];
    this.#clients.run(this.#host(id), event, (result) => results.push(result));
    return results;
  }

  /** A client's release, as a registry makes it. */
  release(id: HostId, key: AddressKey): void {
    this.#clients.release(this.#host(id), key);
  }

  /** Asks a host who owns an address, as the voters know it. */
  read(id: HostId, key: AddressKey, done: (result: Result) => void = () => undefined): void {
    this.#clients.read(this.#host(id), key, done);
  }

  /** What a local look-up shows: an address that a registry holds is held in the register too. */
  lookUp(id: HostId, key: AddressKey): void {
    const host = this.#host(id);
    const held = host.registry.get(key);
    if (host.core && held) this.history.saw(key, held.claimId, this.nowMs, this.nowMs);
  }

  /** Makes the hosts those of a mesh that has formed; before they are started. `gone`: hosts that left it, and since when. `members`: all, unless told. */
  formed(voters: readonly string[], gone: Config['gone'] = {}, members: readonly HostId[] = this.hostIds): void {
    const incarnations: Record<string, string> = {};
    for (const id of voters) incarnations[id] = Buffer.from(this.random.bytes(16)).toString('hex');
    const config = { ...firstConfig(incarnations as Voters, members), gone };
    this.#chosen.configured(config);
    for (const { id, disk } of this.#hosts.values()) {
      if (incarnations[id] !== undefined) disk.records.set('claim/incarnation', incarnations[id]);
      disk.records.set('claim/config', config);
    }
  }

  /** Everything that was wrong: what was seen on the way, and histories that no register could have had. */
  faultsFound(): readonly string[] {
    return [...this.violations, ...this.history.violations()];
  }

  /** Lets virtual time pass. */
  advance(ms: number): void {
    this.time.advance(ms);
  }

  #tell(host: SimulatedHost, event: Event): void {
    if (!host.core) return;
    const { step: stepOf, trace } = this.#options;
    if (trace !== undefined) this.#trace(host.id, describeEvent(event));
    try {
      const believed = this.#believedOf(host, event);
      const effects = stepOf(host.core, event, this.nowMs, WALL_START_MS + this.nowMs);
      if (believed !== this.#believedOf(host, event)) this.#expectTrueBelief(host.core, event);
      host.effects.push(effects);
    } catch (error) {
      if (!(error instanceof BrokenInvariant)) throw error;
      this.violations.push(`${host.id} stopped at ${this.nowMs} ms: ${error.message}`);
      this.crash(host.id);
    }
  }

  #do(host: SimulatedHost, effect: Effect): void {
    if (!host.core) return;
    if (this.#options.trace !== undefined) this.#trace(host.id, describeEffect(effect));
    switch (effect.type) {
      case 'send':
        this.#send(host, host.core, effect);
        return;
      case 'ask':
        this.#askAbout(host, effect);
        return;
      case 'log':
        this.logged.push({ host: host.id, event: effect.event, atMs: this.nowMs });
        return;
      case 'doubt':
        // What a registry holds is asked about again: a search's work, which is not part of this simulation.
        this.doubting.push(host.id);
        return;
      case 'persist':
        host.disk.commit(effect.writes, () => host.effects.push(effect.after));
        return;
      case 'timer':
        this.#setTimer(host, effect);
        return;
      case 'event':
        this.#tell(host, effect.event);
        return;
      case 'answer':
        host.answering.get(effect.token)?.(effect.answer);
        host.answering.delete(effect.token);
        return;
      case 'reply':
        host.answering.get(effect.token)?.(effect.reply);
        host.answering.delete(effect.token);
        return;
      case 'finish':
        host.finishing.get(effect.operation)?.(effect.result);
        host.finishing.delete(effect.operation);
    }
  }

  #send(host: SimulatedHost, core: CoreState, { to, items }: Extract<Effect, { type: 'send' }>): void {
    const message = messageOf(core, items);
    this.#ask(
      host,
      to,
      (token) => ({ type: 'received', token, from: host.id, message }),
      (answer) => ({ type: 'answered', from: to, answer: answer as ClaimAnswer, tookMs: 10 }),
    );
  }

  #askAbout(host: SimulatedHost, { to, question }: Extract<Effect, { type: 'ask' }>): void {
    this.#ask(
      host,
      to,
      (token) => ({ type: 'asked', token, from: host.id, question }),
      (reply) => ({ type: 'replied', from: to, question, reply: reply as Reply }),
    );
  }

  #setTimer(host: SimulatedHost, { afterMs: [minMs, maxMs], event }: Extract<Effect, { type: 'timer' }>): void {
    const { life } = host;
    this.time.at(minMs + (maxMs - minMs) * this.random.next(), () => {
      if (host.life === life) this.#tell(host, event);
    });
  }

  /** A message and its answer; each may be lost, late or doubled. */
  #ask(
    from: SimulatedHost,
    toId: HostId,
    ask: (token: number) => Event,
    heard: (answer: ClaimAnswer | Reply) => Event,
  ): void {
    const to = this.#hosts.get(toId);
    if (!to) return;
    const { life } = from;
    const copy = <T>(said: T): T => (this.#options.copies ? structuredClone(said) : said);
    if (!isSpokenWith(from, toId)) return;
    this.links.carry(from.id, toId, ask(0), () => {
      if (!isSpokenWith(to, from.id)) return;
      const token = this.#nextNumber();
      to.answering.set(token, (answer) => {
        this.links.carry(toId, from.id, answer, () => {
          if (from.life === life) this.#tell(from, heard(copy(answer)));
        });
      });
      this.#tell(to, copy(ask(token)));
    });
  }

  #trace(host: HostId, text: string): void {
    this.#options.trace?.(`${this.nowMs.toFixed(1).padStart(9)} ms  ${host.padEnd(6)} ${text}`);
  }

  /** What the host believes of the one that this event is about. */
  #believedOf({ core }: SimulatedHost, event: Event): unknown {
    return 'from' in event ? core?.membership.greetings.get(event.from) : undefined;
  }

  /** After a short greeting that was heard. */
  #expectTrueBelief(hearer: CoreState, event: Event): void {
    const said = event.type === 'asked' ? event.question : event.type === 'replied' ? event.reply : undefined;
    if (said === undefined || !('about' in said) || said.about !== 'again' || !('from' in event)) return;
    const speaker = this.#host(event.from).core;
    const wrong = speaker === undefined ? undefined : misbelief(speaker, hearer, said.profile);
    if (wrong !== undefined) this.violations.push(`${wrong}, at ${this.nowMs} ms`);
  }

  #expectOneHolder(key: AddressKey): void {
    const holders = [...this.#hosts.values()].filter((host) =>
      host.core ? host.registry.has(key) : host.disk.records.has(REGISTRY + key),
    );
    if (holders.length > 1)
      this.violations.push(`${key} is held by ${holders.map((host) => host.id).join(' and ')} at ${this.nowMs} ms`);
  }

  #expectChosen(key: AddressKey, owner: Owner): void {
    if (this.#options.watchesDisks && !this.#chosen.isChosen(owner.claimId))
      this.violations.push(
        `a claim of ${key} lost to ${owner.claimId} of ${owner.hostId}, which was never chosen, at ${this.nowMs} ms`,
      );
  }

  #nextNumber(): number {
    this.#numbers += 1;
    return this.#numbers;
  }

  #host(id: HostId): SimulatedHost {
    const host = this.#hosts.get(id);
    if (!host) throw new Error(`The simulation has no host '${id}'.`);
    return host;
  }
}
