// What the mailbox's two workers are asked. Each question has one argument and one answer, both of which can be cloned.
import type { AddedKey, ApiKey, ChangedKey, DeletedKey, KeyChange, KeyHandled, KeyMeant, NewKey } from './api-key.ts';
import type { DomainQuestions } from './domain.ts';
import type { DraftReads, DraftWrites } from './draft.ts';
import type { EventReference, ToldEvent } from './event.ts';
import type {
  BegunInbox,
  ChangedInbox,
  Inbox,
  InboxChange,
  InboxDraft,
  Organization,
  SettingsChange,
} from './inbox.ts';
import type { IngestAnswer, IngestQuestion } from './ingest-question.ts';
import type { LabelChange, LabelOutcome, LabelOutcomes, LabelsRequired, MailsMeant } from './label.ts';
import type { LabelEvent, LabelEventsQuestion } from './label-event.ts';
import type { Claimed, ClaimQuestion, LeaseOutcome, LeaseQuestion, WaitQuestion } from './lease-question.ts';
import type { Listed, ListPlace } from './list.ts';
import type {
  AddedListEntry,
  ListEntriesQuestion,
  ListEntry,
  ListEntryMeant,
  NewListEntry,
  RemovedListEntry,
} from './list-entry.ts';
import type { ExportedMails, ExportQuestion, ImportedMails, ImportQuestion } from './mail-archive.ts';
import type { EventsCounted, MetricPoint, OrganizationCounts, Stats, StatsAsked, UsageAsked } from './metric.ts';
import type {
  BegunOutgoing,
  FinishedOutgoing,
  HeardOutcomes,
  KnownOutgoing,
  LeftOutgoing,
  OutgoingDraft,
  SentIds,
} from './outgoing-mail.ts';
import type { OverviewReads } from './overview.ts';
import type { AddedPod, NewPod, Pod, RemovedPod } from './pod.ts';
import type { Standing, StandingQuestion } from './recipient-question.ts';
import type { LeftReport, SettledReport } from './report.ts';
import type { OutdatedQuestion } from './retention.ts';
import type { Scope } from './scope.ts';
import type { Found, SearchQuestion } from './search-question.ts';
import type {
  FoundPart,
  LabelledQuestion,
  MailQuestion,
  MailsNamed,
  MailsQuestion,
  PartQuestion,
  StoredOctets,
  ThreadItem,
  ThreadQuestion,
  WholeMail,
} from './stored-mail.ts';
import type { Unsubscriber } from './unsubscribe.ts';

