// The worker that writes: everything that changes the mailbox goes through here, on one connection.
import { domainToASCII } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { timedUuidsFrom } from '../../../mesh/uuid.ts';
import { systemClock } from '../../system/clock.ts';
import { systemRandom } from '../../system/random.ts';
import type { Inbox } from '../inbox.ts';
import { servesDomain } from '../pod.ts';
import { answerQuestions, failureFrom, MainLink } from '../question-port.ts';
import type { Answers, IntakeQuestions, WorkerWord } from '../questions.ts';
import type { StandingQuestion } from '../recipient-question.ts';
import { Writer } from '../store/writer.ts';
import { baseSubject } from '../threads/subject.ts';
import { chooseThread } from '../threads/thread-choice.ts';
import { Gathered, inTurn } from './gathered.ts';
import { importMails } from './import.ts';
import { IndexUpkeep } from './index-upkeep.ts';
import { ingest } from './ingest.ts';
import { type Listener, type ListenerParts, type ListenPlace, listen } from './listener.ts';
import { MailRates } from './mail-rates.ts';
import { OutgoingMails } from './outgoing-mail.ts';
import { PageUpkeep } from './page-upkeep.ts';
import { createResolve } from './resolver.ts';
import { TrustedPeers } from './trusted-peers.ts';

export interface IntakeData {
  /** The directory of the mailbox's data. */
  readonly directory: string;
  readonly hostId: string;
  /** The domain of inboxes that are made without one. */
  readonly domain: string | undefined;
  /** Where mail is taken; absent: nowhere. */
  readonly smtp: ListenPlace | undefined;
  readonly lmtp: ListenPlace | undefined;
  readonly tls: ListenerParts['tls'];
  /** Servers as `IP:PORT`; absent: the system's. */
  readonly dns: readonly string[] | undefined;
  /** Gateways that are believed, the names that they write under, and proxies in front of SMTP. */
  readonly trust: readonly string[];
  readonly authservIds: readonly string[];
  readonly proxies: readonly string[];
  /** The newest event that the change log had of this organization when the node started. */
  readonly relayed: { readonly organizationId: string; readonly row: number } | undefined;
}

const port = parentPort;
if (port === null) throw new Error('node/mailbox/intake/worker.ts is a worker: see node/mailbox/workers.ts.');

const { directory, hostId, domain, smtp, lmtp, tls, dns, trust, authservIds, proxies, relayed } =
  workerData as IntakeData;
/** Tells of the inboxes of a group of mails once. */
const freed = new Gathered<string>((inboxIds) => port.postMessage({ freed: inboxIds } satisfies WorkerWord));
const indexing = new IndexUpkeep({
  indexSome: () => writer.write(() => writer.search.indexSome()),
  purgeSome: () => writer.purgeIndex(),
  clock: systemClock,
  failed: ({ message }) =>
    note('mailbox.index_waits', { message: `Some mail is not found by its words yet: ${message}` }),
});
const overwriting = new PageUpkeep({
  overwriteSome: () => writer.erasure.overwriteSome(),
  clock: systemClock,
  failed: ({ message }) =>
    note('mailbox.overwriting_waits', { message: `Octets of erased mail may be left in mailbox.db: ${message}` }),
});
const writer = await Writer.open({
  ...{ directory, hostId, random: systemRandom, nowMs: systemClock.wallMs() },
  newUuid: timedUuidsFrom(systemRandom, systemClock),
  ...{ chooseThread, baseSubject },
  told: () => {
    port.postMessage({ told: true } satisfies WorkerWord);
    indexing.wake();
  },
  freed: (inboxIds) => freed.add(inboxIds),
  erased: () => overwriting.wake(),
});
// A database that was set back would give new events the rows of others, which the change log takes for those that it has.
if (relayed?.organizationId === writer.organization.organizationId) {
  await writer.write(() => writer.events.skipTo(relayed.row));
}

const main = new MainLink(port, systemClock);
const mails: Omit<ListenerParts, 'protocol' | 'proxies'> = {
  ...{ trusted: new TrustedPeers(trust), authservIds },
  ...{ writer, directory, hostId, domain, tls, clock: systemClock },
  resolve: createResolve(systemClock, dns),
  keys: new WeakMap(),
  rates: new MailRates(systemClock),
  inboxFor: (address) => writer.inboxFor(address),
  serves: (name) =>
    servesDomain(name, domain, (slug) => writer.pods.hasSlug(slug)) || writer.domains.serves(domainToASCII(name)),
  standingOf: inTurn((question: StandingQuestion) => main.ask('standing', question)),
  failed: ({ message, stack }) => {
    note('mailbox.mail_failed', { message, stack });
  },
};
const outgoing = new OutgoingMails({ writer, hostId, rates: mails.rates });
function activeInbox(address: string): Inbox | undefined {
  const inbox = writer.inboxFor(address);
  return inbox?.state === 'active' ? inbox : undefined;
}

/** What it has left in the index is taken out in a moment. */
async function erased<Result>(work: Promise<Result>): Promise<Result> {
  const result = await work;
  indexing.wake();
  return result;
}

