// Webhooks on a disk, a log and a receiver that a test holds in its hands, in time that it moves. The service can be killed
// and opened again on what was durable.
import { MeshError } from '../../mesh/errors.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Random } from '../../mesh/ports.ts';
import type { MailPayload } from '../../node/webhooks/delivery/request.ts';
import type { SubscriptionRequest } from '../../node/webhooks/subscription.ts';
import type { SubscriptionView } from '../../node/webhooks/subscription-view.ts';
import { createWebhooks, type Webhooks } from '../../node/webhooks/webhooks.ts';
import { FakeReceiver } from './fake-receiver.ts';
import { MemoryChangeLog } from './memory-change-log.ts';
import { type MemoryDisk, MemoryStore } from './memory-store.ts';
import { RecordingLog } from './recording-log.ts';
import { seededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;

/** Chance without jitter: every delay is exactly what the schedule says. */
function withoutJitter(seed: number): Random {
  return { next: () => 0.5, bytes: seededRandom(seed).bytes };
}

/** A clock that an operator sets. */
class SettableClock extends VirtualClock {
  #stepMs = 0;
  override wallMs(): number {
    return super.wallMs() + this.#stepMs;
  }
  setBack(ms: number): void {
    this.#stepMs -= ms;
  }
}

export class WebhookWorld {
  readonly clock = new SettableClock();
  readonly changes = new MemoryChangeLog(() => this.clock.wallMs());
  readonly receiver = new FakeReceiver(this.clock);
  readonly log = new RecordingLog();
  readonly random: Random;
  /** URLs that the guard refuses; it has tests of its own. */
  refused = /refused/;
  /** What a mailbox says of the payloads of its events; absent: there is none. */
  mailPayload: MailPayload | undefined;
  /** How long the disk takes for a commit: the next ones ask. */
  diskMs: () => number = () => 0;
  store = this.#openStore();
  #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #webhooks: Webhooks | undefined;

  constructor(random: Random = withoutJitter(1)) {
    this.random = random;
  }

  get webhooks(): Webhooks {
    if (this.#webhooks === undefined) throw new Error('Open the world first.');
    return this.#webhooks;
  }

  /** Opens the service on the store, or on what `disk` holds, and starts it. */
  async open(disk?: MemoryDisk): Promise<Webhooks> {
    if (disk !== undefined) this.store = this.#openStore(disk);
    const { store, changes, clock, random, log, receiver: sender } = this;
    this.#webhooks = await createWebhooks({
      store,
      changes,
      clock,
      random,
      log,
      sender,
      mailPayload: this.mailPayload && ((eventId) => (this.mailPayload as MailPayload)(eventId)),
      guard: { vet: (url) => this.#vet(url) },
      hostId: 'mac' as HostId,
    });
    this.#stopping = new AbortController();
    this.#running = this.#webhooks.start(this.#stopping.signal);
    return this.#webhooks;
  }

  async subscribe(request: Partial<SubscriptionRequest> = {}): Promise<SubscriptionView> {
    const form = { url: 'http://127.0.0.1:9/hook', events: ['agent.email.changed'], ...request };
    return (await this.webhooks.subscribe(form)).webhook;
  }

  /** A power cut, and a start from the disk. */
  async crash(unacknowledged = 0): Promise<Webhooks> {
    return this.open(this.store.crash(unacknowledged));
  }

  /** Asks it to stop; the promise resolves when it has. */
  stop(): Promise<void> {
    this.#stopping.abort();
    return this.#running;
  }

  /** Resolves or rejects as `start` does, without asking it to stop. */
  stopsBy(): Promise<void> {
    return this.#running;
  }

  /** What is on the disk under a prefix: key → value. */
  stored(prefix: string): Readonly<Record<string, unknown>> {
    const records = [...this.store.snapshot()].filter(([key]) => key.startsWith(prefix));
    return Object.fromEntries(records.map(([key, text]) => [key, JSON.parse(text)]));
  }

  /** Of all subscriptions; `inFlight` as the receiver sees it. */
  async totals(): Promise<{ pending: number; held: number; dead: number; atLeast: boolean; inFlight: number }> {
    const shown = (await this.webhooks.list()).map(({ deliveries }) => deliveries);
    const sum = (name: 'pending' | 'held' | 'dead') => shown.reduce((total, counts) => total + counts[name], 0);
    return {
      ...{ pending: sum('pending'), held: sum('held'), dead: sum('dead') },
      atLeast: shown.some(({ atLeast }) => atLeast === true),
      inFlight: this.receiver.inFlight,
    };
  }

  async #vet(url: string): Promise<URL> {
    if (this.refused.test(url)) throw new MeshError('url_refused', 'This URL is refused.', { field: 'url' });
    return new URL(url);
  }

  #openStore(disk: MemoryDisk = new Map()): MemoryStore {
    return new MemoryStore({
      disk,
      sync: () => (this.diskMs() === 0 ? Promise.resolve() : this.clock.sleep(this.diskMs())),
    });
  }

  /** Attempts as the log tells them. */
  get attempts(): readonly Readonly<Record<string, unknown>>[] {
    return this.log.named('delivery.attempted').map(({ fields }) => fields);
  }
}