/** The worker that writes. */
export interface IntakeQuestions extends DomainQuestions, DraftWrites {
  /** Inboxes, and mails leased now; since the worker began: mails that came by class, what became of those sent, how work ended. */
  measures(nothing: null): {
    readonly inboxes: number;
    readonly receipts: readonly (readonly [string, number])[];
    readonly outcomes: readonly (readonly [string, number])[];
    readonly ended: readonly (readonly [string, number])[];
    readonly leased: number;
  };
  organization(nothing: null): Organization;
  addPod(pod: NewPod): AddedPod;
  removePod(podId: string): RemovedPod;
  ingest(mail: IngestQuestion): IngestAnswer;
  /** `many`: more than are put in at once; none was. */
  importMails(question: ImportQuestion): ImportedMails | 'many';
  leftReports(nothing: null): readonly LeftReport[];
  settleReport(settled: SettledReport): void;
  /** In whatever state it is. */
  findInbox(inboxId: string): Inbox | undefined;
  unsettledInboxes(nothing: null): readonly Inbox[];
  beginInbox(draft: InboxDraft): BegunInbox;
  /** The address is that agent's, or shall be again. `makesAgent`: absent, as it was. */
  activateInbox(active: {
    readonly inboxId: string;
    readonly agentId: string;
    readonly makesAgent?: boolean;
    readonly atMs: number;
  }): Inbox;
  changeInbox(change: InboxChange): ChangedInbox;
  /** Absent: there is no such inbox any more. */
  changeSettings(change: SettingsChange): Inbox | undefined;
  /** Erases mails by their rows; those that are gone already are no fault. */
  eraseMails(question: OutdatedQuestion & { readonly rows: readonly number[] }): void;
  deleteInbox(deletion: { readonly inboxId: string; readonly atMs: number }): void;
  /** Whether there is more. */
  eraseMail(inboxId: string): boolean;
  dropInbox(inboxId: string): void;
  /** The inbox that takes mail for each address here, with its `+tag` or without. */
  inboxesFor(addresses: readonly string[]): readonly (Pick<Inbox, 'inboxId' | 'podId'> | undefined)[];
  beginOutgoing(draft: OutgoingDraft): BegunOutgoing;
  /** Whether a mail was written down, and is in no inbox yet; what is being written down is waited for. */
  outgoingWaits(id: string): boolean;
  findOutgoing(keyHash: string): KnownOutgoing | undefined;
  leftOutgoing(nothing: null): readonly LeftOutgoing[];
  /** Ids of an inbox's mails of which more may be heard. */
  openOutgoing(inboxId: string): readonly string[];
  finishOutgoing(finished: FinishedOutgoing): SentIds | undefined;
  dropOutgoing(id: string): void;
  /** The place up to which the change log was heard. */
  outcomePosition(nothing: null): number | undefined;
  /** The place from which it is to be heard again. */
  noteOutcomes(heard: HeardOutcomes): number;
  /** Ids of mails of which no end was heard for a day. */
  silentOutgoing(nowMs: number): readonly string[];
  /** `ids`: of those that have ended all the same. */
  sweepOutgoing(ended: { readonly ids: readonly string[]; readonly atMs: number }): void;
  changeLabels(question: { readonly meant: MailsMeant; readonly change: LabelChange }): LabelOutcome;
  /** Changes all of them or none. */
  changeEach(question: MailsNamed & { readonly change: LabelChange }): LabelOutcomes;
  removeMails(question: {
    readonly meant: MailsMeant;
    readonly only?: LabelsRequired | undefined;
    readonly atMs: number;
  }): LabelOutcome['outcome'];
  /** Asks an inbox for no more mail, by a token of its own. `isWrittenTo`: the token is an old one, and they may get mail again. */
  unsubscribe(who: Unsubscriber & { readonly token: string; readonly atMs: number }): { readonly isWrittenTo: boolean };
  /** `id`: of the outgoing mail. */
  noteOpened(opened: { readonly id: string; readonly atMs: number }): void;
  addListEntry(entry: NewListEntry): AddedListEntry;
  /** Ends what this host has blocked for a while. */
  endBlocks(nowMs: number): void;
  /** `isOperator`: he may take away what this host has made, too. */
  removeListEntry(meant: ListEntryMeant & { readonly isOperator?: boolean }): RemovedListEntry;
  addKey(key: NewKey): AddedKey;
  changeKey(change: KeyChange): ChangedKey;
  removeKey(handled: KeyHandled): DeletedKey;
  noteKeyUse(use: { readonly keyId: string; readonly atMs: number }): void;
  /** Takes away events that were kept long enough; whether there is more. `relayedRow`: up to there, the change log has them. */
  trimEvents(question: { readonly nowMs: number; readonly relayedRow: number }): boolean;
  claimMails(question: ClaimQuestion): Claimed;
  changeLease(question: LeaseQuestion): LeaseOutcome;
  /** Resolves when mails that came until now are found by their words. */
  indexNew(nothing: null): boolean;
  /** Ends leases that have run out; when there is something to end again. */
  settleLeases(nowMs: number): number | undefined;
}

export interface InboxesQuestion extends Scope {
  readonly limit: number;
  readonly isAscending: boolean;
  readonly after?: ListPlace | undefined;
}

export interface InboxSearch extends Scope {
  /** In lower case; each must begin a word. */
  readonly words: readonly string[];
  /** The whole, in lower case. */
  readonly text: string;
  readonly limit: number;
  readonly place?: ListPlace | undefined;
}

/** Keys of a scope, and of all that lies within it. */
export interface KeysQuestion extends Scope {
  readonly limit: number;
  readonly isAscending: boolean;
  readonly place?: ListPlace | undefined;
}

export interface PodsQuestion {
  /** Present: only this one is listed. */
  readonly podId?: string | undefined;
  readonly limit: number;
  readonly isAscending: boolean;
  readonly place?: ListPlace | undefined;
}

