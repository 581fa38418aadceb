// Chapter 9: mails that are written first and sent later, by a person or at their time.
import { expect } from 'vitest';
import type { GuideWorld, SamplesOf } from '../../support/guide.ts';
import { refusal } from '../../support/live-mailbox.ts';
import { field, mailAt } from '../../support/proof-world.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';

const POLL = { timeout: LIVE_MS_MAX, interval: 100 };

/** At nine in the morning of the next day, UTC. */
function tomorrowAtNine(): Date {
  const time = new Date(Date.now() + 86_400_000);
  time.setUTCHours(9, 0, 0, 0);
  return time;
}

async function schedule({ client }: GuideWorld, inboxId: string) {
  const sendAt = tomorrowAtNine();
  const draft = await client.inboxes.drafts.create(inboxId, {
    to: ['bob@mail.example.com'],
    subject: 'Following up on our conversation',
    text: 'Hi, just wanted to follow up on our chat yesterday...',
    sendAt,
  });
  return { sendAt, draft };
}

export const drafts: SamplesOf<9> = {
  'Creating drafts': async ({ client, inbox, postfix }) => {
    const inboxId = await inbox('drafting');
    const newDraft = await client.inboxes.drafts.create(inboxId, {
      to: ['catch@mail.example.com'],
      subject: "[NEEDS REVIEW] Agent's proposed response",
    });
    expect(newDraft.draftId).toEqual(expect.any(String));
    expect((await client.inboxes.drafts.get(inboxId, newDraft.draftId)).subject).toBe(newDraft.subject);
    expect((await client.inboxes.messages.list(inboxId)).count, 'nothing was sent').toBe(0);
    const subjects = (await postfix.mailbox('catch')).map((mail) => field(mail, 'Subject'));
    expect(subjects).not.toContain(newDraft.subject);
  },

  'Scheduled sending': async (world) => {
    const inboxId = await world.inbox('scheduling');
    const { draft, sendAt } = await schedule(world, inboxId);
    expect([draft.sendStatus, draft.sendAt]).toEqual(['scheduled', sendAt]);
    // Nobody here waits until tomorrow.
    const { drafts, messages } = world.client.inboxes;
    await drafts.update(inboxId, draft.draftId, { sendAt: new Date(Date.now() + 200) });
    await expect.poll(async () => (await drafts.list(inboxId)).count, POLL).toBe(0);
    const [sent] = (await messages.list(inboxId)).messages;
    const mail = await mailAt(world.postfix, 'bob', String(sent?.messageId));
    expect(mail).toContain('Hi, just wanted to follow up on our chat yesterday...');
  },

  'Managing drafts': async (world) => {
    const inboxId = await world.inbox('managing');
    const { sendAt } = await schedule(world, inboxId);
    await world.client.inboxes.drafts.create(inboxId, { subject: 'For nobody yet' });
    const scheduled = await world.client.inboxes.drafts.list(inboxId, { labels: ['scheduled'] });
    const printed = scheduled.drafts.map(
      (draft) => `${draft.subject}: scheduled for ${draft.sendAt?.toISOString()} (${draft.sendStatus})`,
    );
    expect(printed).toEqual([`Following up on our conversation: scheduled for ${sendAt.toISOString()} (scheduled)`]);
  },

  'Managing drafts: of the organization': async ({ client, inbox }) => {
    const made: string[] = [];
    for (const name of ['one', 'two']) {
      const { draftId } = await client.inboxes.drafts.create(await inbox(name), { subject: 'To be reviewed' });
      made.push(draftId);
    }
    const allDrafts = await client.drafts.list();
    expect(allDrafts.count).toBe(allDrafts.drafts.length);
    expect(allDrafts.drafts.map(({ draftId }) => draftId)).toEqual(expect.arrayContaining(made));
  },

  'Sending a draft': async ({ client, inbox, postfix }) => {
    const inboxId = await inbox('my_inbox');
    const wish = { to: ['ann@mail.example.com'], subject: 'Approved', text: 'As you said.' };
    const { draftId } = await client.inboxes.drafts.create(inboxId, wish);
    const sentMessage = await client.inboxes.drafts.send(inboxId, draftId, {});
    expect(field(await mailAt(postfix, 'ann', sentMessage.messageId), 'Subject')).toBe('Approved');
    expect(await refusal(client.inboxes.drafts.get(inboxId, draftId)), 'the draft is gone').toEqual([404, 'not_found']);
  },
};
