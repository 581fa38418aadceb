// The worker that reads, on a connection of its own: a long list keeps no mail waiting that comes in.
import { parentPort, workerData } from 'node:worker_threads';
import { answerQuestions } from '../question-port.ts';
import type { QueryQuestions } from '../questions.ts';
import { openForReading } from './database.ts';
import { InboxReader } from './inbox-reader.ts';

export interface QueryData {
  /** Of the mailbox's data. */
  readonly directory: string;
}

const port = parentPort;
if (port === null) throw new Error('node/mailbox/store/query-worker.ts is a worker: see node/mailbox/workers.ts.');

const connection = openForReading((workerData as QueryData).directory);
const inboxes = new InboxReader(connection);

answerQuestions<QueryQuestions>(
  port,
  {
    inbox: (inboxId) => inboxes.find(inboxId),
    inboxes: (question) => inboxes.list(question),
    searchInboxes: (question) => inboxes.search(question),
  },
  () => connection.close(),
);
