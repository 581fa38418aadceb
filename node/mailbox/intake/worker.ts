// The worker that writes: everything that changes the mailbox goes through here, on one connection.
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../system/clock.ts';
import { systemRandom } from '../../system/random.ts';
import { answerQuestions } from '../question-port.ts';
import type { IntakeQuestions, WorkerWord } from '../questions.ts';
import { Writer } from '../store/writer.ts';
import { baseSubject } from '../threads/subject.ts';
import { chooseThread } from '../threads/thread-choice.ts';
import { type ListenerParts, type ListenPlace, listen } from './listener.ts';
import { MailRates } from './mail-rates.ts';
import { createResolve } from './resolver.ts';

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
}

const port = parentPort;
if (port === null) throw new Error('node/mailbox/intake/worker.ts is a worker: see node/mailbox/workers.ts.');

const { directory, hostId, domain, smtp, lmtp, tls, dns } = workerData as IntakeData;
const writer = await Writer.open({
  ...{ directory, hostId, random: systemRandom, nowMs: systemClock.wallMs() },
  ...{ chooseThread, baseSubject },
});

const mails: Omit<ListenerParts, 'protocol'> = {
  ...{ writer, directory, hostId, tls, clock: systemClock },
  resolve: createResolve(systemClock, dns),
  rates: new MailRates(systemClock),
  inboxFor: (address) => writer.inboxFor(address),
  serves: (name) => name === domain,
  failed: ({ message, stack }) => {
    port.postMessage({ noted: 'mailbox.mail_failed', fields: { message, stack } } satisfies WorkerWord);
  },
};
const listeners = [
  ...(smtp === undefined ? [] : [await listen(smtp, { ...mails, protocol: 'smtp' })]),
  ...(lmtp === undefined ? [] : [await listen(lmtp, { ...mails, protocol: 'lmtp' })]),
];

answerQuestions<IntakeQuestions>(
  port,
  {
    organization: () => writer.organization,
    findInbox: (inboxId) => writer.findInbox(inboxId),
    unsettledInboxes: () => writer.unsettledInboxes(),
    beginInbox: (draft) => writer.beginInbox(draft),
    activateInbox: (active) => writer.activateInbox(active),
    changeInbox: (change) => writer.changeInbox(change),
    deleteInbox: (deletion) => writer.deleteInbox(deletion),
    eraseMail: (inboxId) => writer.eraseMail(inboxId),
    dropInbox: (inboxId) => writer.dropInbox(inboxId),
    changeLabels: (question) => writer.changeLabels(question),
    removeMails: (question) => writer.removeMails(question),
  },
  async () => {
    // What is being taken ends first: it is answered only when it is written.
    await Promise.all(listeners.map((listener) => listener.close()));
    writer.close();
  },
);
