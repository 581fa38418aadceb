import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';

const PATH = '/inboxes/a@agents.example.com/settings';
const UNSET = {
  inbox_id: 'a@agents.example.com',
  retention_days: null,
  quota_bytes: 2 * 1024 ** 3,
  used_bytes: 0,
  dmarc: 'label',
};

let node: MailboxNode;

beforeEach(async () => {
  node = await mailboxNode();
  await node.v0('POST', '/inboxes', { username: 'a' });
});

afterEach(async () => {
  await node[Symbol.asyncDispose]();
});

describe('/api/mailbox/inboxes/:inbox_id/settings', () => {
  it('says how long and how much the inbox keeps, and sets it', async () => {
    expect((await node.own('GET', PATH)).body).toEqual(UNSET);
    expect((await node.own('PUT', PATH, { retention_days: 30 })).body).toEqual({ ...UNSET, retention_days: 30 });
    expect((await node.own('PUT', PATH, { quota_bytes: 1_000 })).body).toEqual({
      ...UNSET,
      retention_days: 30,
      quota_bytes: 1_000,
    });
    expect((await node.own('PUT', PATH, { retention_days: null, quota_bytes: null })).body).toEqual(UNSET);
    expect((await node.own('PUT', PATH, { dmarc: 'reject' })).body).toEqual({ ...UNSET, dmarc: 'reject' });
  });

  it('refuses what no inbox can keep to, and changes nothing', async () => {
    for (const body of [
      {},
      { retention_days: 0 },
      { retention_days: 4_000 },
      { quota_bytes: -1 },
      { quota_bytes: 1.5 },
      { days: 1 },
      { dmarc: 'none' },
      { dmarc: null },
    ])
      expect(await node.own('PUT', PATH, body)).toMatchObject({ status: 400, body: { code: 'validation_error' } });
    expect((await node.own('GET', PATH)).body).toEqual(UNSET);
    expect((await node.own('PUT', '/inboxes/none@agents.example.com/settings', { retention_days: 1 })).status).toBe(
      404,
    );
  });

  it('lets the key of an inbox lower how much it keeps, and only one above it raise that', async () => {
    const { api_key: key } = (await node.v0('POST', '/inboxes/a@agents.example.com/api-keys', {})).body;
    const put = (body: object, by = node.key) => node.own('PUT', PATH, body, { authorization: `Bearer ${by}` });
    expect((await put({ quota_bytes: 1_000, retention_days: 3 }, key)).body).toMatchObject({ quota_bytes: 1_000 });
    for (const body of [{ quota_bytes: 1_001 }, { quota_bytes: null }, { retention_days: 4, quota_bytes: 2_000 }])
      expect(await put(body, key)).toMatchObject({
        status: 403,
        body: {
          code: 'forbidden',
          message: 'To raise quota_bytes takes a key of the organization, or of a pod, and this is a key of one inbox.',
        },
      });
    expect((await node.own('GET', PATH)).body).toMatchObject({ quota_bytes: 1_000, retention_days: 3 });
    expect((await put({ quota_bytes: 1_000 }, key)).status).toBe(200);
    expect((await put({ quota_bytes: 2_000 })).body).toMatchObject({ quota_bytes: 2_000 });
    expect((await put({ quota_bytes: 500 }, key)).body).toMatchObject({ quota_bytes: 500 });
    const { pod_id: podId } = (await node.v0('GET', '/inboxes/a@agents.example.com')).body;
    const { api_key: ofPod } = (await node.v0('POST', `/pods/${podId}/api-keys`, {})).body;
    expect((await put({ quota_bytes: null }, ofPod)).body).toMatchObject({ quota_bytes: 2 * 1024 ** 3 });
  });
});
