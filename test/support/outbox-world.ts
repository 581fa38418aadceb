// A mailbox that sends, without a node around it: its database, a queue of mails with a server that a test scripts, and deaths at any step.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import { MeshError } from '../../mesh/errors.ts';
import type { Inbox } from '../../node/mailbox/inbox.ts';
import { MailRates } from '../../node/mailbox/intake/mail-rates.ts';
import { OutgoingMails } from '../../node/mailbox/intake/outgoing-mail.ts';
import { Outbox, type OutgoingWish } from '../../node/mailbox/out/outbox.ts';
import type { LeftOutgoing } from '../../node/mailbox/outgoing-mail.ts';
import type { Asks, IntakeQuestions } from '../../node/mailbox/questions.ts';
import { Writer } from '../../node/mailbox/store/writer.ts';
import { chooseThread } from '../../node/mailbox/threads/thread-choice.ts';
import { QueueService } from '../../node/send/queue-service.ts';
import type { Sending } from '../../node/send/send-service.ts';
import { A1, sendConfig } from './mail.ts';
import { MailWorld } from './mail-world.ts';
import { seededRandom } from './seeded-random.ts';
import { testBlobs } from './test-blobs.ts';

export const ANN = 'ann@mail.example.com';
export const BOB = 'bob@mail.example.com';
export const HOUR_MS = 3_600_000;

/** A step of a send, and the moment of it at which the node dies. */
export type Death = { readonly step: string; readonly when: 'before' | 'after' } | undefined;

/** A question to which no answer comes, so many times. `before`: it was not heard. `meanwhile`: it is being done. `after`: it was done. */
export interface Silence {
  readonly step: string;
  readonly when: 'before' | 'meanwhile' | 'after';
  times: number;
}

/** What nobody hears of any more. */
export const NEVER = new Promise<never>(() => undefined);

export class OutboxWorld {
  readonly directory = mkdtempSync(join(tmpdir(), 'outbox-'));
  readonly random = seededRandom(7);
  readonly world: MailWorld;
  readonly blobs: Awaited<ReturnType<typeof testBlobs>>;
  readonly rates: MailRates;
  writer: Writer;
  death: Death;
  silence: Silence | undefined;
  /** What the send module says of every mail. */
  refusal: MeshError | undefined;
  /** Mails that the intake says were left, which are gone. */
  stale: readonly LeftOutgoing[] = [];
  /** The node has died, and is not back yet. */
  isDead = false;
  /** What else it was at ends then, too. */
  staysDead = false;
  #died = Promise.withResolvers<'died'>();

  constructor(world: MailWorld, blobs: OutboxWorld['blobs'], writer: (directory: string) => Promise<Writer>) {
    this.world = world;
    this.rates = new MailRates(world.clock);
    this.blobs = blobs;
    this.writer = undefined as never;
    this.open = async () => {
      this.writer = await writer(this.directory);
    };
  }

  readonly open: () => Promise<void>;

  static async open(): Promise<OutboxWorld> {
    const world = await MailWorld.open();
    const made = new OutboxWorld(world, await testBlobs(world), (directory) =>
      Writer.open({
        ...{ directory, random: seededRandom(1), nowMs: 500, hostId: 'mac' },
        ...{ chooseThread, baseSubject: (subject: string) => subject },
      }),
    );
    await made.open();
    for (const inboxId of [ANN, BOB]) {
      await made.writer.beginInbox({ inboxId, makesAgent: true, atMs: 1 });
      await made.writer.activateInbox({ inboxId, agentId: A1, atMs: 2 });
    }
    return made;
  }

  /** Everything that the intake is asked in these tests. */
  get intake(): Asks<IntakeQuestions> {
    const { writer, rates } = this;
    const outgoing = new OutgoingMails({ writer, rates, hostId: 'mac' });
    const answers: Record<string, (input: never) => unknown> = {
      inboxesFor: (addresses: readonly string[]) => addresses.map((one) => writer.inboxFor(one)),
      beginOutgoing: (draft: Parameters<IntakeQuestions['beginOutgoing']>[0]) => outgoing.begin(draft),
      outgoingWaits: (id: string) => outgoing.waits(id),
      findOutgoing: (key: string) => writer.outgoing.find(key),
      leftOutgoing: () => [...this.stale, ...writer.outgoing.left()],
      finishOutgoing: (done: Parameters<IntakeQuestions['finishOutgoing']>[0]) => writer.outgoing.finish(done),
      dropOutgoing: (id: string) => writer.outgoing.drop(id),
      outcomePosition: () => writer.outcomes.position(),
      noteOutcomes: (heard: Parameters<IntakeQuestions['noteOutcomes']>[0]) =>
        writer.write(() => writer.outcomes.note(heard)),
      silentOutgoing: () => [],
      sweepOutgoing: (ended: Parameters<IntakeQuestions['sweepOutgoing']>[0]) =>
        writer.write(() => writer.outcomes.sweep(ended.atMs)),
    };
    return { ask: (kind, input) => this.step(kind, async () => answers[kind]?.(input as never) as never) };
  }

