// What is given up: an event whose life is over, that the log is about to lose, or that it has lost becomes a dead letter, and its lane goes on.
import type { Clock } from '../../../mesh/ports.ts';
import type { Log } from '../../log.ts';
import type { Found } from '../lanes/source.ts';
import type { Turn } from '../lanes/turn.ts';
import { DeadLetterBound } from '../records/dead-letter-bound.ts';
import type { DeadLetters } from '../records/dead-letters.ts';
import type { Ledger } from '../records/ledger.ts';
import type { LogPages } from '../records/log-pages.ts';
import type { DeadLetter } from '../webhook-records.ts';
import type { Channel } from './channel.ts';

export interface BurialPorts {
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly deadLetters: DeadLetters;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly pages: LogPages;
  /** All that there are. */
  readonly channels: () => readonly Channel[];
  /** The entry of a turn, with where it was found. */
  readonly find: (turn: Turn) => Promise<Found>;
  /** A turn's event is settled. Resolves when that is durable. */
  readonly goOn: (channel: Channel, turn: Turn) => Promise<void>;
}

export class Burials {
  readonly #ports: BurialPorts;
  readonly #bound: DeadLetterBound;

  constructor(ports: BurialPorts) {
    this.#ports = ports;
    this.#bound = new DeadLetterBound(ports);
  }

  /** Buries what waits for an entry up to `seq`. An attempt in flight, and what stands behind it, is left until the next time. */
  async upTo(seq: number): Promise<void> {
    for (const channel of this.#ports.channels()) await this.#upTo(channel, seq);
  }

  async #upTo(channel: Channel, seq: number): Promise<void> {
    const { live, lanes } = channel;
    while (!channel.isRemoved && lanes.oldestSeq <= seq) {
      const late = channel.late(seq);
      await this.all(channel, late);
      const { cursor } = lanes;
      if (cursor < seq && !live.isRecalling) live.readOn(await this.#ports.pages.after(cursor));
      if (late.length === 0 && lanes.cursor === cursor) return;
    }
  }

  /** Buries the first events of occupied lanes, and sees to the bound. */
  async all(channel: Channel, turns: readonly Turn[]): Promise<void> {
    for (const turn of turns) {
      this.one(channel, turn, await this.#ports.find(turn));
      await this.#ports.goOn(channel, turn);
    }
    await this.bound();
  }

  /** Keeps the dead letter of one; the caller goes on with its lane. */
  one(channel: Channel, turn: Turn, { entry, isDead }: Found): void {
    if (channel.isRemoved) return;
    const { lane, stream } = turn;
    if (entry === undefined && stream.replay !== undefined) {
      // Nothing can be sent again, and nothing is lost by that: it was accepted once.
      channel.settle(turn);
      return;
    }
    const { seq, attempts, history } = lane;
    const nowMs = this.#ports.clock.wallMs();
    const reason = entry === undefined ? 'missing' : 'expired';
    const diedAt = new Date(nowMs).toISOString();
    const place = { subscriptionId: channel.id, seq, reason } as const;
    const letter: DeadLetter = { ...place, attempts, diedAt, history: [...history], entry: entry ?? null };
    channel.bury(turn, letter, { isDead, nowMs });
    this.#ports.log.warn('delivery.died', { deliveryId: entry?.id ?? null, ...place, agentId: lane.agentId, attempts });
  }

  /** Resolves when all subscriptions together keep no more dead letters than they may, durably. */
  bound(): Promise<void> {
    return this.#bound.enforce(() => this.#ports.channels());
  }
}
