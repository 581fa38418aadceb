// Drafts that are sent over HTTP: by themselves, as answers, and passing a mail on.
import { describe, expect, it } from 'vitest';
import {
  ANN,
  at,
  BOB,
  base64,
  create,
  draftsOf,
  mailsOf,
  onDraft,
  rows,
  sendDraft,
  withTwo,
} from '../../../support/drafting.ts';
import type { MailboxNode } from '../../../support/mailbox-node.ts';

describe('POST …/drafts/:id/send', () => {
  it('makes it a mail with its files and labels, and the draft is gone', async () => {
    await using node = await withTwo();
    const { draft_id: id } = (
      await create(node, {
        ...{ to: [BOB], subject: 'Hello', text: 'Hi', html: '<p>Hi</p>', labels: ['a', 'b'], reply_to: [BOB] },
        attachments: [{ filename: 'a.txt', content: base64('hello') }],
      })
    ).body;
    const sent = await sendDraft(node, id, { add_labels: ['c'], remove_labels: ['b'] });
    expect(sent).toMatchObject({
      status: 200,
      body: { message_id: expect.any(String), thread_id: expect.any(String) },
    });
    expect((await mailsOf(node, ANN))[0]).toMatchObject({ ...sent.body, labels: ['a', 'c', 'delivered', 'sent'] });
    const [got] = await mailsOf(node, BOB);
    expect(got).toMatchObject({ message_id: sent.body.message_id, subject: 'Hello', text: 'Hi' });
    expect(got.attachments).toEqual([expect.objectContaining({ filename: 'a.txt', size: 5 })]);
    for (const method of ['GET', 'DELETE'] as const) expect((await onDraft(node, method, id)).status).toBe(404);
    expect(await draftsOf(node)).toEqual([]);
    expect(
      await rows(node, 'SELECT 1 FROM draft UNION SELECT 1 FROM draft_label UNION SELECT 1 FROM draft_file'),
    ).toEqual([]);
    const used = (await node.own('GET', `/inboxes/${ANN}/settings`)).body.used_bytes;
    expect(
      await rows(node, `SELECT sum(size) AS n FROM message JOIN inbox ON inbox.row = inbox WHERE inbox_id = '${ANN}'`),
    ).toEqual([{ n: used }]);
  });

  it('sends once, however often it is asked at once, and answers its key for ever the same', async () => {
    await using node = await withTwo();
    const { draft_id: id } = (await create(node, { to: [BOB], text: 'Once' })).body;
    const key = { 'idempotency-key': 'k1' };
    const answers = await Promise.all([1, 2, 3].map(() => sendDraft(node, id, {}, key)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body.message_id)).size).toBe(1);
    expect((await sendDraft(node, id, {}, key)).body).toEqual(answers[0]?.body);
    expect(await mailsOf(node, BOB)).toHaveLength(1);
    const { draft_id: other } = (await create(node, { to: [BOB], text: 'Other' })).body;
    const both = await Promise.all([sendDraft(node, other), sendDraft(node, other)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await mailsOf(node, BOB)).toHaveLength(2);
  });

  it('refused, leaves the draft as it was', async () => {
    await using node = await withTwo();
    const { draft_id: id } = (await create(node, { subject: 'To nobody' })).body;
    expect(await sendDraft(node, id)).toMatchObject({ status: 400, body: { code: 'validation_error' } });
    await onDraft(node, 'PATCH', id, { to: ['jane@example.net'] });
    expect(await sendDraft(node, id)).toMatchObject({ status: 403, body: { code: 'message_rejected' } });
    const read = (await onDraft(node, 'GET', id)).body;
    expect(read).not.toHaveProperty('send_status');
    await onDraft(node, 'PATCH', id, { to: [BOB] });
    expect((await sendDraft(node, id)).status).toBe(200);
  });
});

describe('a draft that answers a message', () => {
  /** Bob wrote to Ann and Eve, with Carl in copy. */
  async function withMail(): Promise<MailboxNode & { id: string; thread: string }> {
    const node = await withTwo();
    for (const username of ['eve', 'carl']) await node.v0('POST', '/inboxes', { username });
    const form = { to: [ANN, 'eve@agents.example.com'], cc: 'carl@agents.example.com', subject: 'Plan', text: 'Well?' };
    const file = { filename: 'plan.txt', content: base64('the plan') };
    await node.v0('POST', `/inboxes/${BOB}/messages/send`, { ...form, attachments: [file] });
    const [mail] = await mailsOf(node, ANN);
    return Object.assign(node, { id: mail.message_id, thread: mail.thread_id });
  }

  it('goes to who wrote, or to all, in the thread, with the headers by which programs find it', async () => {
    await using node = await withMail();
    const { body: one } = await create(node, { in_reply_to: node.id, text: 'Yes' });
    expect(one).toMatchObject({ to: [BOB], subject: 'Re: Plan', in_reply_to: node.id, references: [node.id] });
    const { body: all } = await create(node, { in_reply_to: node.id, reply_all: true, text: 'Yes' });
    expect(all).toMatchObject({ to: [BOB, 'eve@agents.example.com'], cc: ['carl@agents.example.com'] });
    const { body: other } = await create(node, { in_reply_to: node.id, to: ['carl@agents.example.com'] });
    expect(other.to).toEqual(['carl@agents.example.com']);
    const sent = await sendDraft(node, one.draft_id);
    expect(sent.body.thread_id).toBe(node.thread);
    const [got] = await mailsOf(node, BOB);
    expect(got).toMatchObject({ in_reply_to: node.id, references: [node.id], subject: 'Re: Plan' });
  });

  it('goes out, and is told apart no less, when that message was deleted meanwhile', async () => {
    await using node = await withMail();
    const { draft_id: id } = (await create(node, { in_reply_to: node.id, text: 'Yes' })).body;
    await node.v0('DELETE', `/inboxes/${ANN}/messages/${at(node.id)}`);
    expect((await sendDraft(node, id)).status).toBe(200);
    expect((await mailsOf(node, BOB))[0]).toMatchObject({ in_reply_to: node.id, references: [node.id] });
  });

  it('that passes it on brings its text and files along, as they are when it goes', async () => {
    await using node = await withMail();
    const { body } = await create(node, {
      ...{ forward_of: node.id, to: ['carl@agents.example.com'], text: 'See below' },
      attachments: [{ filename: 'mine.txt', content: base64('mine') }],
    });
    expect(body).toMatchObject({ subject: 'Fwd: Plan', forward_of: node.id, attachments: [{ filename: 'mine.txt' }] });
    const sent = await sendDraft(node, body.draft_id);
    expect(sent.body.thread_id).toBe(node.thread);
    const [got] = await mailsOf(node, 'carl@agents.example.com');
    expect(got.text).toMatch(/^See below[\s\S]*Forwarded message[\s\S]*From: bob@[\s\S]*Well\?/);
    expect(got.attachments.map(({ filename }: { filename: string }) => filename)).toEqual(['mine.txt', 'plan.txt']);
  });

  it('that passes it on says so when that message was deleted meanwhile', async () => {
    await using node = await withMail();
    const { draft_id: id } = (await create(node, { forward_of: node.id, to: [BOB] })).body;
    await node.v0('DELETE', `/inboxes/${ANN}/messages/${at(node.id)}`);
    const refused = await sendDraft(node, id);
    expect(refused).toMatchObject({ status: 409, body: { message: expect.stringContaining('was deleted') } });
    expect((await onDraft(node, 'GET', id)).body).toMatchObject({ forward_of: node.id, subject: 'Fwd: Plan' });
  });
});