/** The worker that reads. */
export interface QueryQuestions extends DraftReads, OverviewReads {
  /** The pod that a text means: its id, or the client id that it was made with. */
  pod(text: string): Pod | undefined;
  pods(question: PodsQuestion): Listed<Pod>;
  /** Whether a mail, or any of a thread, has one of the labels. */
  isLabelled(question: LabelledQuestion): boolean;
  inbox(inboxId: string): Inbox | undefined;
  /** The inbox that was made with that client id; without a pod, in the default one. */
  inboxOfClient(made: Pick<InboxDraft, 'podId'> & { readonly clientId: string }): Inbox | undefined;
  inboxes(question: InboxesQuestion): Listed<Inbox>;
  searchInboxes(question: InboxSearch): Listed<Inbox>;
  mail(question: MailQuestion): WholeMail | undefined;
  /** The mails that there are, in that order, without their texts. */
  mailsWithIds(question: MailsNamed): readonly WholeMail[];
  /** Bodies of answers as JSON, made where that holds nobody up: a mail may say some megabytes. */
  shownMails(question: MailsQuestion & { readonly inboxId: string }): Listed<Uint8Array>;
  shownMail(question: MailQuestion): Uint8Array | undefined;
  shownThread(
    question: ThreadQuestion,
  ): { readonly thread: ThreadItem; readonly mails: Listed<Uint8Array> } | undefined;
  octets(question: MailQuestion | Pick<StoredOctets, 'message' | 'digest'>): StoredOctets | undefined;
  part(question: PartQuestion): FoundPart | undefined;
  linkedPart(link: Pick<FoundPart, 'message' | 'number'>): FoundPart | undefined;
  /** What somebody waits for, if it is there. */
  waitedMail(question: WaitQuestion): WholeMail | undefined;
  threads(question: MailsQuestion): Listed<ThreadItem>;
  /** `json`: the list of their bodies. */
  shownThreads(question: MailsQuestion): {
    readonly count: number;
    readonly next: ListPlace | undefined;
    readonly json: Uint8Array;
  };
  /** The mail as a page that may be shown. */
  preview(question: MailQuestion): string | undefined;
  /** Rows of mails that were kept long enough, some at a time. */
  outdatedMails(question: OutdatedQuestion): readonly number[];
  keyWithDigest(digest: string): ApiKey | undefined;
  key(meant: KeyMeant): ApiKey | undefined;
  keys(question: KeysQuestion): Listed<ApiKey>;
  /** The newest event; 0 when there never was one. */
  lastEventRow(nothing: null): number;
  /** What follows a row, in order. */
  eventReferences(question: { readonly after: number; readonly limit: number }): readonly EventReference[];
  /** Events that follow a row with what is told of them, about so many octets; one whose mail is gone is left out. */
  toldEvents(question: {
    readonly after: number;
    readonly limit: number;
    readonly bytes: number;
  }): readonly ToldEvent[];
  eventReference(eventId: string): EventReference | undefined;
  eventPayload(eventId: string): string | undefined;
  labelEvents(question: LabelEventsQuestion): Listed<LabelEvent>;
  /** Points of each type; one more than wanted where there are more. */
  countedEvents(asked: EventsCounted): Readonly<Record<string, readonly MetricPoint[]>>;
  usage(asked: UsageAsked): Readonly<Record<string, readonly MetricPoint[]>>;
  stats(asked: StatsAsked): Stats;
  /** Mails of all inboxes that wait for somebody. */
  waitingMails(nothing: null): Pick<Stats, 'unread' | 'queueDepth'>;
  organizationCounts(nothing: null): OrganizationCounts;
  /** Whether mails wait to be found by their words. */
  isSearchBehind(nothing: null): boolean;
  /** Bodies of answers as JSON. */
  searchMails(question: SearchQuestion): Found<Uint8Array>;
  searchThreads(question: SearchQuestion): Found<Uint8Array>;
  exportedMails(question: ExportQuestion): ExportedMails;
  listEntry(meant: ListEntryMeant): ListEntry | undefined;
  /** In the order of their entries; `next`: the entry behind which the next page begins. */
  listEntries(question: ListEntriesQuestion): { readonly items: readonly ListEntry[]; readonly next?: string };
}

/** The main thread, which knows the mesh. */
export interface MainQuestions {
  standing(question: StandingQuestion): Standing;
}

/** One question, as it crosses to another thread. */
export interface Question {
  readonly id: number;
  readonly kind: string;
  readonly input: unknown;
}

/** An error in parts, because cloning would keep neither its class nor its code. */
export interface Failure {
  readonly code: string | undefined;
  readonly message: string;
}

/** What the answer to a question is, or why there is none. */
export type Answered =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failure: Failure };

/** What a worker says: what should be in the log, that it can be asked, that there are new events, in which inboxes a worker may find mail now, why it can't be begun at all, what it asks, what it answers. */
export type WorkerWord =
  | { readonly noted: string; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly opened: true }
  | { readonly told: true }
  | { readonly freed: readonly string[] }
  | { readonly refused: Failure }
  | { readonly asked: Question }
  | Answered;

/** What a worker is told: a question, or what it asked. */
export type MainWord = Question | { readonly answered: Answered };

/** What answers questions of a kind: by itself or, where it waits for the disk, later. */
export type Answers<Questions> = {
  readonly [Kind in keyof Questions]: Questions[Kind] extends (input: infer Input) => infer Answer
    ? (input: Input) => Answer | Promise<Answer>
    : never;
};

/** Asks of another thread, and the way to wait for its answer. */
export interface Asks<Questions> {
  ask<Kind extends keyof Questions & string>(
    kind: Kind,
    input: Questions[Kind] extends (input: infer Input) => unknown ? Input : never,
    /** Milliseconds for the answer, where it takes longer than others. */
    answerMsMax?: number,
  ): Promise<Questions[Kind] extends (input: never) => infer Answer ? Answer : never>;
}
