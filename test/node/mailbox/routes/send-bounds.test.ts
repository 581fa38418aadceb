// What bounds sending, as a client of `/v0` is told, and what becomes of mail that waits when its inbox is deleted.
import { describe, expect, it } from 'vitest';
import type { SendConfig } from '../../../../node/send/account.ts';
import type { Shipment } from '../../../../node/send/mailer.ts';
import { sendConfig } from '../../../support/mail.ts';
import { accepted, type Script } from '../../../support/mail-world.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';
import { busy } from '../../../support/scripted-queue.ts';

const ANN = 'ann@agents.example.com';
const BOB = 'bob@agents.example.com';
const EVE = 'eve@mail.example.com';
/** Octets in a mail of these tests are fewer. */
const QUOTA = 1_000_000;

/** A node with the inboxes of Ann and Bob, which sends to others by a server that does as `script` has it. */
async function sending(config: Partial<SendConfig> = {}, script: Script = async (one) => accepted(one)) {
  const shipped: Shipment[] = [];
  const mailer = {
    ship: async (shipment: Shipment, signal: AbortSignal) => {
      shipped.push(shipment);
      await shipment.begin();
      return script(shipment, signal);
    },
    readyFor: () => 0,
    close: async () => undefined,
  };
  const node = await mailboxNode({ send: sendConfig(config), mailer });
  for (const username of ['ann', 'bob']) await node.v0('POST', '/inboxes', { username });
  node.node.start();
  return Object.assign(node, { shipped });
}

const send = (node: MailboxNode, body: Readonly<Record<string, unknown>>, from = ANN) =>
  node.v0('POST', `/inboxes/${from}/messages/send`, { subject: 'Hello', text: 'Hi', ...body });
const count = async (node: MailboxNode, inbox: string) =>
  (await node.v0('GET', `/inboxes/${inbox}/messages?limit=100`)).body.count;

describe('two inboxes that answer each other at once', () => {
  it('are 429 after ten answers, for an hour, and others in the thread are not', async () => {
    await using node = await sending();
    let last = await send(node, { to: BOB });
    const answer = (inbox: string) =>
      node.v0('POST', `/inboxes/${inbox}/messages/${encodeURIComponent(last.body.message_id)}/reply`, { text: 'So.' });
    for (let turn = 0; turn < 20; turn += 1) {
      last = await answer(turn % 2 === 0 ? BOB : ANN);
      expect(last.status, `turn ${turn}`).toBe(200);
    }
    const braked = await answer(BOB);
    expect(braked).toMatchObject({ status: 429, body: { name: 'RateLimitError', code: 'rate_limit_exceeded' } });
    expect(Number(braked.headers.get('retry-after'))).toBe(3_600);
    expect([await count(node, ANN), await count(node, BOB)]).toEqual([21, 21]);
    expect((await send(node, { to: ANN }, BOB)).status, 'a new thread').toBe(200);
    await node.clock.advance(3_600_000);
    expect((await answer(BOB)).status).toBe(200);
  });
});

describe('a mail that would wait for the rate of its agent', () => {
  it('is 429 with the time, and nothing of it is kept', async () => {
    await using node = await sending({ agentRatePerHour: 1 });
    expect((await send(node, { to: EVE })).status).toBe(200);
    await node.clock.advance(1_000);
    expect(node.shipped.length).toBe(1);
    const refused = await send(node, { to: EVE, cc: BOB });
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limit_exceeded' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_000);
    expect([await count(node, ANN), await count(node, BOB)]).toEqual([1, 0]);
    await node.clock.advance(2 * 3_600_000);
    expect(node.shipped.length).toBe(1);
  });
});

