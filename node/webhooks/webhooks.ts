// The webhooks as the rest of the node meets them: subscriptions that are made, shown, changed, tested and removed, and the
// deliveries that run behind them. One mutation at a time; each is durable before it is answered.
import { MeshError } from '../../mesh/errors.ts';
import { RETRY_AFTER_SECONDS } from '../../mesh/limits.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import { KeyedLock } from '../../mesh/time/keyed-lock.ts';
import { newUuid } from '../../mesh/uuid.ts';
import type { ChangeEvent, ChangeLog, CursorReader } from '../changes/change-log.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { Deliveries } from './deliveries.ts';
import { Channel } from './delivery/channel.ts';
import { DeliveryLoop } from './delivery/loop.ts';
import type { MailPayload } from './delivery/request.ts';
import { makeSecret } from './delivery/signature.ts';
import { TestDeliveries, type TestResult } from './delivery/test-delivery.ts';
import { wishOf } from './epochs.ts';
import type { Guard } from './guard/guard.ts';
import { countPending } from './lanes/backlog.ts';
import { DeadLetters } from './records/dead-letters.ts';
import { Ledger } from './records/ledger.ts';
import { LogPages } from './records/log-pages.ts';
import { erase, loadChannels, removing } from './restart.ts';
import { NEW_ENDPOINT } from './schedule/endpoint.ts';
import { rotated } from './secrets.ts';
import type { Sender } from './sender/sender.ts';
import {
  changedSubscription,
  eventsOf,
  newSubscription,
  receiverOf,
  type SubscriptionChange,
  type SubscriptionRequest,
} from './subscription.ts';
import { countsOf, type SubscriptionCounts } from './subscription-metrics.ts';
import { type SubscriptionView, viewOf } from './subscription-view.ts';
import type { Subscription } from './webhook-records.ts';

/** Subscriptions of one node: each is a reader of the log with its own memory. */
export const SUBSCRIPTIONS_MAX = 100;

export interface WebhookPorts {
  readonly store: Store;
  readonly changes: ChangeLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly guard: Pick<Guard, 'vet'>;
  readonly sender: Sender;
  readonly hostId: HostId;
  readonly mailPayload?: MailPayload | undefined;
}

export interface Webhooks {
  readonly deliveries: Pick<Deliveries, 'list' | 'get' | 'retry' | 'replay'>;
  /** Told of every change whose position is above the log's head at this moment. `secret` only when we made it, and only here. */
  subscribe(request: SubscriptionRequest): Promise<{ readonly webhook: SubscriptionView; readonly secret?: string }>;
  list(): Promise<readonly SubscriptionView[]>;
  /** Throws `not_found`, as the following do. */
  get(id: string): Promise<SubscriptionView>;
  patch(id: string, change: SubscriptionChange): Promise<SubscriptionView>;
  /** Signs with another secret from now on, and with the former one as well for so long. `secret` only when we made it. */
  rotateSecret(
    id: string,
    rotation: Rotation,
  ): Promise<{ readonly webhook: SubscriptionView; readonly secret?: string }>;
  remove(id: string): Promise<void>;
  test(id: string): Promise<TestResult>;
  /** What waits for entries of the log, as the trimming of the log sees it. */
  readonly cursorReader: CursorReader;
  /** Subscriptions as they are kept, with their secrets: for the mailbox, whose clients are shown those. */
  subscriptions(): readonly Subscription[];
  /** All subscriptions together, as of now. */
  counts(): SubscriptionCounts;
  /**
   * Delivers until `signal` aborts; resolves, within seconds, when nothing is in hand any more. Rejects with `store_failed`
   * when the store failed, as then the node must stop.
   */
  start(signal: AbortSignal): Promise<void>;
}

interface Rotation {
  /** Absent: one is made. */
  readonly secret?: string | undefined;
  readonly graceSeconds: number;
}

/** Loads what the store holds. Throws `store_failed` when that is damaged. */
export async function createWebhooks(ports: WebhookPorts): Promise<Webhooks> {
  const ledger = new Ledger(ports.store);
  const channels = await loadChannels(ports.store, { ...ports, ledger });
  return new WebhookService(ports, ledger, channels);
}

/** The one key of the lock: subscriptions are compared with each other. */
const ALL = 'webhooks';