  async step<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    if (this.isDead && this.staysDead) return NEVER;
    if (this.death?.step === name && this.death.when === 'before') return this.#die();
    const { silence } = this;
    const isSilent = silence !== undefined && silence.step === name && silence.times > 0;
    if (isSilent) silence.times -= 1;
    if (isSilent && silence.when === 'meanwhile') void work();
    if (isSilent && silence.when !== 'after') throw new MeshError('overloaded', 'No answer.');
    const result = await work();
    if (isSilent) throw new MeshError('overloaded', 'No answer.');
    return this.death?.step === name ? this.#die() : result;
  }

  /** Nothing of the process goes on, so nothing is caught there. */
  #die(): Promise<never> {
    this.isDead = true;
    this.#died.resolve('died');
    return NEVER;
  }

  /** Does it until the node dies. */
  async untilDeath(death: Death, work: () => Promise<unknown>): Promise<unknown> {
    this.death = death;
    this.isDead = false;
    this.#died = Promise.withResolvers();
    return await Promise.race([work(), this.#died.promise]);
  }

  get sending(): Sending {
    const { world, blobs } = this;
    const agent = { id: A1, name: 'ann', emailEnabled: true, addresses: [{ address: ANN, primary: true }] };
    const service = new QueueService({
      ...{ config: sendConfig(), suppressions: world.suppressions, queue: world.queue, blobs },
      ...{ clock: world.clock, log: world.log, newUuid: () => 'none is drawn' },
      ...{ mailer: { close: async () => undefined }, validate: () => expect.fail('nothing is checked again') },
      agent: () => agent,
      redactMail: async () => undefined,
      erasures: { erase: async () => undefined, run: async () => undefined },
      holder: (address) => (address === ANN ? agent : undefined),
    });
    const submit = service.submit.bind(service);
    const refused = async (one: never) => {
      if (this.refusal !== undefined) throw this.refusal;
      return submit(one);
    };
    return Object.assign(service, { submit: (one: never) => this.step('submit', () => refused(one)) });
  }

  outbox(): Promise<Outbox> {
    const { intake, sending, blobs, directory, random, world } = this;
    const held = async () => ({ kind: 'held' }) as const;
    const standings = { of: held, faultOf: async () => undefined };
    const { clock, log } = world;
    const stopping = new AbortController().signal;
    const links = async () => ({ publicUrl: undefined, pictureUrl: undefined, key: Buffer.alloc(32), random });
    return Outbox.open({ intake, sending, blobs, standings, directory, links, random, clock, log, stopping });
  }

  /** The node dies where it was, and another one begins on what is on the disk. */
  async restart(): Promise<void> {
    this.death = undefined;
    this.isDead = false;
    this.writer.close();
    await this.open();
    await this.world.crash();
    await this.resume();
  }

  async resume(): Promise<void> {
    const stop = new AbortController();
    const running = (await this.outbox()).run(stop.signal);
    await this.world.clock.advance(1_000);
    stop.abort();
    await running;
  }

  rows(sql: string): readonly Record<string, unknown>[] {
    const database = new DatabaseSync(join(this.directory, 'mailbox.db'), { readOnly: true });
    try {
      return database.prepare(sql).all() as Record<string, unknown>[];
    } finally {
      database.close();
    }
  }

  /** Inboxes that have the mail, and how often a server was handed it. */
  async ended() {
    await this.world.clock.advance(HOUR_MS);
    const sql = 'SELECT inbox_id FROM message JOIN inbox ON inbox.row = message.inbox ORDER BY inbox_id';
    return { inboxes: this.rows(sql).map((row) => row.inbox_id), shipped: this.world.shipped.length };
  }
}

export const wish = (more: Partial<OutgoingWish> = {}): OutgoingWish => ({
  inbox: { inboxId: ANN } as Inbox,
  files: [],
  mail: {
    ...{
      to: [{ name: '', address: 'eve@other.example.com' }],
      cc: [{ name: 'Bob', address: BOB }],
      bcc: [],
      replyTo: [],
    },
    ...{ subject: 'Hello', text: 'Hi', headers: [], labels: [] },
    ...{ offersUnsubscribing: false, tracksOpens: false },
  },
  key: { hash: 'k', fingerprint: 'f' },
  ...more,
});