describe('a mail that would wait for the plan of a new address', () => {
  const config = { warmUp: { perDay: [2, 3], daysPerStep: 1 } };

  it.each([
    ['have gone', 2, undefined],
    ['wait for their server, at which each counts once more', 1, busy],
  ] as const)('is 429 until midnight when those of the day %s', async (_, count, script) => {
    await using node = await sending(config, script);
    const most = async () => {
      let sent = 0;
      while ((await send(node, { to: EVE })).status === 200) {
        sent += 1;
        await node.clock.advance(1_000);
      }
      return sent;
    };
    expect(await most()).toBe(count);
    const refused = await send(node, { to: EVE });
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limit_exceeded' } });
    const seconds = Number(refused.headers.get('retry-after'));
    expect(new Date(node.clock.wallMs() + seconds * 1_000).toISOString()).toMatch(/T00:00:0[01]/);
    expect((await send(node, { to: BOB })).status, 'an inbox of this host').toBe(200);
    if (script !== undefined) return;
    for (let hours = seconds / 3_600; hours > 0; hours -= 1) await node.clock.advance(3_600_000);
    expect(await most(), 'the next day has its own number').toBe(3);
  });
});

describe('an inbox without room', () => {
  it('sends nothing and gets nothing: 403, until it has room again', async () => {
    await using node = await sending();
    const quota = (inbox: string, bytes: number) =>
      node.own('PUT', `/inboxes/${inbox}/settings`, { quota_bytes: bytes });
    await quota(BOB, 0);
    const other = await send(node, { to: [EVE, BOB] });
    expect(other).toMatchObject({ status: 403, body: { name: 'MessageRejectedError', code: 'message_rejected' } });
    const own = await send(node, { to: ANN }, BOB);
    expect(own).toMatchObject({ status: 403, body: { code: 'limit_exceeded', fix: expect.any(String) } });
    await node.clock.advance(60_000);
    expect([await count(node, ANN), await count(node, BOB), node.shipped.length]).toEqual([0, 0, 0]);
    await quota(BOB, QUOTA);
    expect([(await send(node, { to: BOB })).status, await count(node, BOB)]).toEqual([200, 1]);
  });
});

describe('files of a mail', () => {
  it('take nothing of what a client may bring, when it is for inboxes of this host alone', async () => {
    await using node = await sending();
    const removed = () => node.log.named('blob.removed').length;
    const attachments = [{ content: Buffer.from('the file').toString('base64'), filename: 'a.txt' }];
    const key = { 'idempotency-key': 'once' };
    const body = { subject: 'Hello', to: BOB, text: 'Hi', attachments };
    const post = () => node.v0('POST', `/inboxes/${ANN}/messages/send`, body, key);
    const first = await post();
    expect([first.status, removed()]).toEqual([200, 1]);
    expect([(await post()).body, removed()]).toEqual([first.body, 2]);
    expect([(await send(node, { to: [BOB, EVE], attachments })).status, removed()]).toEqual([200, 2]);
    const passed = `/inboxes/${BOB}/messages/${encodeURIComponent(first.body.message_id)}/forward`;
    expect((await node.v0('POST', passed, { to: ANN })).status).toBe(200);
    expect(removed(), 'the other mail waits').toBe(2);
    await node.clock.advance(1_000);
    expect(node.shipped.length).toBe(1);
    const [carried] = (await node.v0('GET', `/inboxes/${ANN}/messages`)).body.messages;
    expect(carried.attachments).toMatchObject([{ filename: 'a.txt', size: 8 }]);
  });
});

describe('an inbox that is deleted', () => {
  it('takes back what no server has got yet, and leaves no word of it', async () => {
    await using node = await sending({}, busy);
    const { body } = await send(node, { to: EVE });
    await node.clock.advance(1_000);
    const id = body.message_id.slice(1, body.message_id.indexOf('@'));
    const state = () => node.ask('GET', `/api/email/status/${id}`);
    expect((await state()).body).toMatchObject({ state: 'deferred' });
    const tries = node.shipped.length;
    expect((await node.v0('DELETE', `/inboxes/${ANN}`)).status).toBe(204);
    await expect.poll(async () => (await state()).status).toBe(404);
    await node.clock.advance(3_600_000);
    expect(node.shipped.length).toBe(tries);
  });
});
