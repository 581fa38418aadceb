// The deliveries of subscriptions as the rest of the node meets them: shown, tried again, and replayed.
import { MeshError } from '../../mesh/errors.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import { newUuid } from '../../mesh/uuid.ts';
import type { ChangeLog } from '../changes/change-log.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import type { Channel } from './delivery/channel.ts';
import {
  type DeliveryPage,
  type DeliveryQuery,
  findDelivery,
  listDeliveries,
  SOUGHT_ENTRIES_MAX,
} from './delivery/delivery-list.ts';
import {
  type AttemptView,
  attemptsOf,
  type DeliveryView,
  deliveryView,
  type Known,
  statusOf,
} from './delivery/delivery-view.ts';
import type { Guard } from './guard/guard.ts';
import { countPending } from './lanes/backlog.ts';
import { laneName } from './lanes/lane-name.ts';
import { isReplayed } from './lanes/replays.ts';
import { sourceOf } from './lanes/source.ts';
import type { DeadLetters } from './records/dead-letters.ts';
import type { Ledger } from './records/ledger.ts';
import { LogPages } from './records/log-pages.ts';
import type { StoredReplay } from './webhook-records.ts';

/** Pages read to say how much a replay will send; of more it is said that it is at least so much. */
const MATCHED_PAGES_MAX = 800;

export interface DeliveriesPorts {
  readonly changes: ChangeLog;
  readonly deadLetters: DeadLetters;
  readonly store: Pick<Store, 'load'>;
  readonly ledger: Ledger;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly random: Random;
  readonly log: Log;
  readonly guard: Pick<Guard, 'vet'>;
  /** Throws `not_found`. */
  readonly channelOf: (id: string) => Channel;
  /** Enables the subscription, or makes whatever waits due. */
  readonly release: (channel: Channel) => Promise<void>;
  /** Something is to be delivered. */
  readonly poke: () => void;
}

export interface ReplayRequest {
  /** `dead`: the dead letters. `held`: what waits or is held. `all`: the dead letters, and what was accepted. */
  readonly status: 'dead' | 'held' | 'all';
  /** Wall clock: changes that happened from then on, and up to then. Not with `held`, which goes in order. */
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly dryRun: boolean;
}

export interface ReplayAnswer {
  readonly status: ReplayRequest['status'];
  /** Absent: nothing was begun, or what waits is sent by itself. */
  readonly replayId?: string;
  /** Events that are sent again, as far as they were counted. */
  readonly matched: number;
  /** More than that: so many were counted. */
  readonly atLeast?: true;
}

export class Deliveries {
  readonly #ports: DeliveriesPorts;

  constructor(ports: DeliveriesPorts) {
    this.#ports = ports;
  }

