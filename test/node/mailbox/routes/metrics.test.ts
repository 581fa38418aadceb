import { AgentMail } from 'agentmail';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openForWriting } from '../../../../node/mailbox/store/database.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';
import { type MailWish, receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const A = 'a@agents.example.com';
const B = 'b@agents.example.com';
const DAY_MS = 86_400_000;

let node: MailboxNode;
let writer: Writer;
let made: number;

beforeEach(async () => {
  made = 0;
  node = await mailboxNode();
  for (const username of ['a', 'b']) await node.v0('POST', '/inboxes', { username });
  const parts = { random: seededRandom(7), nowMs: 0, hostId: 'mac', chooseThread, baseSubject };
  writer = await Writer.open({ ...parts, directory: node.directory });
});

afterEach(async () => {
  writer.close();
  await node[Symbol.asyncDispose]();
});

const now = () => node.clock.wallMs();
const text = (ms: number) => new Date(ms).toISOString();
/** A mail of so many milliseconds ago; answers what it takes up. */
const receive = async (agoMs: number, { to = [A], ...wish }: MailWish = {}) => {
  made += 1;
  const content = { headerId: `<${made}@y.com>`, ...wish.content };
  const mail = receivedMail({ to, atMs: now() - agoMs, raw: `mail ${made}`, ...wish, content });
  await writer.store(mail);
  return mail.raw.size + Buffer.byteLength(String(mail.deliveries[0]?.trace));
};
const ask = async (path: string, parameters: Readonly<Record<string, string>> = {}) => {
  const { status, body } = await node.v0('GET', `${path}?${new URLSearchParams(parameters)}`);
  return status === 200 ? body : [status, body.code];
};

describe('GET …/metrics/events', () => {
  it('counts the events that AgentMail’s client knows, and the opened ones to who names them', async () => {
    await receive(0);
    const writer = openForWriting(node.directory);
    writer.run("INSERT INTO tally (scope, type, second, count) VALUES (0, 'message.opened', ?, 2)", now() / 1_000);
    writer.close();
    const known = Object.values(AgentMail.MetricEventType).toSorted();
    expect(Object.keys(await ask('/metrics')).toSorted()).toEqual(known);
    expect(await ask('/metrics', { event_types: 'message.opened' })).toEqual({
      'message.opened': [{ timestamp: text(now()), count: 2 }],
    });
  });

  it('counts what happened in each second, of one inbox and of all, in the last day', async () => {
    for (const agoMs of [2 * DAY_MS, 5_000, 5_000, 3_000]) await receive(agoMs);
    await receive(5_000, { to: [B] });
    await receive(4_000, { delivery: { mailClass: 'spam' } });
    const of = (agoMs: number, count: number) => ({
      timestamp: text(Math.floor((now() - agoMs) / 1_000) * 1_000),
      count,
    });
    const own = await ask(`/inboxes/${A}/metrics/events`);
    expect(own['message.received']).toEqual([of(5_000, 2), of(3_000, 1)]);
    expect(own['message.received.spam']).toEqual([of(4_000, 1)]);
    expect(own['message.sent']).toEqual([]);
    const all = await ask('/metrics', { event_types: 'message.received' });
    expect(all).toEqual({ 'message.received': [of(5_000, 3), of(3_000, 1)] });
    expect(await ask('/metrics/events', { event_types: 'message.received', descending: 'true', limit: '1' })).toEqual({
      'message.received': [of(3_000, 1)],
    });
  });

  it('sums them up in periods', async () => {
    for (const agoMs of [7_200_000, 7_199_000, 60_000]) await receive(agoMs);
    const { 'message.received': points } = await ask('/metrics/events', { period: '3600' });
    expect(points.map(({ count }: { count: number }) => count)).toEqual([2, 1]);
  });

  it.each([
    ['a start beyond 90 days', 400, { start: text(Date.UTC(2025, 0, 1)) }],
    ['a start behind the end', 400, { start: text(Date.UTC(2026, 0, 20)), end: text(Date.UTC(2026, 0, 19)) }],
    ['a period of no seconds', 400, { period: '0' }],
    ['a period of more than a day', 400, { period: '86401' }],
    ['a type that is none', 400, { event_types: 'message.eaten' }],
    ['a member that is not known', 400, { periode: '60' }],
    ['more points than there may be', 422, { period: '60' }],
  ])('refuses %s', async (_, status, parameters) => {
    const code = status === 400 ? 'validation_error' : 'query_range_too_wide';
    expect(await ask('/metrics/events', parameters)).toEqual([status, code]);
  });

  it('is for a future end the same as for now', async () => {
    await receive(1_000);
    const { 'message.received': points } = await ask('/metrics/events', { end: text(now() + DAY_MS) });
    expect(points.length).toBe(1);
  });
});

describe('GET …/metrics/usage', () => {
  it('tells what there was at the end of each period, after mail has come and gone', async () => {
    const hour = () => node.clock.advance(3_600_000);
    await hour();
    const first = await receive(0);
    await hour();
    const second = await receive(0);
    await writer.removeMails({ meant: { inboxId: A, messageId: '<1@y.com>' }, atMs: now() });
    await hour();
    const third = await receive(0, { to: [B] });
    const parameters = { start: text(now() - 10_800_000), period: '3600' };
    const values = async (path: string, type: string) =>
      (await ask(path, { ...parameters, usage_types: type }))[type].map(({ value }: { value: number }) => value);
    expect(await values(`/inboxes/${A}/metrics/usage`, 'storage_bytes')).toEqual([first, second, second]);
    expect(await values(`/inboxes/${A}/metrics/usage`, 'message_count')).toEqual([1, 1, 1]);
    expect(await values(`/inboxes/${A}/metrics/usage`, 'thread_count')).toEqual([1, 1, 1]);
    expect(await values('/metrics/usage', 'storage_bytes')).toEqual([first, second, second + third]);
    expect(await values('/metrics/usage', 'inbox_count')).toEqual([2, 2, 2]);
    await node.v0('DELETE', `/inboxes/${A}`);
    expect(await values('/metrics/usage', 'message_count')).toEqual([1, 1, 1]);
    expect(await values('/metrics/usage', 'inbox_count')).toEqual([2, 2, 1]);
    expect(await ask(`/inboxes/${A}/metrics/usage`)).toEqual([404, 'not_found']);
  });

  it('has of an inbox what an inbox can have', async () => {
    expect(Object.keys(await ask(`/inboxes/${A}/metrics/usage`))).toEqual([
      'storage_bytes',
      'message_count',
      'thread_count',
    ]);
    expect(await ask(`/inboxes/${A}/metrics/usage`, { usage_types: 'inbox_count' })).toEqual([400, 'validation_error']);
    const all = await ask('/metrics/usage', { limit: '1' });
    expect(Object.values(all).map((points) => (points as unknown[]).length)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe('GET /api/mailbox/…/stats', () => {
  it('agrees with a history that was counted', async () => {
    node.node.start();
    const send = (to: string, subject: string) =>
      node.v0('POST', `/inboxes/${A}/messages/send`, { to, subject, text: 'Hi' });
    const replyTo = (inbox: string, id: string) =>
      node.v0('POST', `/inboxes/${inbox}/messages/${encodeURIComponent(id)}/reply`, { text: 'Yes' });
    await receive(10_000);
    await replyTo(A, '<1@y.com>');
    const { message_id } = (await send(B, 'Question')).body;
    await node.clock.advance(30_000);
    await replyTo(B, message_id);
    await send(B, 'Fwd: Something');
    await receive(1_000, { delivery: { mailClass: 'unauthenticated' } });
    const [claimed] = (await node.own('POST', `/inboxes/${A}/claim`, { worker: 'w' })).body.claims;
    await node.own('POST', `/inboxes/${A}/messages/${encodeURIComponent(claimed.message.message_id)}/complete`, {
      lease: claimed.lease,
    });
    await node.own('POST', `/inboxes/${A}/claim`, { worker: 'w' });
    const { status, body } = await node.own('GET', `/inboxes/${A}/stats`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ received: 2, held_back: 1, forwarded: 1, replied: 1, bounced: 0, opened: 0, bounce_rate: 0 },
      ...{ work_completed: 1, work_failed: 0, work_failure_rate: 0, unread: 1, queue_depth: 0 },
    });
    const all = (await node.own('GET', '/stats')).body;
    expect(all).toMatchObject({ received: 4, replied: 1, median_answer_seconds: expect.any(Number) });
    expect((await node.own('GET', `/inboxes/${B}/stats`)).body).toMatchObject({
      median_answer_seconds: 30,
      unread: 2,
      queue_depth: 2,
    });
    expect((await node.own('GET', '/inboxes/never@agents.example.com/stats')).status).toBe(404);
  });
});

describe('a rate', () => {
  it('is of mails, each of which counts once: passed on twice, or with several events of a kind', async () => {
    await receive(10_000);
    await receive(9_000);
    for (let sent = 0; sent < 2; sent += 1)
      await node.v0('POST', `/inboxes/${A}/messages/${encodeURIComponent('<1@y.com>')}/forward`, { to: B });
    const connection = openForWriting(node.directory);
    connection.run("INSERT INTO tally SELECT row, 'message.bounced', ?, 5 FROM inbox", Math.floor(now() / 1_000));
    connection.run("INSERT INTO tally VALUES (0, 'message.bounced', ?, 5)", Math.floor(now() / 1_000));
    connection.run(`INSERT INTO message_label SELECT message, 'bounced', inbox, at FROM message_label
      WHERE label = 'sent' ORDER BY message LIMIT 1`);
    connection.close();
    const { body } = await node.own('GET', `/inboxes/${A}/stats`);
    expect(body).toMatchObject({
      ...{ received: 2, forwarded: 2, forward_rate: 0.5, bounced: 5, bounce_rate: 0.5, delivery_rate: 1 },
      ...{ complaint_rate: 0, open_rate: 0 },
    });
  });

  it('is of mails that came to be read: neither of what is held back, nor of reports', async () => {
    await receive(10_000);
    await receive(9_000, { delivery: { mailClass: 'unauthenticated' } });
    await receive(8_000);
    await node.v0('POST', `/inboxes/${A}/messages/${encodeURIComponent('<1@y.com>')}/forward`, { to: B });
    const connection = openForWriting(node.directory);
    connection.run(
      `INSERT INTO message_label SELECT row, 'bounce', inbox, at FROM message WHERE message_id = '<3@y.com>'`,
    );
    connection.close();
    expect((await node.own('GET', `/inboxes/${A}/stats`)).body).toMatchObject({ forward_rate: 1 });
    expect((await node.own('GET', `/inboxes/${B}/stats`)).body).toMatchObject({ forward_rate: 0 });
    expect((await node.own('GET', `/inboxes/${B}/stats`)).body).not.toHaveProperty('bounce_rate');
  });
});

describe('what was counted', () => {
  it('is kept for 90 days, and goes with its inbox', async () => {
    await receive(92 * DAY_MS);
    await receive(1_000);
    await node.v0('POST', '/inboxes', { username: 'c' });
    while (await writer.write(() => writer.counts.trim(now())));
    expect((await ask('/metrics/usage', { limit: '1', descending: 'true' })).message_count[0].value).toBe(2);
    const { 'message.received': points } = await ask('/metrics/events', { start: text(now() - 89 * DAY_MS) });
    expect(points.length).toBe(1);
  });
});

describe('GET /v0/organizations', () => {
  it('counts the inboxes, and is for its keys alone', async () => {
    expect(await ask('/organizations')).toMatchObject({
      inbox_count: 2,
      domain_count: 0,
      organization_id: expect.any(String),
    });
    const { api_key } = (await node.v0('POST', `/inboxes/${A}/api-keys`, {})).body;
    const asked = (path: string) => node.ask('GET', path, undefined, { authorization: `Bearer ${api_key}` });
    expect((await asked('/v0/organizations')).status).toBe(403);
    await receive(1_000, { to: [B] });
    const { body } = await asked('/v0/metrics/events');
    expect(body).toMatchObject({ 'message.received': [] });
  });
});
