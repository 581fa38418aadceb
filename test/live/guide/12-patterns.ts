// Chapters 12 and 14 to 16, which have no code: agents that share an inbox, write to each other, and ask people.
import { expect } from 'vitest';
import type { GuideWorld, Promises } from '../../support/guide.ts';
import { refusal } from '../../support/live-mailbox.ts';
import { field, mailAt } from '../../support/proof-world.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';

/** A POST or a PATCH with what AgentMail's client has no method or no header for. */
async function ask({ host, apiKey }: GuideWorld, method: string, path: string, body: object, headers: object = {}) {
  const response = await fetch(host.url + path, {
    ...{ method, body: JSON.stringify(body), headers: { authorization: `Bearer ${apiKey}`, ...headers } },
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

export const sharing: Promises = {
  'A shared inbox without duplicate processing': async (world) => {
    const inboxId = await world.inbox('shared');
    for (const subject of ['One', 'Two']) await world.receive(inboxId, subject, '', subject);
    const claim = async (worker: string) => {
      const { body } = await ask(world, 'POST', `/api/mailbox/inboxes/${inboxId}/claim`, { worker });
      return (body.claims as { message: { subject: string } }[]).map(({ message }) => message.subject);
    };
    const claimed = await Promise.all(['a', 'b', 'c'].map(claim));
    expect(claimed.flat().toSorted()).toEqual(['One', 'Two']);
  },

  'The hybrid pattern: forwarded to the inbox of an agent': async ({ client, inbox, receive }) => {
    const [shared, billing] = [await inbox('team'), await inbox('billing')];
    const { messageId } = await receive(shared, 'An invoice', '', 'It is too high.');
    const passed = await client.inboxes.messages.forward(shared, messageId, { to: billing, text: 'For billing.' });
    const got = await client.inboxes.messages.get(billing, passed.messageId);
    expect([got.subject, got.labels.includes('unread')]).toEqual(['Fwd: An invoice', true]);
    expect(got.text).toMatch(/^For billing\.[\s\S]*It is too high\./);
  },
};

export const agents: Promises = {
  'Structured data in email': async ({ client, inbox }) => {
    const [buyer, vendor] = [await inbox('buying-agent'), await inbox('vendor-agent')];
    const offer = { type: 'offer', items: [{ sku: 'ä-1', price: 9.5 }], note: '>quoted\nFrom here\n.dot' };
    const wish = { to: vendor, subject: 'offer priority=high', text: JSON.stringify(offer) };
    const { messageId, threadId } = await client.inboxes.messages.send(buyer, wish);
    const got = await client.inboxes.messages.get(vendor, messageId);
    expect(JSON.parse(got.text ?? '')).toEqual(offer);
    const accepted = { type: 'accepted', sku: 'ä-1' };
    const answer = await client.inboxes.messages.reply(vendor, messageId, { text: JSON.stringify(accepted) });
    const back = await client.inboxes.messages.get(buyer, answer.messageId);
    expect([JSON.parse(back.extractedText ?? ''), back.threadId]).toEqual([accepted, threadId]);
  },
};

export const people: Promises = {
  'Pattern 1: Escalation, with the mail and what the agent makes of it': async (world) => {
    const { client, inbox, receive, postfix } = world;
    const inboxId = await inbox('escalating');
    const { messageId } = await receive(inboxId, 'A dispute', '', 'I do not owe that.');
    const text = 'Classified as a dispute, confidence 0.4.';
    const passed = await client.inboxes.messages.forward(inboxId, messageId, { to: 'ann@mail.example.com', text });
    const mail = await mailAt(postfix, 'ann', passed.messageId);
    for (const part of [text, 'I do not owe that.']) expect(mail).toContain(part);
  },

  'Pattern 2: Approval via drafts, by a person’s key': async ({ client, inbox, withKey }) => {
    const [inboxId, reader] = [await inbox('approved'), await inbox('customer')];
    const permissions = { draftCreate: true, draftRead: true, draftUpdate: true, messageRead: true };
    const key = await client.inboxes.apiKeys.create(inboxId, { permissions });
    const agent = withKey((key as { apiKey: string }).apiKey);
    const draft = await agent.inboxes.drafts.create(inboxId, {
      to: [reader],
      subject: 'An answer',
      text: 'As I see it',
    });
    const sending = agent.inboxes.drafts.send(inboxId, draft.draftId, {});
    expect(await refusal(sending)).toEqual([403, 'missing_permission']);
    await client.inboxes.drafts.update(inboxId, draft.draftId, { text: 'As we see it' });
    const sent = await client.inboxes.drafts.send(inboxId, draft.draftId, {});
    expect((await client.inboxes.messages.get(reader, sent.messageId)).text).toBe('As we see it');
  },

  'Pattern 3: CC oversight, and the person intervenes by an answer': async ({ client, inbox, receive, postfix }) => {
    const inboxId = await inbox('watched');
    const wish = { to: 'bob@mail.example.com', cc: 'ann@mail.example.com', subject: 'An offer', text: '900 €' };
    const { messageId, threadId } = await client.inboxes.messages.send(inboxId, wish);
    expect(field(await mailAt(postfix, 'ann', messageId), 'Cc')).toBe('ann@mail.example.com');
    const stopped = await receive(inboxId, 'Re: An offer', `In-Reply-To: ${messageId}`, '', 'Stop, I do this.');
    expect((await client.inboxes.messages.get(inboxId, stopped.messageId)).threadId).toBe(threadId);
  },

  'Pattern 4: Periodic review, by what was counted': async ({ client, inbox, receive, host, apiKey }) => {
    const inboxId = await inbox('reviewed');
    const { messageId } = await receive(inboxId, 'A question', 'Reply-To: catch@mail.example.com', '', 'What?');
    const { messageId: answer } = await client.inboxes.messages.reply(inboxId, messageId, { text: 'That.' });
    await receive(inboxId, 'Re: A question', `In-Reply-To: ${answer}`, '', 'Thanks.');
    const url = `${host.url}/api/mailbox/inboxes/${inboxId}/stats`;
    const read = async () => (await fetch(url, { headers: { authorization: `Bearer ${apiKey}` } })).json();
    // A mail counts as sent once a server has taken it.
    const counted = { sent: 1, received: 2, replied: 1, reply_rate: 1, unread: 2, queue_depth: 2 };
    await expect.poll(read, { timeout: LIVE_MS_MAX / 2 }).toMatchObject(counted);
    expect(await read()).toHaveProperty('median_answer_seconds', expect.any(Number));
  },
};

export const errors: Promises = {
  'Idempotency: a message is not processed twice': async (world) => {
    const inboxId = await world.inbox('processed');
    const { messageId } = await world.receive(inboxId, 'An order', '', 'One, please.');
    const path = `/v0/inboxes/${inboxId}/messages/${encodeURIComponent(messageId)}`;
    const process = () =>
      ask(world, 'PATCH', path, { add_labels: ['processed'] }, { 'x-require-labels': '!processed' });
    expect((await process()).status).toBe(200);
    expect(await process()).toMatchObject({ status: 409, body: { code: 'race_condition' } });
    const send = (text: string) =>
      world.client.inboxes.messages.send(
        inboxId,
        { to: 'catch@mail.example.com', subject: 'Your order', text },
        { idempotencyKey: `order ${messageId}` },
      );
    expect(await send('Sent.')).toEqual(await send('Sent.'));
  },

  'Retry with backoff: 429 has a Retry-After, which the client obeys': async ({ client, withKey }) => {
    const { apiKey } = (await client.apiKeys.create({ name: 'eager' })) as { apiKey: string };
    const eager = withKey(apiKey);
    const asked = Array.from({ length: 260 }, () => eager.auth.me({ maxRetries: 20 }));
    expect(await Promise.all(asked)).toHaveLength(260);
  },
};
