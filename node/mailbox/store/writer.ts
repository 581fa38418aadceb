// Everything that is ever written to the mailbox's database, on one connection. What resolves survives a power cut.
import type { Random } from '../../../mesh/ports.ts';
import { type NewUuid, uuidsFrom } from '../../../mesh/uuid.ts';
import {
  type BegunInbox,
  type ChangedInbox,
  type Inbox,
  type InboxChange,
  type InboxDraft,
  inboxIdOf,
  type Organization,
  type SettingsChange,
  withoutTag,
} from '../inbox.ts';
import type { LabelOutcome, LabelOutcomes } from '../label.ts';
import type { ArchivedMail, ImportedMail } from '../mail-archive.ts';
import type { ReceivedMail, StoredDelivery } from '../message.ts';
import type { IntakeQuestions } from '../questions.ts';
import type { LeftReport } from '../report.ts';
import { type Connection, openForWriting } from './database.ts';
import { DomainRows } from './domain-rows.ts';
import { DraftRows } from './draft-rows.ts';
import { DraftWriter } from './draft-writer.ts';
import { Erasure } from './erasure.ts';
import { EventRows } from './event-rows.ts';
import { GroupCommit } from './group-commit.ts';
import { InboxRows } from './inbox-rows.ts';
import { KeyRows } from './key-rows.ts';
import { LabelEvents } from './label-events.ts';
import { LabelRows } from './label-rows.ts';
import { LeaseWriter } from './lease-writer.ts';
import { ListRows } from './list-rows.ts';
import { MailChanges } from './mail-changes.ts';
import { MailRows, type MailRowsParts } from './mail-rows.ts';
import { CountRows } from './metric-rows.ts';
import { organizationIn } from './organization-row.ts';
import { OutcomeRows } from './outcome-rows.ts';
import { OutgoingRows } from './outgoing-rows.ts';
import { OutgoingWriter } from './outgoing-writer.ts';
import { PodRows } from './pod-rows.ts';
import { RawFiles } from './raw-files.ts';
import { Receipts } from './receipts.ts';
import { releaseMail } from './release.ts';
import { leftReports } from './report-rows.ts';
import { SearchRows } from './search-rows.ts';
import { Unsubscriptions } from './unsubscriptions.ts';

export interface WriterOptions extends Pick<MailRowsParts, 'chooseThread' | 'baseSubject' | 'hostId'> {
  /** The directory of the mailbox's data. */
  readonly directory: string;
  readonly random: Random;
  readonly nowMs: number;
  /** Makes the ids of threads and events; absent: random ones. */
  readonly newUuid?: NewUuid;
  /** Called when events are durable that were not before. */
  readonly told?: () => void;
  /** Told of inboxes in which a worker may find a mail now, once that is durable. */
  readonly freed?: (inboxIds: readonly string[]) => void;
  /** Called when `erasure` has something to overwrite. */
  readonly erased?: () => void;
}

export class Writer {
  readonly organization: Organization;
  readonly files: RawFiles;
  /** Rows are to be changed within `write`. */
  readonly keys: KeyRows;
  /** To be changed within `write`. */
  readonly pods: PodRows;
  /** To be changed within `write`. */
  readonly domains: DomainRows;
  readonly events: EventRows;
  readonly labelEvents: LabelEvents;
  readonly outgoing: OutgoingWriter;
  readonly drafts: DraftWriter;
  readonly search: SearchRows;
  readonly counts: CountRows;
  readonly receipts = new Receipts();
  readonly outcomes: OutcomeRows;
  readonly lists: ListRows;
  readonly unsubscriptions: Unsubscriptions;
  /** What erased rows leave in the files of the database. */
  readonly erasure: Erasure;
  readonly #connection: Connection;
  readonly #group: GroupCommit;
  readonly #inboxes: InboxRows;
  readonly #mails: MailRows;
  readonly #changes: MailChanges;
  readonly #freed: (inboxIds: readonly string[]) => void;
  readonly leases: LeaseWriter;

