// Messages of an inbox.
import { expect } from 'vitest';
import type { MailboxWorld } from '../../support/mailbox-calls.ts';
import { answers, gone, isDone, newWord, type Rows } from '../../support/method-rows.ts';
import { download } from '../../support/proof-world.ts';

const [BOB, EVE] = ['bob@agents.example.com', 'eve@agents.example.com'] as const;

/** A mail of the inbox to itself, with a word that no other has. */
async function newMail({ aside, inboxId }: MailboxWorld) {
  const word = newWord();
  const mail = { to: inboxId, subject: word, text: `The ${word} blows.`, labels: [word] };
  return { word, ...(await aside.inboxes.messages.send(inboxId, mail)) };
}

const READ: Rows = {
  'inboxes.messages.list': answers('a message is found by its label', async (world) => {
    const { word, messageId } = await newMail(world);
    const { count, messages } = await world.client.inboxes.messages.list(world.inboxId, { labels: [word] });
    expect([count, messages]).toMatchObject([1, [{ messageId, subject: word, to: [world.inboxId] }]]);
  }),
  'inboxes.messages.search': answers('a message is found by a word of its text, which is shown', async (world) => {
    const { word, messageId } = await newMail(world);
    const { messages } = await world.client.inboxes.messages.search(world.inboxId, { q: word });
    expect(messages).toMatchObject([{ messageId, highlights: { text: [`The **${word}** blows.`] } }]);
  }),
  'inboxes.messages.get': answers('a message has who wrote it, to whom, and what', async (world) => {
    const { client, inboxId, messageIds, threadId, attachmentId } = world;
    const message = await client.inboxes.messages.get(inboxId, messageIds[0]);
    expect(message).toMatchObject({
      ...{ inboxId, threadId, messageId: messageIds[0], from: BOB, to: [inboxId], cc: [BOB] },
      ...{ replyTo: [`Office <${BOB}>`], text: expect.stringMatching(/^Yes\./) },
    });
    const [file] = message.attachments ?? [];
    expect(file).toMatchObject({ attachmentId, filename: 'a.csv', contentType: 'text/csv', size: 4 });
  }),
  'inboxes.messages.batchGet': answers('those that are there come in the order that was asked', async (world) => {
    const { client, inboxId, messageIds } = world;
    const wanted = [messageIds[1], '<never@y.com>', messageIds[0]];
    const { count, messages } = await client.inboxes.messages.batchGet(inboxId, { messageIds: wanted });
    expect([count, messages.map(({ messageId }) => messageId)]).toEqual([2, [messageIds[1], messageIds[0]]]);
  }),
  'inboxes.messages.getAttachment': answers('the file is the one that was sent', async (world) => {
    const { client, inboxId, messageIds, attachmentId } = world;
    const file = await client.inboxes.messages.getAttachment(inboxId, messageIds[0], attachmentId);
    expect(file).toMatchObject({ attachmentId, filename: 'a.csv', contentType: 'text/csv', contentId: 'one', size: 4 });
    expect(String(await download(file.downloadUrl))).toBe('a,b\n');
  }),
  'inboxes.messages.getRaw': answers('the octets are as many as it says, and those of that message', async (world) => {
    const { messageId, word } = await newMail(world);
    const raw = await world.client.inboxes.messages.getRaw(world.inboxId, messageId);
    const octets = await download(raw.downloadUrl);
    expect([raw.messageId, raw.size]).toEqual([messageId, octets.length]);
    for (const line of [`Message-ID: ${messageId}`, `Subject: ${word}`]) expect(String(octets)).toContain(line);
  }),
};