class WebhookService implements Webhooks {
  readonly deliveries: Deliveries;
  readonly #ports: WebhookPorts;
  readonly #ledger: Ledger;
  readonly #channels: Map<string, Channel>;
  readonly #loop: DeliveryLoop;
  readonly #tests: TestDeliveries;
  /** One mutation after the other, so that what was checked still holds when it is written. */
  readonly #locks: KeyedLock;

  constructor(ports: WebhookPorts, ledger: Ledger, channels: Map<string, Channel>) {
    this.#ports = ports;
    this.#locks = new KeyedLock({ clock: ports.clock, refusal: tooManyMutations });
    this.#ledger = ledger;
    const deadLetters = new DeadLetters(ports.store);
    this.#channels = channels;
    this.#loop = new DeliveryLoop({ ...ports, ledger, deadLetters });
    this.#tests = new TestDeliveries(ports);
    for (const channel of channels.values()) this.#loop.add(channel);
    this.deliveries = new Deliveries({
      ...ports,
      ledger,
      deadLetters,
      channelOf: (id) => this.#channel(id),
      release: (channel) => this.#release(channel),
      poke: () => this.#loop.poke(),
    });
  }

  async subscribe(request: SubscriptionRequest): Promise<{ webhook: SubscriptionView; secret?: string }> {
    const events = eventsOf(request, request.events);
    await this.#ports.guard.vet(request.url);
    return this.#locks.run(ALL, async () => {
      const known = this.#withClientId(request);
      if (known !== undefined) return { webhook: await this.#view(known) };
      if (this.#channels.size >= SUBSCRIPTIONS_MAX) throw tooMany();
      if (request.format === undefined) this.#refuseTwin(request.url, events, undefined);
      const secret = request.secret ?? makeSecret(this.#ports.random);
      const channel = this.#open(request, events, secret);
      channel.save();
      await this.#ledger.flush();
      this.#channels.set(channel.id, channel);
      this.#loop.add(channel);
      this.#ports.log.info('subscription.created', { subscriptionId: channel.id, events });
      return { webhook: await this.#view(channel), ...(request.secret === undefined ? { secret } : {}) };
    });
  }

  async list(): Promise<readonly SubscriptionView[]> {
    const pages = new LogPages(this.#ports.changes);
    const views: SubscriptionView[] = [];
    for (const channel of this.#channels.values()) views.push(await this.#view(channel, pages));
    return views;
  }

  async get(id: string): Promise<SubscriptionView> {
    return this.#view(this.#channel(id));
  }

  async patch(id: string, change: SubscriptionChange): Promise<SubscriptionView> {
    const { url: urlBefore } = this.#channel(id).subscription;
    const events = change.events === undefined ? undefined : eventsOf(this.#channel(id).subscription, change.events);
    const isCalledAnew = change.url !== undefined || change.secret !== undefined || change.enabled === true;
    if (isCalledAnew) await this.#ports.guard.vet(change.url ?? urlBefore);
    return this.#locks.run(ALL, async () => {
      const channel = this.#channel(id);
      const { subscription } = channel;
      const url = change.url ?? subscription.url;
      if (subscription.format === undefined && (change.url !== undefined || events !== undefined)) {
        this.#refuseTwin(url, events ?? wishOf(subscription).events, channel);
      }
      const isResumed = change.enabled === true && !subscription.isEnabled;
      const isMoved = receiverOf(url) !== receiverOf(subscription.url);
      const { oldestSeq } = channel.lanes;
      channel.change(changedSubscription(subscription, change, { events, oldestSeq, ...this.#now() }));
      if (isResumed || isMoved) channel.startAfresh();
      await this.#ledger.flush();
      this.#loop.poke();
      this.#ports.log.info('subscription.changed', { subscriptionId: id, fields: Object.keys(change) });
      return this.#view(channel);
    });
  }

  async rotateSecret(id: string, { secret: given, graceSeconds }: Rotation) {
    await this.#ports.guard.vet(this.#channel(id).subscription.url);
    return this.#locks.run(ALL, async () => {
      const channel = this.#channel(id);
      const { nowMs } = this.#now();
      const secret = given ?? makeSecret(this.#ports.random);
      const secrets = rotated(channel.subscription, { secret, graceMs: graceSeconds * 1_000, nowMs });
      channel.change({ ...channel.subscription, ...secrets, updatedAt: new Date(nowMs).toISOString() });
      await this.#ledger.flush();
      this.#loop.poke();
      this.#ports.log.info('subscription.secret_rotated', { subscriptionId: id, graceSeconds });
      return { webhook: await this.#view(channel), ...(given === undefined ? { secret } : {}) };
    });
  }

  async remove(id: string): Promise<void> {
    await this.#locks.run(ALL, async () => {
      const channel = this.#channel(id);
      channel.remove();
      const mark = removing(id);
      this.#ledger.mark(mark.key, () => mark.value);
      this.#channels.delete(id);
      this.#loop.drop(channel);
      await this.#ledger.flush();
    });
    await erase(this.#ports.store, id);
    this.#ports.log.info('subscription.removed', { subscriptionId: id });
  }

  async test(id: string): Promise<TestResult> {
    const channel = this.#channel(id);
    const result = await this.#tests.deliver(channel.subscription, channel.ended.signal);
    this.#ports.log.info('subscription.tested', { subscriptionId: id, ...result });
    return result;
  }

  get cursorReader(): CursorReader {
    return this.#loop;
  }

  subscriptions(): readonly Subscription[] {
    return [...this.#channels.values()].map(({ subscription }) => subscription);
  }

  counts(): SubscriptionCounts {
    return countsOf([...this.#channels.values()], this.#ports.changes.head);
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#loop.run(signal);
  }

  async #release(channel: Channel): Promise<void> {
    if (!channel.isEnabled) await this.patch(channel.id, { enabled: true });
    else channel.startAfresh();
    await this.#ledger.flush();
    this.#loop.poke();
  }

  #open(request: SubscriptionRequest, events: ChangeEvent[], secret: string): Channel {
    const now = this.#now();
    const subscription = newSubscription(request, { id: newUuid(this.#ports.random), events, secret, ...now });
    const progress = { cursor: now.head, dead: 0, deadDropped: 0, acceptedRecords: 0, endpoint: NEW_ENDPOINT };
    return new Channel({ subscription, progress, lanes: [], replays: [] }, { ...this.#ports, ledger: this.#ledger });
  }

  #now(): { readonly head: number; readonly nowMs: number } {
    return { head: this.#ports.changes.head, nowMs: this.#ports.clock.wallMs() };
  }

  #refuseTwin(url: string, events: readonly ChangeEvent[], self: Channel | undefined): void {
    for (const channel of this.#channels.values()) {
      const { subscription } = channel;
      if (channel === self || subscription.format !== undefined || receiverOf(subscription.url) !== receiverOf(url))
        continue;
      if (wishOf(subscription).events.join() !== events.join()) continue;
      throw new MeshError(
        'conflict',
        `The webhook '${channel.id}' already tells this URL of the same events. Change or remove that one.`,
        { extra: { webhookId: channel.id } },
      );
    }
  }

  #withClientId({ clientId, ownerInboxId, ownerPodId }: SubscriptionRequest): Channel | undefined {
    if (clientId === undefined) return undefined;
    const isMeant = ({ subscription }: Channel) =>
      subscription.clientId === clientId &&
      subscription.ownerInboxId === ownerInboxId &&
      (ownerInboxId !== undefined || subscription.ownerPodId === ownerPodId);
    return [...this.#channels.values()].find(isMeant);
  }

  #channel(id: string): Channel {
    const channel = this.#channels.get(id);
    if (channel !== undefined) return channel;
    throw new MeshError('not_found', `There is no webhook '${id.slice(0, 100)}' on this host.`);
  }

  /** The log is read beside the deliveries' own pages, which it would push out. */
  async #view(channel: Channel, pages = new LogPages(this.#ports.changes)): Promise<SubscriptionView> {
    return viewOf(channel, await countPending(channel.lanes, pages), this.#ports.clock.wallMs());
  }
}

function tooMany(): MeshError {
  return new MeshError(
    'limit_exceeded',
    `This host has ${SUBSCRIPTIONS_MAX} webhooks, as many as it takes. Remove one that is not needed.`,
  );
}

function tooManyMutations(): MeshError {
  return new MeshError('overloaded', 'Too many changes of webhooks are in hand; this one was not begun. Try again.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}
