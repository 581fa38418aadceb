// A queue on a disk in memory, with servers that a test scripts and that remember what they took: through crashes and restarts.
import type { AgentId } from '../../mesh/names.ts';
import { newUuid } from '../../mesh/uuid.ts';
import type { EmailEntry } from '../../node/changes/change-log.ts';
import type { SendConfig } from '../../node/send/account.ts';
import { Suppressions } from '../../node/send/bounces/suppressions.ts';
import type { Mailer, Shipment, ShipmentOutcome } from '../../node/send/mailer.ts';
import { isFinal, type Message, type Recipient } from '../../node/send/message.ts';
import type { Draft } from '../../node/send/queue/draft.ts';
import { Queue } from '../../node/send/queue/queue.ts';
import type { MailEvent } from '../../node/send/queue/queue-options.ts';
import type { RetentionBounds } from '../../node/send/queue/retention.ts';
import { A1, content, sendConfig } from './mail.ts';
import { MemoryStore } from './memory-store.ts';
import { RecordingLog } from './recording-log.ts';
import { seededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What a server does with a shipment; it may take its (virtual) time. */
export type Script = (shipment: Shipment, signal: AbortSignal) => Promise<ShipmentOutcome> | ShipmentOutcome;

export const accepted = ({ recipients }: Shipment): ShipmentOutcome => ({
  kind: 'answered',
  answers: recipients.map((address) => ({ address, verdict: 'accepted', code: 250, reply: '250 ok' })),
  tookMs: 1,
});
export const notSent = (
  error: Extract<ShipmentOutcome, { kind: 'not_sent' }>['error'],
  kind: 'transient' | 'permanent',
  scope: 'account' | 'message',
): ShipmentOutcome => ({ kind: 'not_sent', error, class: kind, scope, reply: `the server said ${error}`, tookMs: 1 });

export interface Accepting {
  readonly agentId?: string;
  readonly from?: string;
  readonly to?: readonly string[];
  readonly sendAtMs?: number;
  readonly lifetimeMs?: number;
  readonly key?: string;
  readonly fingerprint?: string;
  readonly waitMsMax?: number;
}

export class MailWorld {
  readonly clock = new VirtualClock();
  readonly random;
  readonly log = new RecordingLog();
  readonly config: SendConfig;
  /** Bounds on what is kept, other than the node's own. */
  readonly retention: Partial<RetentionBounds>;
  script: Script = async (shipment) => {
    await shipment.begin();
    return accepted(shipment);
  };
  /** How many connections to that account's server are up and free; none, unless a test says so. */
  readyFor: (account: string) => number = () => 0;
  /** How long the disk takes for a group of commits; no time, unless a test says so. */
  syncMs: (() => number) | undefined;
  /** What the log of changes waits for before it commits; nothing, unless a test says so. */
  beforeEvents: () => Promise<void> = () => Promise.resolve();
  /** Message-IDs by account, in the order in which they were shipped, refused ones too. */
  readonly shipped: {
    readonly account: string;
    readonly messageId: string;
    readonly recipients: readonly string[];
    readonly atMs: number;
    /** Of its Date header, ISO 8601. */
    readonly date: string;
  }[] = [];
  readonly events: EmailEntry[] = [];
  /** Why a message may not go out any more; nothing, unless a test says so. */
  whyNotAs: (message: Message) => string | undefined = () => undefined;
  /** Whether an agent has the address; each has, unless a test says so. */
  isHeld: (address: string) => boolean = () => true;
  store: MemoryStore;
  queue!: Queue;
  suppressions!: Suppressions;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(config: SendConfig, seed: number, retention: Partial<RetentionBounds>) {
    this.config = config;
    this.retention = retention;
    this.random = seededRandom(seed);
    this.store = new MemoryStore({ sync: () => this.#sync() });
  }

  static async open(
    parts: Partial<SendConfig> = {},
    seed = 1,
    retention: Partial<RetentionBounds> = {},
  ): Promise<MailWorld> {
    const world = new MailWorld(sendConfig(parts), seed, retention);
    await world.#open();
    return world;
  }

  /** Stops as `kill -9` does, and starts again from what was durable; `unacknowledged`: commits that had reached the disk unheard. */
  async crash(unacknowledged = 0): Promise<void> {
    this.store = new MemoryStore({ disk: this.store.crash(unacknowledged), sync: () => this.#sync() });
    this.#stop.abort();
    await this.#open();
  }

  async #sync(): Promise<void> {
    if (this.syncMs !== undefined) await this.clock.sleep(this.syncMs());
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #open(): Promise<void> {
    const { clock, random, log, config, store, syncMs } = this;
    // Whoever opens does not wait for the clock.
    this.syncMs = undefined;
    this.suppressions = await Suppressions.open(store, clock);
    const { suppressions } = this;
    const mailer: Mailer = {
      ship: async (shipment, signal) => {
        const { account, content: sent, recipients, date } = shipment;
        this.shipped.push({ account: account.id, messageId: sent.messageId, recipients, date, atMs: clock.wallMs() });
        return this.script(shipment, signal);
      },
      readyFor: (account) => this.readyFor(account.id),
      close: () => Promise.resolve(),
    };
    const commitMail = async ({ agentId, drafts, writes, apply }: MailEvent) => {
      await this.beforeEvents();
      await store.commit(writes);
      for (const draft of drafts) this.events.push({ ...draft, agent: { id: agentId } } as unknown as EmailEntry);
      apply();
    };
    this.queue = await Queue.open({
      store,
      commitMail,
      mailer,
      config,
      suppressions,
      clock,
      random,
      log,
      retention: this.retention,
      whyNotAs: (message: Message) => this.whyNotAs(message),
      isHeld: (address: string) => this.isHeld(address),
    });
    this.syncMs = syncMs;
    this.#stop = new AbortController();
    this.#running = this.queue.run(this.#stop.signal);
  }

  draft({
    agentId = A1,
    from = 'ann@mail.example.com',
    to = ['bob@mail.example.com'],
    ...rest
  }: Accepting = {}): Draft {
    const id = newUuid(this.random);
    const recipients = to.map((address): Recipient => ({ address, kind: 'to', state: 'pending' }));
    const key = rest.key === undefined ? undefined : { key: rest.key, fingerprint: rest.fingerprint ?? 'f' };
    return {
      id,
      agentId: agentId as AgentId,
      agentName: agentId,
      content: content({
        from: { name: '', address: from },
        to: to.map((address) => ({ name: '', address })),
        messageId: `<${id}@x>`,
      }),
      recipients,
      sendAtMs: rest.sendAtMs,
      lifetimeMs: rest.lifetimeMs,
      idempotency: key,
      waitMsMax: rest.waitMsMax,
    };
  }

  async accept(parts: Accepting = {}): Promise<Message> {
    return (await this.queue.accept(this.draft(parts))).message;
  }

  /** Accepts, and lets so much time pass. */
  async after(ms: number, parts: Accepting = {}): Promise<Message> {
    const { id } = await this.accept(parts);
    await this.clock.advance(ms);
    return this.get(id);
  }

  get(id: string): Message {
    const message = this.queue.get(id);
    if (message === undefined) throw new Error(`The queue has lost ${id}.`);
    return message;
  }

  /** Events of one message, in their order. */
  eventsOf(id: string): readonly string[] {
    return this.events.filter(({ email }) => email.email_id === id).map(({ event }) => event);
  }

  /** Messages that nothing more happens to. */
  isFinal(id: string): boolean {
    return isFinal(this.get(id).state);
  }
}
