// The worker that reads, on a connection of its own: a long list keeps no mail waiting that comes in.
import { parentPort, workerData } from 'node:worker_threads';
import type { DraftQuestion } from '../draft.ts';
import { partOctets, storedOctets } from '../http/mail-octets.ts';
import type { Listed } from '../list.ts';
import { mailBody, mailItemBody, threadBody } from '../mail-bodies.ts';
import type { MailPart } from '../message.ts';
import { answerQuestions } from '../question-port.ts';
import type { QueryQuestions } from '../questions.ts';
import type { FoundMail, FoundThread } from '../search-question.ts';
import type { MailQuestion } from '../stored-mail.ts';
import { highlightsOf } from '../text/highlights.ts';
import { safePage } from '../text/safe-page.ts';
import { openForReading } from './database.ts';
import { DraftReader } from './draft-reader.ts';
import { EventReader } from './event-rows.ts';
import { InboxReader } from './inbox-reader.ts';
import { KeyRows } from './key-rows.ts';
import { listLabelEvents } from './label-events.ts';
import { isLabelled } from './labelled.ts';
import { ListRows } from './list-rows.ts';
import { exportedMails } from './mail-export.ts';
import { MailReader } from './mail-reader.ts';
import { MetricReader } from './metric-reader.ts';
import { outdatedMails } from './outdated.ts';
import { OverviewReader } from './overview-reader.ts';
import { PodRows } from './pod-rows.ts';
import { SearchReader } from './search-reader.ts';
import { sentDraft } from './sent-drafts.ts';
import { StatsReader } from './stats-reader.ts';
import { ThreadReader } from './thread-reader.ts';
import { waitedMail } from './waited-mail.ts';

export interface QueryData {
  /** The directory of the mailbox's data. */
  readonly directory: string;
}

const port = parentPort;
if (port === null) throw new Error('node/mailbox/store/query-worker.ts is a worker: see node/mailbox/workers.ts.');

const { directory } = workerData as QueryData;
const connection = openForReading(directory);
const inboxes = new InboxReader(connection);
const mails = new MailReader(connection);
const keys = new KeyRows(connection);
const pods = new PodRows(connection);
const events = new EventReader(connection);
const drafts = new DraftReader(connection);
const lists = new ListRows(connection);
const threads = new ThreadReader(connection, mails);
const overview = new OverviewReader(connection);
const [metrics, stats] = [new MetricReader(connection), new StatsReader(connection)];
const search = new SearchReader(connection, mails, threads);

/** Made here, for a long mail takes a while. */
async function preview(question: MailQuestion): Promise<string | undefined> {
  const [mail, octets] = [mails.find(question), mails.octets(question)];
  if (mail === undefined || octets === undefined) return undefined;
  const octetsOf = async (part: MailPart) => Buffer.concat(await Array.fromAsync(partOctets(directory, octets, part)));
  return await safePage(mail, octetsOf);
}

async function draftPreview(question: DraftQuestion): Promise<string | undefined> {
  const draft = drafts.draft(question);
  if (draft === undefined) return undefined;
  const parts = draft.files.map((file) => ({ ...file, encoding: 'identity' as const, start: 0, end: file.size }));
  const octetsOf = async ({ attachmentId }: MailPart) => {
    const found = drafts.draftFile({ ...question, attachmentId });
    const kept = found && drafts.draftOctets({ row: found.row, digest: found.file.digest });
    if (kept === undefined) return Buffer.alloc(0);
    const { digest, size: rawSize } = kept.file;
    return await storedOctets(directory, { message: 0, digest, trace: '', content: kept.content, rawSize });
  };
  return await safePage({ ...draft, parts }, octetsOf);
}

answerQuestions<QueryQuestions>(
  port,
  {
    inbox: (inboxId) => inboxes.find(inboxId),
    inboxOfClient: (made) => inboxes.findOfClient(made),
    pod: (text) => pods.find(text),
    pods: (question) => pods.list(question),
    isLabelled: (question) => isLabelled(connection, question),
    inboxes: (question) => inboxes.list(question),
    searchInboxes: (question) => inboxes.search(question),
    mail: (question) => mails.find(question),
    mailsWithIds: ({ inboxId, messageIds }) => mails.withIds(inboxId, messageIds),
    octets: (question) => mails.octets(question),
    part: (question) => mails.part(question),
    linkedPart: (question) => mails.linkedPart(question),
    preview,
    outdatedMails: (question) => outdatedMails(connection, question),
    keyWithDigest: (digest) => keys.withDigest(digest),
    key: (meant) => keys.find(meant),
    keys: (question) => keys.list(question),
    waitedMail: (question) => waitedMail(connection, mails, question),
    threads: (question) => threads.list(question),
    shownThreads: (question) => {
      const { items, next } = threads.list(question);
      return { count: items.length, next, json: shown(items.map(threadBody)) };
    },
    shownMails: (question) => shownAll(mails.list(question), mailItemBody),
    shownMail: (question) => {
      const mail = mails.find(question);
      return mail && shown(mailBody(mail));
    },
    shownThread: (question) => {
      const found = threads.find(question);
      return found && { thread: found.thread, mails: shownAll(found.mails, mailBody) };
    },
    lastEventRow: () => events.lastRow(),
    eventReferences: (question) => events.references(question),
    toldEvents: (question) => events.told(question),
    eventReference: (eventId) => events.reference(eventId),
    eventPayload: (eventId) => events.payload(eventId),
    countedEvents: (asked) => metrics.events(asked),
    usage: (asked) => metrics.usage(asked),
    stats: (asked) => stats.read(asked),
    waitingMails: () => stats.waiting({}),
    organizationCounts: () => metrics.organization(),
    isSearchBehind: () => search.isBehind(),
    searchMails: (question) => {
      const { items, next } = search.mails(question);
      const body = ({ item, texts }: FoundMail) => ({
        ...mailItemBody(item),
        highlights: highlightsOf([texts], question.words),
      });
      return { items: items.map((found) => shown(body(found))), next };
    },
    searchThreads: (question) => {
      const { items, next } = search.threads(question);
      const body = ({ item, texts }: FoundThread) => ({
        ...threadBody(item),
        highlights: highlightsOf(texts, question.words),
      });
      return { items: items.map((found) => shown(body(found))), next };
    },
    exportedMails: (question) => exportedMails(connection, directory, question),
    listEntry: (meant) => lists.find(meant),
    listEntries: (question) => lists.list(question),
    labelEvents: (question) => listLabelEvents(connection, question),
    heldBackMails: (question) => overview.heldBackMails(question),
    waitingForPeople: () => overview.waitingForPeople(),
    unreadIn: (inboxIds) => overview.unreadIn(inboxIds),
    countedPods: (podIds) => overview.countedPods(podIds),
    draft: (question) => drafts.draft(question),
    draftOfClient: (meant) => drafts.draftOfClient(meant),
    sentDraft: (question) => sentDraft(connection, question),
    drafts: (question) => drafts.drafts(question),
    draftPreview,
    draftCounts: () => drafts.draftCounts(),
    draftFile: (question) => drafts.draftFile(question),
    draftOctets: (question) => drafts.draftOctets(question),
  },
  () => connection.close(),
);

function shownAll<Item>({ items, next }: Listed<Item>, bodyOf: (item: Item) => unknown): Listed<Uint8Array> {
  return { items: items.map((item) => shown(bodyOf(item))), next };
}

function shown(body: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(body));
}
