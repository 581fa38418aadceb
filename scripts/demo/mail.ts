// Two agents on one machine, each with an inbox, that write to each other and stop: source 001, on a node of one's own. Each is a loop over its
// inbox's jobs, as a program of its own would be.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type InboxMessage, openInbox, type WorkedInbox } from '../../node/mailbox/worker/inbox.js';
import { ProcessMesh } from '../host-process.ts';
import { concludes, expect, tell } from './narration.ts';

/** What Ann asks, and what Bob should answer. */
const TASKS = [
  { numbers: [1, 2, 3], sum: 6 },
  { numbers: [10, 20], sum: 30 },
  { numbers: [5, 5, 5, 5], sum: 20 },
] as const;
const CONVERSATION_MS_MAX = 120_000;

await using mesh = await ProcessMesh.create([{ id: 'mac' }], {
  flags: ['--mailbox', '--mailbox-domain', 'agents.example.com'],
});

tell('One host that keeps inboxes. It needs no mail server for agents of its own.');
await mesh.start();
const { url, dataDirectory, ready } = mesh.host('mac');
console.log(`  ${ready}`);
const organizationKey = readFileSync(join(dataDirectory, 'mailbox', 'org-key'), 'utf8').trim();

tell(
  'Two inboxes: each is an address that is claimed in the mesh. Each agent gets a key that opens its own, and nothing else.',
);
const [ann, bob] = [await inboxFor('ann'), await inboxFor('bob')];
expect('the addresses have owners in the mesh', (await owners()) === 2);

tell('Ann asks Bob to add numbers. Bob works on each mail, and answers; once he fails in the midst, and tries again.');
const stop = new AbortController();
const late = AbortSignal.timeout(CONVERSATION_MS_MAX);
const heard: number[] = [];
const attempts: number[] = [];
const first = TASKS[0];
await ann.send({ to: bob.inboxId, subject: 'Sums', payload: { task: 'add', numbers: first.numbers } });
await Promise.all([annListens(), bobWorks()]);

tell('Ann has heard all that she asked for, so that both have stopped by themselves.');
expect('every answer is right', heard.join() === TASKS.map(({ sum }) => sum).join());
expect('one mail took two attempts', attempts.join() === '1,1,2,1');
const [ofAnn, ofBob] = [await messagesOf(ann), await messagesOf(bob)];
expect(
  'each was answered once',
  countOf(ofAnn, 'received') === TASKS.length && countOf(ofBob, 'received') === TASKS.length,
);
expect('each is one conversation', threadsOf(ofAnn) === 1 && threadsOf(ofBob) === 1);
expect('nothing is left to do', countOf([...ofAnn, ...ofBob], 'unread') === 0);

tell('The host stops on SIGTERM.');
expect('it ended cleanly', (await mesh.host('mac').stop()) === 0);
concludes();

async function annListens(): Promise<void> {
  for await (const job of jobsOf(ann, 'ann')) {
    const { result } = job.message.payload as { readonly result: number };
    console.log(`  ann   hears ${result}`);
    heard.push(result);
    const next = TASKS[heard.length];
    if (next === undefined) stop.abort();
    else await job.reply({ payload: { task: 'add', numbers: next.numbers } });
  }
}

async function bobWorks(): Promise<void> {
  for await (const job of jobsOf(bob, 'bob')) {
    const { numbers } = job.message.payload as { readonly numbers: readonly number[] };
    attempts.push(job.attempt);
    console.log(`  bob   is asked to add ${numbers.join(', ')} (attempt ${job.attempt})`);
    await job.reply({ payload: { status: 'processed', result: numbers.reduce((sum, number) => sum + number, 0) } });
    if (attempts.length === 2) {
      console.log('  bob   fails after his answer, and gives the mail back: the next attempt must not answer twice');
      await job.release();
    }
  }
}

function jobsOf(inbox: WorkedInbox, worker: string) {
  return inbox.jobs({ worker, signal: AbortSignal.any([stop.signal, late]) });
}

async function inboxFor(username: string): Promise<WorkedInbox> {
  const { inbox_id: inboxId } = await ask<{ inbox_id: string }>('POST', '/v0/inboxes', { username });
  const { api_key: key } = await ask<{ api_key: string }>('POST', `/v0/inboxes/${inboxId}/api-keys`, {
    name: username,
  });
  console.log(`  ${inboxId}`);
  return openInbox({ url, key, inboxId });
}

async function owners(): Promise<number> {
  const answers = await Promise.all(
    [ann, bob].map(({ inboxId }) =>
      ask<{ emails: object }>('GET', `/api/agents/email-index?federated=true&address=${inboxId}`),
    ),
  );
  return answers.filter(({ emails }) => Object.keys(emails).length === 1).length;
}

async function messagesOf({ inboxId }: WorkedInbox): Promise<readonly InboxMessage[]> {
  return (await ask<{ messages: readonly InboxMessage[] }>('GET', `/v0/inboxes/${inboxId}/messages`)).messages;
}

function countOf(messages: readonly InboxMessage[], label: string): number {
  return messages.filter(({ labels }) => labels.includes(label)).length;
}

function threadsOf(messages: readonly InboxMessage[]): number {
  return new Set(messages.map(({ thread_id }) => thread_id)).size;
}

async function ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const headers = { authorization: `Bearer ${organizationKey}`, 'content-type': 'application/json' };
  const response = await fetch(url + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}
