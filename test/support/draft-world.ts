// A mailbox with drafts and their scheduler, without a node around it: whoever uses it lets it die at any step of a sending.
import { hash } from 'node:crypto';
import { expect, vi } from 'vitest';
import type { NewDraft } from '../../node/mailbox/draft.ts';
import type { Inbox } from '../../node/mailbox/inbox.ts';
import { AttachedFiles } from '../../node/mailbox/out/attached-files.ts';
import { Drafts } from '../../node/mailbox/out/drafts.ts';
import type { Outbox } from '../../node/mailbox/out/outbox.ts';
import { Scheduler } from '../../node/mailbox/out/scheduler.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../../node/mailbox/questions.ts';
import { type Connection, openForReading } from '../../node/mailbox/store/database.ts';
import { DraftReader } from '../../node/mailbox/store/draft-reader.ts';
import { MailReader } from '../../node/mailbox/store/mail-reader.ts';
import { ANN, BOB, type Death, NEVER, OutboxWorld } from './outbox-world.ts';
import { LIVE_MS_MAX } from './time-bounds.ts';

/** A file that every draft of these tests has. */
const FILE = Buffer.from('a,b\n');
const FILE_DIGEST = hash('sha256', FILE);

export class DraftWorld {
  readonly world: OutboxWorld;
  readonly #steps: string[] = [];
  #stop = new AbortController();
  #life = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #reading: Connection | undefined;
  drafts!: Drafts;
  isDiskFull = false;

  private constructor(world: OutboxWorld) {
    this.world = world;
  }

  static async open(): Promise<DraftWorld> {
    const world = new DraftWorld(await OutboxWorld.open());
    world.world.staysDead = true;
    await world.begin();
    return world;
  }

  /** Steps that were taken, in order. */
  get steps(): readonly string[] {
    return this.#steps;
  }

  get clock() {
    return this.world.world.clock;
  }