const CHANGED: Rows = {
  'inboxes.messages.update': answers('labels that are set and taken away are read so', async (world) => {
    const { word, messageId } = await newMail(world);
    const form = { addLabels: ['resolved'], removeLabels: [word] };
    const changed = await world.client.inboxes.messages.update(world.inboxId, messageId, form);
    const { labels } = await world.aside.inboxes.messages.get(world.inboxId, messageId);
    expect(changed).toEqual({ messageId, labels });
    expect(labels).toContain('resolved');
    expect(labels).not.toContain(word);
  }),
  'inboxes.messages.batchUpdate': answers('each of them has the label that was set', async (world) => {
    const { client, aside, inboxId } = world;
    const messageIds = [(await newMail(world)).messageId, (await newMail(world)).messageId];
    const { count, updates } = await client.inboxes.messages.batchUpdate(inboxId, { messageIds, addLabels: 'both' });
    expect([count, updates.map(({ messageId }) => messageId)]).toEqual([2, messageIds]);
    for (const { messageId, labels } of updates)
      expect((await aside.inboxes.messages.get(inboxId, messageId)).labels).toEqual(labels);
    expect(updates.every(({ labels }) => labels.includes('both'))).toBe(true);
  }),
  'inboxes.messages.delete': isDone('the message is gone', async (world) => {
    const { messageId } = await newMail(world);
    await world.client.inboxes.messages.delete(world.inboxId, messageId);
    expect(await gone(world.aside.inboxes.messages.get(world.inboxId, messageId))).toBe(true);
  }),
};

const SENT: Rows = {
  'inboxes.messages.send': answers('who it is for has it, as it was written', async ({ client, aside, inboxId }) => {
    const mail = { to: [EVE], subject: 'For Eve', text: 'Hello Eve', html: '<p>Hello Eve</p>', labels: ['mine'] };
    const { messageId, threadId } = await client.inboxes.messages.send(inboxId, mail);
    const [kept, got] = [
      await aside.inboxes.messages.get(inboxId, messageId),
      await aside.inboxes.messages.get(EVE, messageId),
    ];
    expect(kept).toMatchObject({ threadId, labels: expect.arrayContaining(['mine', 'sent']) });
    expect(got).toMatchObject({ subject: 'For Eve', text: 'Hello Eve', html: '<p>Hello Eve</p>', to: [EVE] });
    expect(got.labels, 'labels are the sender’s own').not.toContain('mine');
  }),
  'inboxes.messages.reply': answers('it names what it answers, in its thread, and is at who asked', async (world) => {
    const { client, aside, inboxId, messageIds, threadId } = world;
    const answer = await client.inboxes.messages.reply(inboxId, messageIds[0], { text: 'That.' });
    expect(answer.threadId).toBe(threadId);
    const got = await aside.inboxes.messages.get(BOB, answer.messageId);
    expect(got).toMatchObject({ inReplyTo: messageIds[0], subject: expect.stringMatching(/^Re: /), text: 'That.' });
  }),
  'inboxes.messages.replyAll': answers('all others have it, and the inbox is none of them', async (world) => {
    const { client, aside, inboxId } = world;
    const asked = await aside.inboxes.messages.send(BOB, { to: [inboxId, EVE], subject: 'All?', text: 'Who?' });
    const answer = await client.inboxes.messages.replyAll(inboxId, asked.messageId, { text: 'All.' });
    const got = await aside.inboxes.messages.get(EVE, answer.messageId);
    expect([got.subject, [...got.to, ...(got.cc ?? [])].toSorted()]).toEqual(['Re: All?', [BOB, EVE]]);
  }),
  'inboxes.messages.forward': answers('what is passed on has the file of what it passes on', async (world) => {
    const { client, aside, inboxId, messageIds } = world;
    const passed = await client.inboxes.messages.forward(inboxId, messageIds[0], { to: EVE, text: 'FYI' });
    const got = await aside.inboxes.messages.get(EVE, passed.messageId);
    expect([got.subject, got.attachments?.[0]?.filename]).toEqual(['Fwd: Re: Hello', 'a.csv']);
    expect(got.text).toMatch(/^FYI[\s\S]*Yes\./);
  }),
};

export const MESSAGES: Rows = { ...READ, ...CHANGED, ...SENT };
