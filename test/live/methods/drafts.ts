// Drafts of an inbox, and those of the organization and of a pod, which are read alone.
import type { AgentMailClient } from 'agentmail';
import { expect } from 'vitest';
import type { MailboxWorld } from '../../support/mailbox-calls.ts';
import { answers, atScopes, gone, isDone, newWord, type Place, type Rows } from '../../support/method-rows.ts';
import { download } from '../../support/proof-world.ts';

type Drafts = Pick<AgentMailClient['drafts'], 'list' | 'get' | 'getAttachment'>;

const FILE = { filename: 'a.txt', content: Buffer.from('a file').toString('base64') };

/** A draft to its own inbox, with a word that no other has, and a file. */
async function newDraft({ aside }: MailboxWorld, inboxId: string) {
  const word = newWord();
  const draft = { to: [inboxId], subject: word, text: 'Hello', labels: [word], attachments: [FILE] };
  const { draftId, attachments = [] } = await aside.inboxes.drafts.create(inboxId, draft);
  return { word, draftId, attachmentId: String(attachments[0]?.attachmentId) };
}

const rowsOf = ({ of, inboxOf }: Place<Drafts>): Rows => ({
  list: answers('a draft is found by its label', async (world) => {
    const { word, draftId } = await newDraft(world, inboxOf(world));
    const { count, drafts } = await of(world.client, world).list({ labels: [word] });
    expect([count, drafts]).toMatchObject([1, [{ draftId, subject: word }]]);
  }),
  get: answers('a draft is as it was written', async (world) => {
    const inboxId = inboxOf(world);
    const { word, draftId } = await newDraft(world, inboxId);
    const draft = await of(world.client, world).get(draftId);
    expect(draft).toMatchObject({ draftId, inboxId, to: [inboxId], subject: word, text: 'Hello', labels: [word] });
  }),
  getAttachment: answers('the file is the one that was put there', async (world) => {
    const { draftId, attachmentId } = await newDraft(world, inboxOf(world));
    const file = await of(world.client, world).getAttachment(draftId, attachmentId);
    expect(file).toMatchObject({ attachmentId, filename: 'a.txt', size: 6 });
    expect(String(await download(file.downloadUrl))).toBe('a file');
  }),
});

const CHANGED: Rows = {
  'inboxes.drafts.create': answers('a draft at its time has all that was asked for', async (world) => {
    const { client, aside, inboxId } = world;
    const sendAt = new Date(Date.now() + 3_600_000);
    const wish = { to: [inboxId], subject: 'Later', html: '<p>Later</p>', clientId: newWord(), sendAt };
    const draft = await client.inboxes.drafts.create(inboxId, wish);
    expect(draft).toMatchObject({ ...wish, sendStatus: 'scheduled', labels: ['scheduled'] });
    expect(await aside.inboxes.drafts.get(inboxId, draft.draftId)).toEqual(draft);
  }),
  'inboxes.drafts.update': answers('what is set is read, and null clears', async (world) => {
    const { draftId, word } = await newDraft(world, world.inboxId);
    const form = { subject: 'Changed', text: null, addLabels: ['seen'], removeLabels: [word] };
    const changed = await world.client.inboxes.drafts.update(world.inboxId, draftId, form);
    expect([changed.subject, changed.text, changed.labels]).toEqual(['Changed', undefined, ['seen']]);
    expect(await world.aside.inboxes.drafts.get(world.inboxId, draftId)).toEqual(changed);
  }),
  'inboxes.drafts.delete': isDone('the draft is gone', async (world) => {
    const { draftId } = await newDraft(world, world.inboxId);
    await world.client.inboxes.drafts.delete(world.inboxId, draftId);
    expect(await gone(world.aside.drafts.get(draftId))).toBe(true);
  }),
  'inboxes.drafts.send': answers('it is a message with what it said, and a draft no more', async (world) => {
    const { aside, inboxId } = world;
    const { draftId, word } = await newDraft(world, inboxId);
    const sent = await world.client.inboxes.drafts.send(inboxId, draftId, { addLabels: ['approved'] });
    const message = await aside.inboxes.messages.get(inboxId, sent.messageId);
    expect(message).toMatchObject({ threadId: sent.threadId, subject: word, attachments: [{ filename: 'a.txt' }] });
    expect(message.labels).toContain('approved');
    expect(await gone(aside.drafts.get(draftId))).toBe(true);
  }),
};

export const DRAFTS: Rows = {
  ...atScopes<Drafts>(
    'drafts',
    {
      organization: (client) => client.drafts,
      inbox: (client) => client.inboxes.drafts,
      pod: (client) => client.pods.drafts,
    },
    rowsOf,
  ),
  ...CHANGED,
};
