// Threads, of the organization, of an inbox, and of a pod.
import type { AgentMailClient } from 'agentmail';
import { expect } from 'vitest';
import type { MailboxWorld } from '../../support/mailbox-calls.ts';
import { answers, atScopes, gone, isDone, newWord, type Place, type Rows } from '../../support/method-rows.ts';
import { download } from '../../support/proof-world.ts';

type Threads = Pick<AgentMailClient['threads'], 'list' | 'search' | 'get' | 'getAttachment' | 'update' | 'delete'>;

const FILE = { filename: 'a.txt', content: Buffer.from('a file').toString('base64') };

/** A thread of one mail, that has a word that no other has as its subject, in its text, and as its label. */
async function newThread(world: MailboxWorld, { inboxOf }: Place<Threads>) {
  const [inboxId, word] = [inboxOf(world), newWord()];
  const mail = { to: inboxId, subject: word, text: `The ${word} blows.`, labels: [word], attachments: [FILE] };
  const { threadId, messageId } = await world.aside.inboxes.messages.send(inboxId, mail);
  return { inboxId, word, threadId, messageId };
}

const rowsOf = (place: Place<Threads>): Rows => ({
  list: answers('a thread is found by its label, with its one message', async (world) => {
    const { word, threadId, messageId } = await newThread(world, place);
    const { count, threads } = await place.of(world.client, world).list({ labels: [word] });
    expect([count, threads]).toMatchObject([
      1,
      [{ threadId, subject: word, messageCount: 1, lastMessageId: messageId }],
    ]);
  }),
  search: answers('a thread is found by a word of its text, which is shown', async (world) => {
    const { word, threadId } = await newThread(world, place);
    const { threads } = await place.of(world.client, world).search({ q: word });
    expect(threads).toMatchObject([{ threadId, highlights: { text: [`The **${word}** blows.`] } }]);
  }),
  get: answers('a thread has its message, whose text was sent', async (world) => {
    const { word, threadId, messageId } = await newThread(world, place);
    const thread = await place.of(world.client, world).get(threadId);
    expect(thread).toMatchObject({ threadId, messages: [{ messageId, text: `The ${word} blows.` }] });
  }),
  getAttachment: answers('the file is the one that was sent', async (world) => {
    const { inboxId, threadId, messageId } = await newThread(world, place);
    const { attachments = [] } = await world.aside.inboxes.messages.get(inboxId, messageId);
    const id = String(attachments[0]?.attachmentId);
    const file = await place.of(world.client, world).getAttachment(threadId, id);
    expect(file).toMatchObject({ attachmentId: id, filename: 'a.txt', size: 6 });
    expect(String(await download(file.downloadUrl))).toBe('a file');
  }),
  update: answers('a label that is set is that of its message', async (world) => {
    const { inboxId, word, threadId, messageId } = await newThread(world, place);
    const form = { addLabels: ['resolved'], removeLabels: [word] };
    const changed = await place.of(world.client, world).update(threadId, form);
    expect(changed).toEqual({ threadId, labels: expect.arrayContaining(['resolved']) });
    const { labels } = await world.aside.inboxes.messages.get(inboxId, messageId);
    expect(labels.filter((label) => ['resolved', word].includes(label))).toEqual(['resolved']);
  }),
  delete: isDone('the thread and its message are gone', async (world) => {
    const { inboxId, threadId, messageId } = await newThread(world, place);
    await place.of(world.client, world).delete(threadId);
    expect(await gone(world.aside.threads.get(threadId))).toBe(true);
    expect(await gone(world.aside.inboxes.messages.get(inboxId, messageId))).toBe(true);
  }),
});

export const THREADS = atScopes<Threads>(
  'threads',
  {
    organization: (client) => client.threads,
    inbox: (client) => client.inboxes.threads,
    pod: (client) => client.pods.threads,
  },
  rowsOf,
);