const answers: Answers<IntakeQuestions> = {
  organization: () => writer.organization,
  ingest: (mail) => ingest(mail, mails),
  importMails: (question) => importMails(question, { writer, hostId, clock: systemClock }),
  leftReports: () => writer.leftReports(),
  settleReport: (settled) => writer.write(() => writer.outcomes.settleReport(settled)),
  findInbox: (inboxId) => writer.findInbox(inboxId),
  unsettledInboxes: () => writer.unsettledInboxes(),
  beginInbox: (draft) => writer.beginInbox(draft),
  activateInbox: (active) => writer.activateInbox(active),
  changeInbox: (change) => writer.changeInbox(change),
  deleteInbox: (deletion) => writer.deleteInbox(deletion),
  changeSettings: (change) => writer.changeSettings(change),
  eraseMails: (question) => erased(writer.eraseMails(question)),
  eraseMail: (inboxId) => erased(writer.eraseMail(inboxId)),
  dropInbox: (inboxId) => writer.dropInbox(inboxId),
  changeLabels: (question) => writer.changeLabels(question),
  changeEach: (question) => writer.changeEach(question),
  removeMails: (question) => erased(writer.removeMails(question)),
  unsubscribe: ({ token, atMs, ...who }) =>
    writer.write(() => {
      writer.unsubscriptions.take(token, who, atMs);
      return { isWrittenTo: writer.unsubscriptions.isWrittenTo(who) };
    }),
  noteOpened: (opened) => writer.write(() => writer.outcomes.opened(opened)),
  addListEntry: (entry) => writer.write(() => writer.lists.add(entry)),
  endBlocks: (nowMs) => writer.write(() => writer.lists.endBlocks(nowMs)),
  removeListEntry: (meant) => writer.write(() => writer.lists.remove(meant)),
  addKey: (key) => writer.write(() => writer.keys.add(key)),
  changeKey: (change) => writer.write(() => writer.keys.change(change)),
  addPod: (pod) => writer.write(() => writer.pods.add(pod)),
  removePod: (podId) => writer.write(() => writer.pods.remove(podId)),
  domains: () => writer.domains.all(),
  addDomain: (added) => writer.write(() => writer.domains.add(added)),
  changeDomain: (change) => writer.write(() => writer.domains.change(change)),
  noteDomain: ({ host, ...checked }) =>
    writer.write(() => {
      const noted = writer.domains.note(checked);
      if (noted?.becameVerified) writer.events.appendVerified({ domain: noted.domain, host }, checked.atMs);
    }),
  putDomainKey: ({ key, atMs, ...meant }) => writer.write(() => writer.domains.putKey(meant, key, atMs)),
  removeDomain: (meant) => writer.write(() => writer.domains.remove(meant)),
  removeKey: (handled) => writer.write(() => writer.keys.remove(handled)),
  noteKeyUse: ({ keyId, atMs }) => writer.write(() => writer.keys.noteUse(keyId, atMs)),
  trimEvents: (question) =>
    writer.write(() =>
      [writer.events.trim(question), writer.labelEvents.trim(question), writer.counts.trim(question.nowMs)].includes(
        true,
      ),
    ),
  measures: () => ({
    ...{ inboxes: writer.inboxCount, receipts: writer.receipts.counts(), outcomes: writer.events.outcomes.counts() },
    ...writer.leases.counts(),
  }),
  claimMails: (question) => writer.leases.claim(question),
  changeLease: (question) => writer.leases.change(question),
  settleLeases: (nowMs) => writer.leases.settle(nowMs),
  inboxesFor: (addresses) => addresses.map((address) => activeInbox(address)),
  beginOutgoing: (draft) => outgoing.begin(draft),
  outgoingWaits: (id) => outgoing.waits(id),
  findOutgoing: (keyHash) => writer.outgoing.find(keyHash),
  leftOutgoing: () => writer.outgoing.left(),
  openOutgoing: (inboxId) => writer.outgoing.open(inboxId),
  finishOutgoing: (finished) => writer.outgoing.finish(finished),
  dropOutgoing: (id) => writer.outgoing.drop(id),
  outcomePosition: () => writer.outcomes.position(),
  noteOutcomes: (heard) => writer.write(() => writer.outcomes.note(heard)),
  silentOutgoing: (nowMs) => writer.outcomes.silent(nowMs),
  indexNew: () => indexing.catchUp(),
  createDraft: (draft) => writer.drafts.createDraft(draft),
  changeDraft: (change) => writer.drafts.changeDraft(change),
  removeDraft: (meant) => writer.drafts.removeDraft(meant),
  beginSendingDraft: (meant) => writer.drafts.beginSendingDraft(meant),
  endSendingDraft: (ended) => writer.drafts.endSendingDraft(ended),
  dueDrafts: (question) => writer.drafts.dueDrafts(question),
  sweepOutgoing: (ended) =>
    writer.write(() => {
      writer.outcomes.end(ended);
      writer.outcomes.sweep(ended.atMs);
    }),
};
const listeners: Listener[] = [];

const closing = new AbortController();

/** In the background: there may be as many files as there are large mails. */
async function sweep(): Promise<void> {
  try {
    const files = await writer.sweepFiles(closing.signal);
    if (files > 0) note('mailbox.files_swept', { files });
  } catch (error) {
    note('mailbox.sweep_failed', { message: `Files that no mail needs may be left: ${(error as Error).message}` });
  }
}

function note(noted: string, fields: Readonly<Record<string, unknown>>): void {
  port?.postMessage({ noted, fields } satisfies WorkerWord);
}

/** What is being taken ends first: it is answered only when it is written. */
async function close(): Promise<void> {
  closing.abort();
  await Promise.all(listeners.map((listener) => listener.close()));
  writer.close();
}

try {
  if (smtp !== undefined) listeners.push(await listen(smtp, { ...mails, protocol: 'smtp', proxies }));
  if (lmtp !== undefined) listeners.push(await listen(lmtp, { ...mails, protocol: 'lmtp', proxies: [] }));
  answerQuestions<IntakeQuestions>(port, answers, close);
  void sweep();
  void indexing.run(closing.signal);
  void overwriting.run(closing.signal);
} catch (error) {
  port.postMessage({ refused: failureFrom(error as Error) } satisfies WorkerWord);
  await close();
  port.close();
}
