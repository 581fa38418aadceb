// Brings every change to every subscription that wants it, in order per agent (node/webhooks/README.md, "A delivery, step by step"). A channel
// knows and decides everything about its subscription; the loop reads, writes, sends and waits for all channels in turn.
// An attempt is durable before it is made. After a crash an attempt may be made again, and none is skipped.
import type { Clock } from '../../../mesh/ports.ts';
import { Pump } from '../../../mesh/time/pump.ts';
import type { ChangeLog, CursorReader } from '../../changes/change-log.ts';
import type { Log } from '../../log.ts';
import { type Found, sourceOf } from '../lanes/source.ts';
import type { Stream } from '../lanes/stream.ts';
import type { Begun, Noted, Turn } from '../lanes/turn.ts';
import type { DeadLetters } from '../records/dead-letters.ts';
import type { Ledger } from '../records/ledger.ts';
import { LogPages } from '../records/log-pages.ts';
import type { Erased, Outcome } from '../schedule/outcome.ts';
import { Places } from '../schedule/places.ts';
import { judge } from '../schedule/schedule.ts';
import type { Sender } from '../sender/sender.ts';
import { Burials } from './burials.ts';
import type { Channel } from './channel.ts';
import { keptOf } from './kept-attempt.ts';
import { LogReader } from './log-reader.ts';
import { Looks } from './looks.ts';
import { type MailPayload, requestOf } from './request.ts';
import { PreparedKeys } from './signature.ts';

/** When stopping: attempts in flight may end by themselves, then they are cut off and must have ended. */
const STOP_MS_MAX = 5 * 1_000;
const STOP_CUT_MS_MAX = 1_000;

export interface DeliveryPorts {
  readonly changes: ChangeLog;
  readonly clock: Clock;
  readonly deadLetters: DeadLetters;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly sender: Sender;
  /** Absent: this node keeps no mailbox. */
  readonly mailPayload?: MailPayload | undefined;
}

export class DeliveryLoop implements CursorReader {
  readonly #ports: DeliveryPorts;
  readonly #pages: LogPages;
  readonly #reader: LogReader;
  readonly #burials: Burials;
  readonly #keys = new PreparedKeys();
  readonly #channels = new Set<Channel>();
  readonly #looks = new Looks<Channel>();
  readonly #places = new Places<Channel>();
  readonly #pump: Pump;