  private constructor(connection: Connection, files: RawFiles, options: WriterOptions) {
    this.#connection = connection;
    this.files = files;
    this.organization = organizationIn(connection, options);
    const randomUuid = uuidsFrom(options.random);
    const { newUuid = randomUuid } = options;
    const events = new EventRows(connection, newUuid);
    this.events = events;
    this.#group = new GroupCommit(connection, () => {
      if (events.takeNews()) options.told?.();
    });
    const { directory, erased: begun } = options;
    this.erasure = new Erasure({ connection, group: this.#group, directory, begun });
    this.search = new SearchRows(connection);
    this.counts = new CountRows(connection);
    this.#inboxes = new InboxRows(connection, this.search);
    this.keys = new KeyRows(connection);
    this.pods = new PodRows(connection);
    this.domains = new DomainRows(connection);
    this.labelEvents = new LabelEvents(connection, newUuid);
    const labels = new LabelRows(connection, this.labelEvents);
    const { chooseThread, baseSubject } = options;
    const release = { connection, chooseThread, baseSubject, appendEvent: events.append };
    const unused = (digest: string) => this.#inboxes.unused(digest);
    const letGo = (message: number, atMs: number) => releaseMail(release, message, atMs);
    this.#changes = new MailChanges({ connection, labels, search: this.search, unused, release: letGo });
    const lists = new ListRows(connection);
    this.lists = lists;
    this.unsubscriptions = new Unsubscriptions({ connection, lists, key: this.organization.fileKey });
    const told = { connection, newUuid, appendEvent: events.append, lists, unsubscriptions: this.unsubscriptions };
    this.#mails = new MailRows({ ...options, ...told, labels, release: letGo });
    const { random, freed = () => undefined } = options;
    this.#freed = freed;
    this.leases = new LeaseWriter({ connection, group: this.#group, labels, newUuid: randomUuid, random, freed });
    this.outcomes = new OutcomeRows({ connection, appendEvent: events.append, labels, lists });
    const drafts = new DraftRows({ connection, unused });
    const deliver = (mail: ReceivedMail) => this.#mails.insert(mail);
    const rows = new OutgoingRows({ ...options, ...told, deliver, unused, drafts });
    const written = { group: this.#group, files, names: (digest: string) => this.#names(digest) };
    this.outgoing = new OutgoingWriter({ ...written, rows, freed });
    this.drafts = new DraftWriter({
      ...written,
      rows: drafts,
      ...{ erasure: this.erasure, forget: (digests) => this.#forget(digests) },
    });
  }

  /** Throws `store_failed`, or what SQLite says of a damaged file. */
  static async open(options: WriterOptions): Promise<Writer> {
    const connection = openForWriting(options.directory);
    return new Writer(connection, await RawFiles.open(options.directory), options);
  }

  /** Puts a mail into all its inboxes, or into none when the disk fails. */
  async store(mail: ReceivedMail): Promise<readonly StoredDelivery[]> {
    const { digest, content } = mail.raw;
    try {
      const keep = () => ({ echoed: this.outgoing.finishEchoed(mail), stored: this.#mails.insert(mail) });
      const { echoed, stored } = await this.#group.run(keep);
      if (echoed !== undefined) this.outgoing.tell(echoed);
      this.receipts.note(stored);
      this.#freed(stored.map(({ inboxId }) => inboxId));
      return stored;
    } finally {
      if (content === undefined) this.files.settle(digest, this.#names(digest));
    }
  }

  /** Puts a mail of an archive into an inbox. A mail whose octets are in a file has that file kept before. */
  async archive(
    inboxId: string,
    kept: ArchivedMail,
    mail: Pick<ReceivedMail, 'raw' | 'digest' | 'content'>,
    nowMs: number,
  ): Promise<ImportedMail> {
    const { digest, content } = mail.raw;
    try {
      return await this.#group.run(() => this.#mails.archive(inboxId, kept, mail, nowMs));
    } finally {
      if (content === undefined) this.files.settle(digest, this.#names(digest));
      this.#freed([inboxId]);
    }
  }

  /** The inbox that mail for an address goes to: its own, or that of the address without `+tag`. */
  inboxFor(address: string): Inbox | undefined {
    const whole = [address, inboxIdOf(address)];
    for (const one of new Set([...whole, ...whole.flatMap((text) => withoutTag(text) ?? [])])) {
      const inbox = this.#inboxes.find(one);
      if (inbox !== undefined) return inbox;
    }
    return undefined;
  }

  get inboxCount(): number {
    return this.#inboxes.count();
  }

  findInbox(inboxId: string): Inbox | undefined {
    return this.#inboxes.find(inboxId);
  }

  unsettledInboxes(): readonly Inbox[] {
    return this.#inboxes.unsettled();
  }

  beginInbox(draft: InboxDraft): Promise<BegunInbox> {
    return this.#group.run(() => this.#inboxes.begin(draft));
  }

  activateInbox(active: Parameters<IntakeQuestions['activateInbox']>[0]): Promise<Inbox> {
    return this.#group.run(() => this.#inboxes.activate(active));
  }

  changeInbox(change: InboxChange): Promise<ChangedInbox> {
    return this.#group.run(() => this.#inboxes.change(change));
  }

  changeSettings(change: SettingsChange): Promise<Inbox | undefined> {
    return this.#group.run(() => this.#inboxes.changeSettings(change));
  }

  deleteInbox({ inboxId, atMs }: { readonly inboxId: string; readonly atMs: number }): Promise<void> {
    return this.#group.run(() => this.#inboxes.beginDeleting(inboxId, atMs));
  }

  /** Erases some mail of an inbox; answers whether there is more, for which it is called again: other writes come in between. */
  async eraseMail(inboxId: string): Promise<boolean> {
    const { left, files } = await this.erasure.erase(() => this.#inboxes.eraseSome(inboxId));
    for (const digest of files) if (!this.#names(digest)) this.files.remove(digest);
    return left;
  }

  /** Removes an inbox without mail; nothing of what was erased is in any file once `erasure` is through. */
  async dropInbox(inboxId: string): Promise<void> {
    await this.erasure.erase(() => this.#inboxes.drop(inboxId));
    this.erasure.begin();
  }

  async changeLabels({ meant, change }: Parameters<IntakeQuestions['changeLabels']>[0]): Promise<LabelOutcome> {
    const outcome = await this.#group.run(() => this.#changes.change(meant, change));
    if (outcome.outcome === 'done') this.#freed(this.#changes.inboxOf(meant));
    return outcome;
  }

  async changeEach({ change, ...named }: Parameters<IntakeQuestions['changeEach']>[0]): Promise<LabelOutcomes> {
    const outcome = await this.#group.run(() => this.#changes.changeEach(named, change));
    if (outcome.outcome === 'done') this.#freed([named.inboxId]);
    return outcome;
  }

  /** Deletes mails, some at a time; nothing of them is in any file once `erasure` is through, but what another inbox has. */
  async removeMails(asked: Parameters<IntakeQuestions['removeMails']>[0]): Promise<LabelOutcome['outcome']> {
    const inboxIds = this.#changes.inboxOf(asked.meant);
    const { outcome, ...removed } = await this.erasure.erase(
      () => this.#changes.remove(asked),
      (removal) => removal.outcome === 'done',
    );
    for (let { files, isMore } = removed; ; ) {
      this.#freed(inboxIds);
      if (outcome === 'done') this.#forget(files);
      if (!isMore) return outcome;
      ({ files, isMore } = await this.erasure.erase(() => this.#changes.eraseMarked(asked.atMs)));
    }
  }

  /** Erases those of the rows whose mails were kept long enough, as `removeMails` does. */
  async eraseMails(question: Parameters<IntakeQuestions['eraseMails']>[0]): Promise<void> {
    this.#forget(await this.erasure.erase(() => this.#changes.eraseOutdated(question)));
  }

  /** Takes out of the index of words some of what erased mails have left there; answers whether there is more. */
  async purgeIndex(): Promise<boolean> {
    const purge = () => this.search.purgeSome();
    const isMore = await this.erasure.erase(purge, (isLeft) => isLeft !== undefined);
    if (isMore === false) this.erasure.begin();
    return isMore === true;
  }

  /** Takes away files of mails that were erased, and what the files of the database still have of their rows. */
  #forget(digests: readonly string[]): void {
    for (const digest of digests) if (!this.#names(digest)) this.files.remove(digest);
    this.erasure.begin();
  }

  /** Does `work` in one transaction with what else is written now. */
  write<Result>(work: () => Result): Promise<Result> {
    return this.#group.run(work);
  }

  /** Takes away files of mails that no row names: a crash between the two leaves them. Resolves with how many there were, or were found when `signal` aborts. */
  sweepFiles(signal: AbortSignal): Promise<number> {
    return this.files.sweep((digest) => this.#names(digest), signal);
  }

  leftReports(): readonly LeftReport[] {
    return leftReports(this.#connection);
  }

  close(): void {
    this.#connection.close();
    this.erasure.close();
  }

  #names(digest: string): boolean {
    return this.#connection.get('SELECT 1 FROM raw WHERE digest = ?', digest) !== undefined;
  }
}