  /** Throws `not_found`, as do the others. */
  async list(webhookId: string, query: DeliveryQuery): Promise<DeliveryPage> {
    return listDeliveries(this.#ports, this.#ports.channelOf(webhookId), query);
  }

  async get(webhookId: string, id: string): Promise<DeliveryView & { readonly attempts: readonly AttemptView[] }> {
    const channel = this.#ports.channelOf(webhookId);
    const { known, status } = await this.#find(channel, id);
    return { ...deliveryView(channel, known, status), attempts: attemptsOf(channel, known) };
  }

  /**
   * Attempts a delivery again as soon as there is a place: what waits for its time, what died, what was accepted. Throws `conflict` when
   * the subscription is disabled, when an earlier event of the agent must be settled first, or when the entry is lost.
   */
  async retry(webhookId: string, id: string): Promise<DeliveryView> {
    const channel = this.#ports.channelOf(webhookId);
    await this.#ports.guard.vet(channel.subscription.url);
    refuseDisabled(channel);
    const { known, status } = await this.#find(channel, id);
    this.#refuseChanged(channel);
    if (known.entry === undefined)
      throw new MeshError('conflict', 'The entry of this delivery is lost: nothing is left to send.');
    if (status === 'pending') hastenLive(channel, known);
    else this.#sendAgain(channel, known.seq);
    await this.#ports.ledger.flush();
    this.#ports.poke();
    this.#ports.log.info('delivery.retried', {
      subscriptionId: channel.id,
      deliveryId: known.entry.id,
      seq: known.seq,
    });
    return deliveryView(channel, known, status);
  }

  /** Throws `conflict` when the subscription is disabled (unless for `held`), or when another replay is under way. */
  async replay(webhookId: string, request: ReplayRequest): Promise<ReplayAnswer> {
    const { status, dryRun } = request;
    const channel = this.#ports.channelOf(webhookId);
    if (!dryRun) await this.#ports.guard.vet(channel.subscription.url);
    if (status === 'held') return this.#release(channel, request);
    const replay = this.#replayOf(channel, { ...request, status });
    const counted = await this.#count(channel, replay);
    if (dryRun) return { status, ...counted };
    this.#refuseChanged(channel);
    this.#begin(channel, replay);
    await this.#ports.ledger.flush();
    this.#ports.poke();
    this.#ports.log.info('replay.begun', { subscriptionId: channel.id, replayId: replay.id, status, ...counted });
    return { status, replayId: replay.id, ...counted };
  }

  async #release(channel: Channel, { sinceMs, untilMs, dryRun }: ReplayRequest): Promise<ReplayAnswer> {
    if (sinceMs !== undefined || untilMs !== undefined) {
      const field = sinceMs === undefined ? 'until' : 'since';
      const message = `'${field}' is not for "held": what waits is sent in its order, and none of it is left out.`;
      throw new MeshError('invalid_request', message, { field });
    }
    const { events, isAtLeast } = await countPending(channel.lanes, new LogPages(this.#ports.changes));
    this.#ports.channelOf(channel.id);
    if (!dryRun) await this.#ports.release(channel);
    return { status: 'held', matched: events, ...(isAtLeast ? { atLeast: true } : {}) };
  }

  /** A subscription may have been removed or disabled while entries were read for it. Throws `not_found`, `conflict`. */
  #refuseChanged(channel: Channel): void {
    this.#ports.channelOf(channel.id);
    refuseDisabled(channel);
  }

  async #find(channel: Channel, id: string) {
    const known = await findDelivery(this.#ports, channel, id);
    const status = known === undefined ? undefined : statusOf(channel, known);
    if (known !== undefined && status !== undefined) return { known, status };
    throw new MeshError(
      'not_found',
      `This webhook has no delivery '${id.slice(0, 100)}' among its dead letters and the newest ${SOUGHT_ENTRIES_MAX.toLocaleString('en')} entries of the log.`,
    );
  }

  #sendAgain(channel: Channel, seq: number): void {
    const sending = channel.replays.sending(seq);
    if (sending?.lane !== undefined) channel.hasten(sending.lane, sending.stream);
    else if (sending === undefined)
      this.#begin(channel, {
        ...this.#replayOf(channel, { status: 'all' }),
        isSingle: true,
        cursor: seq - 1,
        toSeq: seq,
      });
  }

  #begin(channel: Channel, replay: StoredReplay): void {
    const refusal = channel.replays.refuse(replay.isSingle);
    if (refusal !== undefined) throw refusal;
    channel.replay(replay);
  }

  #replayOf(
    channel: Channel,
    { status, sinceMs, untilMs }: Omit<ReplayRequest, 'status' | 'dryRun'> & { readonly status: 'dead' | 'all' },
  ): StoredReplay {
    return {
      subscriptionId: channel.id,
      id: newUuid(this.#ports.random),
      source: status,
      isSingle: false,
      cursor: 0,
      toSeq: channel.lanes.cursor,
      sinceMs: sinceMs ?? 0,
      untilMs: untilMs ?? Number.MAX_SAFE_INTEGER,
      startedMs: this.#ports.clock.wallMs(),
    };
  }

  async #count(channel: Channel, replay: StoredReplay): Promise<{ readonly matched: number; readonly atLeast?: true }> {
    const pages = new LogPages(this.#ports.changes);
    const source = sourceOf({ subscriptionId: channel.id, replay }, { pages, deadLetters: this.#ports.deadLetters });
    let [matched, readTo] = [0, replay.cursor];
    for (let read = 0; readTo < replay.toSeq && read < MATCHED_PAGES_MAX; read += 1) {
      const { entries, to } = await source.after(readTo);
      matched += entries.filter((entry) =>
        isReplayed(entry, { replay, subscription: channel.subscription, lanes: channel.lanes }),
      ).length;
      readTo = to;
    }
    return { matched, ...(readTo < replay.toSeq ? { atLeast: true } : {}) };
  }
}

/** Throws `conflict` when another event of the agent comes first. */
function hastenLive(channel: Channel, { seq, entry }: Known): void {
  const lane = entry === undefined ? undefined : channel.lanes.of(laneName(entry));
  if (lane === undefined) return;
  if (lane.seq === seq) channel.hasten(lane);
  else
    throw new MeshError(
      'conflict',
      `This delivery waits until an earlier event of its agent is settled, for order is kept. Retry that one: ${lane.seq}.`,
      { extra: { waitsFor: lane.seq } },
    );
}

function refuseDisabled(channel: Channel): void {
  if (channel.isEnabled) return;
  throw new MeshError(
    'conflict',
    'This webhook is disabled. Enable it first (PATCH "enabled": true): what it held is then sent by itself, in order.',
  );
}
