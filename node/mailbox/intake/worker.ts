// The worker that writes: everything that changes the mailbox goes through here, on one connection.
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../system/clock.ts';
import { systemRandom } from '../../system/random.ts';
import { answerQuestions } from '../question-port.ts';
import type { IntakeQuestions } from '../questions.ts';
import { Writer } from '../store/writer.ts';
import { baseSubject } from '../threads/subject.ts';
import { chooseThread } from '../threads/thread-choice.ts';

export interface IntakeData {
  /** The directory of the mailbox's data. */
  readonly directory: string;
  readonly hostId: string;
}

const port = parentPort;
if (port === null) throw new Error('node/mailbox/intake/worker.ts is a worker: see node/mailbox/workers.ts.');

const { directory, hostId } = workerData as IntakeData;
const writer = await Writer.open({
  ...{ directory, hostId, random: systemRandom, nowMs: systemClock.wallMs() },
  ...{ chooseThread, baseSubject },
});

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
  () => writer.close(),
);