  /** Begins to send what is due. */
  async begin(): Promise<void> {
    const { world } = this;
    const { directory, blobs } = world;
    const { clock, log } = world.world;
    const [stop, life] = [new AbortController(), new AbortController()];
    [this.#stop, this.#life] = [stop, life];
    const [intake, query] = [this.#intake(life.signal), this.#query()];
    const outbox = await world.outbox();
    const ways = undefined as never;
    const files = new AttachedFiles({ sending: world.sending, query, ways, directory });
    let ids = 0;
    const newUuid = () => `${ids++}`;
    const room = { isFull: async () => this.isDiskFull };
    const parts = { intake, query, outbox: outbox as Outbox, files, blobs, room, directory, newUuid, clock, log };
    const inboxOf = async (inboxId: string) => ({ inboxId }) as Inbox;
    this.drafts = new Drafts({ ...parts, internalDomains: [], publicUrl: undefined, inboxOf });
    const scheduler = new Scheduler({ intake, drafts: this.drafts, clock, log });
    this.#running = Promise.all([scheduler.run(stop.signal), outbox.run(stop.signal)]);
  }

  /** Ends in order. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.clock.settle();
    await this.#running;
    this.#reading?.close();
    this.world.writer.close();
  }

  /** Dies where it is, and begins again on what is on the disk; `death`: where it dies the next time. */
  async restart(afterMs = 0, death: Death = undefined): Promise<void> {
    const { world } = this;
    world.isDead = true;
    this.#life.abort();
    this.#stop.abort();
    await this.clock.settle();
    this.#reading?.close();
    world.writer.close();
    world.death = death;
    world.isDead = false;
    await this.clock.advance(afterMs);
    await world.open();
    await world.world.crash();
    await this.begin();
    await this.clock.advance(1);
  }

  /** Waits for what takes time of the disk and none of the clock. */
  async until(holds: () => boolean): Promise<void> {
    await vi.waitFor(() => expect(holds()).toBe(true), { timeout: LIVE_MS_MAX, interval: 5 });
  }

  /** Waits until each draft has become a mail, and those have left. */
  async allSent(): Promise<void> {
    await this.until(() => this.shown.length === 0);
    await this.clock.advance(1_000);
  }

  dieAt(death: Death): void {
    this.world.death = death;
  }

  /** To Bob here and Eve elsewhere, with a file; `id`: its draft id. */
  async add(id: string, more: Partial<NewDraft> = {}): Promise<void> {
    const made = await this.world.writer.drafts.createDraft({
      ...{ draftId: id, inboxId: ANN, labels: ['x'], replyTo: [], bcc: [], subject: 'Hello', text: 'Hi' },
      to: [{ name: '', address: 'eve@other.example.com' }],
      cc: [{ name: 'Bob', address: BOB }],
      files: [{ attachmentId: `file-${id}`, filename: 'a.csv', digest: FILE_DIGEST, size: FILE.length, octets: FILE }],
      atMs: this.clock.wallMs(),
      ...more,
    });
    expect(made.outcome).toBe('done');
    if (made.outcome === 'done' && made.draft.sendAtMs !== undefined) this.drafts.scheduled(made.draft.sendAtMs);
  }

  /** Drafts, by id, with what becomes of them. */
  get shown() {
    return this.world.rows('SELECT draft_id AS id, status, reason FROM draft ORDER BY draft_id');
  }

  /** Inboxes that have a mail, and how often a server was handed one. */
  get sent() {
    const sql = 'SELECT inbox_id FROM message JOIN inbox ON inbox.row = message.inbox ORDER BY inbox_id';
    const inboxes = this.world.rows(sql).map((row) => row.inbox_id);
    return { inboxes, shipped: this.world.world.shipped.length };
  }

  /** `life`: aborts when it is over; nobody of it hears of anything then. */
  #intake(life: AbortSignal): Asks<IntakeQuestions> {
    const { world } = this;
    const { intake } = world;
    const { drafts } = world.writer;
    const answers: Record<string, (input: never) => unknown> = {
      beginSendingDraft: (meant: Parameters<IntakeQuestions['beginSendingDraft']>[0]) =>
        drafts.beginSendingDraft(meant),
      endSendingDraft: (ended: Parameters<IntakeQuestions['endSendingDraft']>[0]) => drafts.endSendingDraft(ended),
      dueDrafts: (question: Parameters<IntakeQuestions['dueDrafts']>[0]) => drafts.dueDrafts(question),
      createDraft: (draft: NewDraft) => drafts.createDraft(draft),
      removeDraft: (meant: Parameters<IntakeQuestions['removeDraft']>[0]) => drafts.removeDraft(meant),
      changeDraft: (change: Parameters<IntakeQuestions['changeDraft']>[0]) => drafts.changeDraft(change),
    };
    return {
      ask: (kind, input) => {
        if (life.aborted) return NEVER;
        this.#steps.push(kind);
        const answer = answers[kind];
        if (answer === undefined) return intake.ask(kind, input);
        return world.step(kind, async () => answer(input as never) as never);
      },
    };
  }

  #query(): Asks<QueryQuestions> {
    const connection = openForReading(this.world.directory);
    this.#reading = connection;
    const [drafts, mails] = [new DraftReader(connection), new MailReader(connection)];
    const answers: Record<string, (input: never) => unknown> = {
      draft: (question: Parameters<QueryQuestions['draft']>[0]) => drafts.draft(question),
      draftFile: (question: Parameters<QueryQuestions['draftFile']>[0]) => drafts.draftFile(question),
      draftOctets: (question: Parameters<QueryQuestions['draftOctets']>[0]) => drafts.draftOctets(question),
      mail: (question: Parameters<QueryQuestions['mail']>[0]) => mails.find(question),
      octets: (question: Parameters<QueryQuestions['octets']>[0]) => mails.octets(question),
    };
    return { ask: async (kind, input) => answers[kind]?.(input as never) as never };
  }
}