  constructor(ports: DeliveryPorts) {
    this.#ports = ports;
    this.#pages = new LogPages(ports.changes);
    this.#burials = new Burials({
      ...ports,
      pages: this.#pages,
      channels: () => [...this.#channels],
      find: (turn) => this.#find(turn),
      goOn: (channel, turn) => this.#goOn(channel, turn),
    });
    this.#pump = new Pump({ clock: ports.clock, start: () => this.#start() });
    this.#reader = new LogReader({
      pages: this.#pages,
      deadLetters: ports.deadLetters,
      isRunning: () => this.#pump.isRunning,
      changed: (channel) => this.#pokeFor(channel),
    });
  }

  add(channel: Channel): void {
    this.#channels.add(channel);
    this.#pokeFor(channel);
  }

  /** The caller has removed the channel: its attempts in flight are cut off. */
  drop(channel: Channel): void {
    this.#channels.delete(channel);
    this.#places.drop(channel);
    channel.ended.abort();
    // Others may wait for the places that it had.
    this.#pump.poke();
  }

  /** The lowest position of the log that a channel still needs; infinite when there is no channel. */
  get oldestSeq(): number {
    return Math.min(...[...this.#channels].map(({ lanes }) => lanes.oldestSeq));
  }

  /**
   * The log is about to lose its entries up to `seq`: what waits for one of them becomes a dead letter. An attempt in flight, and what stands
   * behind it, is left until the next time. Resolves when all of it is durable.
   */
  async giveUp(seq: number): Promise<void> {
    await this.#burials.upTo(seq);
    this.poke();
    await this.#ports.ledger.flush();
    await this.#burials.bound();
  }

  /** Something changed: look soon for what can be done, for whichever subscription. */
  poke(): void {
    this.#looks.stirAll();
    this.#pump.poke();
  }

  #pokeFor(channel: Channel): void {
    this.#looks.stir(channel);
    this.#pump.poke();
  }

  /**
   * Delivers until `signal` aborts, then lets what is in flight end, at most `STOP_MS_MAX`. Resolves when nothing is in hand
   * any more. Rejects with `store_failed` as soon as the store fails, for then nothing more can be promised. Once only.
   */
  async run(signal: AbortSignal): Promise<void> {
    // A store from before the bound may hold more.
    await this.#burials.bound();
    using changes = new DisposableStack();
    changes.defer(this.#ports.changes.subscribe(() => this.poke()));
    await this.#pump.run(signal, () => {
      changes.dispose();
      return this.#finish();
    });
  }

  async #finish(): Promise<void> {
    await this.#pump.settle(STOP_MS_MAX);
    for (const channel of this.#channels) channel.ended.abort();
    await this.#pump.settle(STOP_CUT_MS_MAX);
    for (const channel of this.#channels) channel.takeBack(0);
    if (!this.#pump.hasFailed) await this.#ports.ledger.flush();
  }

  /** Starts whatever can be started now; never waits. Returns after how many milliseconds something changes by time alone. */
  #start(): number {
    const nowMs = this.#ports.clock.wallMs();
    const looked = this.#looks.take(this.#channels, nowMs);
    for (const channel of looked) {
      const changes = [
        this.#endReplays(channel),
        channel.forgetSecrets(nowMs),
        channel.takeBack(channel.attempts.sendable(nowMs)),
      ];
      if (changes.includes(true)) this.#pump.spawn(() => this.#ports.ledger.flush());
      const expired = channel.sweep(nowMs);
      if (expired.length > 0) this.#pump.spawn(() => this.#burials.all(channel, expired));
      for (const stream of channel.streams) {
        if (this.#reader.hasToRead(channel, stream)) this.#pump.spawn(() => this.#read(channel, stream));
      }
    }
    for (const channel of looked) {
      this.#noteAhead(channel, nowMs);
      this.#places.note(channel, channel.attempts.wantsPlace(nowMs));
    }
    const begun = this.#dispatch(nowMs);
    return this.#looks.done([...looked, ...begun], nowMs) - nowMs;
  }

  /** Notes attempts before there is a place for them, so that no place waits for the disk. */
  #noteAhead(channel: Channel, nowMs: number): void {
    for (let turn = channel.nextTurn(nowMs); turn !== undefined; turn = channel.nextTurn(nowMs)) {
      const noted = channel.note(turn, nowMs);
      this.#pump.spawn(() => this.#prepare(channel, noted));
    }
  }

  async #prepare(channel: Channel, noted: Noted): Promise<void> {
    const [found] = await Promise.all([this.#find(noted), this.#ports.ledger.flush()]);
    const { entry, isDead } = found;
    if (entry !== undefined) {
      channel.attempts.prepare({ ...noted, entry, isDead });
      this.#pokeFor(channel);
      return;
    }
    channel.attempts.unprepared();
    this.#burials.one(channel, noted, found);
    await this.#goOn(channel, noted);
  }

  /** Begins attempts until nobody has one to make, or none of those who have gets a place for it. Returns those who began some. */
  #dispatch(nowMs: number): ReadonlySet<Channel> {
    const began = new Set<Channel>();
    for (let channel = this.#places.next(); channel !== undefined; channel = this.#places.next()) {
      // Its receiver may be left alone by now: it is looked at soon, and waits until then.
      const begun = channel.attempts.wantsPlace(nowMs) ? channel.begin() : undefined;
      if (begun !== undefined) {
        const to = channel;
        this.#pump.spawn(() => this.#attempt(to, begun));
        began.add(channel);
      }
      this.#places.began(channel, channel.attempts.wantsPlace(nowMs));
    }
    return began;
  }

  async #attempt(channel: Channel, begun: Begun): Promise<void> {
    try {
      this.#conclude(channel, begun, await this.#send(channel, begun));
    } finally {
      channel.attempts.end();
    }
    await this.#goOn(channel, begun);
  }

  /** A dead letter that was accepted a moment ago must not be found any more, so a replay looks once everything is durable. */
  async #find({ stream, lane }: Turn): Promise<Found> {
    if (stream.replay !== undefined) await this.#ports.ledger.flush();
    return sourceOf(stream, { pages: this.#pages, deadLetters: this.#ports.deadLetters }).find(lane.seq);
  }

  async #send(channel: Channel, { lane, entry }: Begun): Promise<Outcome | Erased> {
    try {
      const nowMs = this.#ports.clock.wallMs();
      const { sender, mailPayload } = this.#ports;
      const making = { nowMs, attempt: lane.attempts, keys: this.#keys, mailPayload };
      const made = await requestOf(channel.subscription, entry, making);
      return 'kind' in made ? made : await sender.post(made, channel.ended.signal);
    } catch (error) {
      // Neither throws, so this is a bug: told with its stack, and kept from stopping every other delivery.
      this.#ports.log.error('delivery.crashed', { deliveryId: entry.id, stack: (error as Error).stack });
      return { kind: 'failed', error: 'internal_error', message: 'The node failed; its log says why.', tookMs: 0 };
    }
  }

  #conclude(channel: Channel, begun: Begun, outcome: Outcome | Erased): void {
    const { entry } = begun;
    if (channel.isRemoved) return;
    if (outcome.kind === 'erased') {
      if (begun.isDead) channel.letters.letGo(begun.lane.seq);
      this.#ports.log.info('delivery.erased', { deliveryId: entry.id, subscriptionId: channel.id });
      channel.settle(begun);
      return;
    }
    if (outcome.kind === 'failed' && outcome.error === 'cut_off') {
      begun.stream.cutOff(begun.lane);
      return;
    }
    const nowMs = this.#ports.clock.wallMs();
    const attempt = begun.lane.attempts;
    const verdict = judge(outcome, nowMs);
    const ended = keptOf(outcome, { attempt, nowMs });
    const nextTryMs = channel.conclude(begun, verdict, { ended, nowMs });
    this.#ports.log[verdict.kind === 'accepted' ? 'info' : 'warn']('delivery.attempted', {
      deliveryId: entry.id,
      subscriptionId: channel.id,
      agentId: entry.agent.id,
      seq: entry.seq,
      attempt,
      ...(begun.stream.replay === undefined ? {} : { replayId: begun.stream.replay.id }),
      status: outcome.kind === 'answered' ? outcome.status : null,
      ...(outcome.kind === 'failed' ? { error: outcome.error, message: outcome.message } : {}),
      tookMs: outcome.tookMs,
      nextTryAt: nextTryMs === undefined ? null : new Date(nextTryMs).toISOString(),
    });
  }

  /** After a lane's first event is settled: what is next is found, and all of it becomes durable together. */
  async #goOn(channel: Channel, { stream, lane }: Turn): Promise<void> {
    if (channel.isRemoved) return;
    // First, so that the next attempt's record is part of this very commit.
    this.#pokeFor(channel);
    await this.#ports.ledger.flush();
    if (lane.state === 'seeking') await this.#reader.seek(channel, stream, lane);
  }

  async #read(channel: Channel, stream: Stream): Promise<void> {
    if (await this.#reader.read(channel, stream)) await this.#ports.ledger.flush();
  }

  #endReplays(channel: Channel): boolean {
    const over = channel.endReplays();
    for (const { id } of over) this.#ports.log.info('replay.ended', { subscriptionId: channel.id, replayId: id });
    return over.length > 0;
  }
}
