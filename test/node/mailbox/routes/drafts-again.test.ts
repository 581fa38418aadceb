// A draft that was sent, for whoever never heard of it and does all of it again.
import { describe, expect, it } from 'vitest';
import { ANN, BOB, base64, create, draftsOf, mailsOf, onDraft, sendDraft, withTwo } from '../../../support/drafting.ts';

const WISH = { to: [BOB], subject: 'Order', text: 'Once', client_id: 'order-7' };
const DAY_MS = 86_400_000;

describe('a draft that was sent', () => {
  it('is made again by its client id as what it became, and sent again as the same mail', async () => {
    await using node = await withTwo();
    const first = (await create(node, WISH)).body;
    const { body: sent } = await sendDraft(node, first.draft_id);
    const files = [{ filename: 'a.txt', content: base64('hello') }];
    for (const wish of [WISH, { ...WISH, text: 'Another', attachments: files, send_at: '2001-01-01T00:00:00Z' }]) {
      const { status, body } = await create(node, wish);
      expect(status).toBe(200);
      expect(body).toEqual({
        ...{ inbox_id: ANN, draft_id: first.draft_id, client_id: 'order-7', labels: ['sent'], ...sent },
        ...{ created_at: first.created_at, updated_at: expect.any(String) },
      });
    }
    for (const headers of [{}, { 'idempotency-key': 'k2' }, { 'if-match': '"1"' }])
      expect(await sendDraft(node, first.draft_id, {}, headers)).toMatchObject({ status: 200, body: sent });
    expect(await sendDraft(node, first.draft_id, {}, { 'if-match': '"2"' })).toMatchObject({
      status: 409,
      body: { code: 'race_condition' },
    });
    for (const method of ['GET', 'PATCH', 'DELETE'] as const)
      expect((await onDraft(node, method, first.draft_id, method === 'PATCH' ? { text: 'x' } : undefined)).status).toBe(
        404,
      );
    expect(await draftsOf(node)).toEqual([]);
    expect(await mailsOf(node, BOB)).toHaveLength(1);
  });

  it('is that of its inbox alone, and known without a client id, too', async () => {
    await using node = await withTwo();
    const { draft_id: id } = (await create(node, { ...WISH, client_id: undefined })).body;
    const { body: sent } = await sendDraft(node, id);
    expect((await sendDraft(node, id)).body).toEqual(sent);
    const ofBob = await node.v0('POST', `/inboxes/${BOB}/drafts/${id}/send`, {});
    expect(ofBob.status).toBe(404);
    await sendDraft(node, (await create(node, WISH)).body.draft_id);
    expect((await node.v0('POST', `/inboxes/${BOB}/drafts`, { ...WISH, to: [ANN] })).body.labels).toEqual([]);
  });

  it('is not there for a key that may not read a mail of its thread', async () => {
    await using node = await withTwo();
    const { draft_id: id } = (await create(node, WISH)).body;
    const { message_id: messageId } = (await sendDraft(node, id)).body;
    await node.v0('PATCH', `/inboxes/${ANN}/messages/${encodeURIComponent(messageId)}`, { add_labels: ['trash'] });
    const permissions = { draft_create: true, draft_send: true, message_read: true };
    const { api_key: key } = (await node.v0('POST', '/api-keys', { permissions })).body;
    const headers = { authorization: `Bearer ${key}` };
    expect((await sendDraft(node, id, {}, headers)).status).toBe(404);
    expect((await node.v0('POST', `/inboxes/${ANN}/drafts`, WISH, headers)).status).toBe(404);
    expect((await sendDraft(node, id)).status).toBe(200);
  });

  it('is forgotten a day after its mail has ended, and its client id is free', async () => {
    await using node = await withTwo();
    node.node.start();
    const { draft_id: id } = (await create(node, WISH)).body;
    await sendDraft(node, id);
    await expect
      .poll(async () => {
        await node.clock.advance(DAY_MS / 4);
        return (await sendDraft(node, id)).status;
      })
      .toBe(404);
    expect((await create(node, WISH)).body).toMatchObject({ labels: [], subject: 'Order' });
  });

  it('that was deleted and not sent leaves its client id free', async () => {
    await using node = await withTwo();
    const { draft_id: id } = (await create(node, WISH)).body;
    await onDraft(node, 'DELETE', id);
    const again = (await create(node, WISH)).body;
    expect(again.draft_id).not.toBe(id);
    expect((await sendDraft(node, again.draft_id)).status).toBe(200);
  });
});
