import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';
import { type MailWish, receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const A = 'a@agents.example.com';
const INBOX = `/inboxes/${A}`;

let node: MailboxNode;
let writer: Writer;

/** A node begins two threads, for which a machine with much to do takes its time. */
const BEGIN_MS_MAX = 30_000;

beforeEach(async () => {
  node = await mailboxNode();
  node.node.start();
  await node.v0('POST', '/inboxes', { username: 'a' });
  const made = { random: seededRandom(7), nowMs: 0, hostId: 'mac', chooseThread, baseSubject };
  writer = await Writer.open({ ...made, directory: node.directory });
}, BEGIN_MS_MAX);

afterEach(async () => {
  writer.close();
  await node[Symbol.asyncDispose]();
});

/** Puts a mail into the inbox, of whose coming the node hears nothing; answers its path. */
const receive = async (name: string, atMs: number, wish: MailWish = {}) => {
  await writer.store(
    receivedMail({ to: [A], atMs, ...wish, content: { headerId: `<${name}@y.com>`, ...wish.content } }),
  );
  return `${INBOX}/messages/${encodeURIComponent(`<${name}@y.com>`)}`;
};
const claim = (wish: Readonly<Record<string, unknown>> = {}) =>
  node.own('POST', `${INBOX}/claim`, { worker: 'w1', ...wish });

describe('POST …/claim', () => {
  it('answers the oldest mails, each with its lease', async () => {
    const mail = await receive('1', 1_000);
    await receive('2', 2_000);
    const { status, body } = await claim();
    expect(status).toBe(200);
    expect(body.claims).toEqual([
      {
        message: expect.objectContaining({
          message_id: '<1@y.com>',
          text: 'Hello',
          labels: ['processing', 'received', 'unread'],
        }),
        lease: expect.stringMatching(/^[0-9a-f-]{36}$/),
        ...{ attempt: 1, until: new Date(node.clock.wallMs() + 300_000).toISOString() },
        work_key: expect.stringMatching(/^[0-9a-f]{40}$/),
      },
    ]);
    expect((await node.v0('GET', mail)).body).toEqual(body.claims[0].message);
    expect((await claim({ limit: 50 })).body.claims).toHaveLength(1);
    expect((await claim()).body).toEqual({ claims: [] });
  });

  it('that waits is answered when a mail is given back', async () => {
    const mail = await receive('1', 1_000);
    const [{ lease }] = (await claim()).body.claims;
    const waiting = claim({ wait_seconds: 30, worker: 'w2' });
    await node.own('POST', `${mail}/release`, { lease });
    expect((await waiting).body.claims).toMatchObject([{ attempt: 2 }]);
  });

  it('that waits is answered when time has ended a lease, and when a mail becomes unread', async () => {
    const mail = await receive('1', 1_000);
    await claim({ lease_seconds: 10 });
    await expect
      .poll(async () => {
        await node.clock.advance(1_000);
        return (await node.v0('GET', mail)).body.labels;
      })
      .toEqual(['received', 'unread']);
    await node.v0('PATCH', mail, { remove_labels: ['unread'] });
    const waiting = claim({ wait_seconds: 30 });
    await node.v0('PATCH', mail, { add_labels: ['unread'] });
    expect((await waiting).body.claims).toMatchObject([{ attempt: 2 }]);
  });

  it('refuses what is wrong, says where, and takes nothing', async () => {
    const mail = await receive('1', 1_000);
    const wrong = {
      worker: ['', undefined, 'a\nb', 7],
      labels: [[], 'unread', ['']],
      limit: [0, 51, 1.5],
      lease_seconds: [9, 3_601],
      wait_seconds: [31, -1],
      per_thread: ['no'],
    };
    for (const [field, values] of Object.entries(wrong))
      for (const value of values) {
        const { status, body } = await claim({ [field]: value });
        expect([status, body.code, body.errors[0].path[0]]).toEqual([400, 'validation_error', field]);
      }
    expect((await claim({ lease: 'x' })).status).toBe(400);
    expect((await node.v0('GET', mail)).body.labels).toEqual(['received', 'unread']);
  });

  it('answers 404 to an inbox that there is not, and 401 to who shows no key', async () => {
    expect((await node.own('POST', '/inboxes/none@agents.example.com/claim', { worker: 'w' })).status).toBe(404);
    expect((await node.ask('POST', `/api/mailbox${INBOX}/claim`, { worker: 'w' })).status).toBe(401);
  });
});

describe('POST …/extend, …/complete, …/release', () => {
  it('end the work, in one step with labels of one’s own', async () => {
    const mail = await receive('1', 1_000);
    const [{ lease }] = (await claim()).body.claims;
    await node.clock.advance(200_000);
    const until = new Date(node.clock.wallMs() + 600_000).toISOString();
    const extended = await node.own('POST', `${mail}/extend`, { lease, lease_seconds: 600 });
    expect(extended.body).toEqual({ message_id: '<1@y.com>', labels: ['processing', 'received', 'unread'], until });
    await node.clock.advance(500_000);
    const done = await node.own('POST', `${mail}/complete`, {
      lease,
      add_labels: ['answered'],
      remove_labels: ['read'],
    });
    expect(done.body).toEqual({ message_id: '<1@y.com>', labels: ['answered', 'received'] });
    expect((await node.own('POST', `${mail}/complete`, { lease })).body).toEqual(done.body);
  });

  it('keep a mail that is given back for a while from everybody, for as long as was said', async () => {
    const mail = await receive('1', 1_000);
    const [{ lease }] = (await claim()).body.claims;
    const released = await node.own('POST', `${mail}/release`, { lease, delay_seconds: 90, add_labels: ['later'] });
    expect(released.body).toEqual({ message_id: '<1@y.com>', labels: ['later', 'received', 'unread'] });
    await node.clock.advance(89_000);
    expect((await claim()).body.claims).toEqual([]);
    expect((await node.own('POST', `${INBOX}/wait`, { timeout_seconds: 0 })).body).toEqual({});
    await node.clock.advance(1_000);
    expect((await claim()).body.claims).toMatchObject([{ attempt: 2 }]);
  });

  it('answer 409 to a lease that is dead, 404 to no mail, 400 to what is wrong, and change nothing', async () => {
    const mail = await receive('1', 1_000);
    const [{ lease }] = (await claim()).body.claims;
    for (const verb of ['extend', 'complete', 'release']) {
      const ask = (path: string, body: unknown) => node.own('POST', `${path}/${verb}`, body);
      const dead = await ask(mail, { lease: 'another' });
      expect([dead.status, dead.body.code]).toEqual([409, 'race_condition']);
      expect(dead.body.fix).toContain('Drop the work');
      expect((await ask(`${INBOX}/messages/none`, { lease })).status).toBe(404);
      for (const wrong of [{}, { lease: '' }, { lease: 7 }, { lease, more: 1 }])
        expect((await ask(mail, wrong)).body.code).toBe('validation_error');
    }
    for (const label of ['sent', 'processing', 'a,b', '']) {
      const refused = await node.own('POST', `${mail}/complete`, { lease, add_labels: ['fine', label] });
      expect([refused.status, refused.body.errors[0].path]).toEqual([400, ['add_labels', 1]]);
    }
    for (const delay_seconds of [-1, 86_401])
      expect((await node.own('POST', `${mail}/release`, { lease, delay_seconds })).status).toBe(400);
    expect((await node.v0('GET', mail)).body.labels).toEqual(['processing', 'received', 'unread']);
  });
});

describe('processing', () => {
  it('is a label that a client may set, of whose mail no worker is given then, and may take away again', async () => {
    const mail = await receive('1', 1_000);
    const all = ['processing', 'billing', 'urgent', 'inbound'];
    expect((await node.v0('PATCH', mail, { add_labels: all })).body.labels).toEqual(
      [...all, 'received', 'unread'].sort(),
    );
    expect((await node.v0('GET', `${INBOX}/messages?labels=processing`)).body.count).toBe(1);
    expect((await claim()).body.claims).toEqual([]);
    expect((await node.v0('PATCH', mail, { remove_labels: 'processing' })).status).toBe(200);
    expect((await claim()).body.claims).toHaveLength(1);
  });

  it('is not taken away from a mail that a worker has, by itself, with its thread or among others', async () => {
    const mail = await receive('1', 1_000);
    const [{ lease, message }] = (await claim()).body.claims;
    const change = { remove_labels: ['processing'] };
    const refused = { status: 409, body: { code: 'conflict', fix: expect.stringContaining('lease') } };
    expect(await node.v0('PATCH', mail, change)).toMatchObject(refused);
    expect(await node.v0('PATCH', `/threads/${message.thread_id}`, change)).toMatchObject(refused);
    const batch = { message_ids: [message.message_id], ...change };
    expect(await node.v0('POST', `${INBOX}/messages/batch-update`, batch)).toMatchObject(refused);
    expect((await node.v0('PATCH', mail, { add_labels: 'processing' })).status).toBe(200);
    expect((await node.own('POST', `${mail}/complete`, { lease })).body.labels).toEqual(['read', 'received']);
  });
});

describe('POST …/wait', () => {
  const wait = (wish: Readonly<Record<string, unknown>> = {}) =>
    node.own('POST', `${INBOX}/wait`, { timeout_seconds: 0, ...wish });

  it('answers the oldest mail that fits, and takes it from nobody', async () => {
    await receive('1', 1_000, { content: { from: 'Shop <a_b@shop.com>', subject: 'Your 100% code für Öl' } });
    await receive('2', 2_000);
    await receive('3', 3_000, { delivery: { mailClass: 'spam' } });
    const idOf = async (wish: Readonly<Record<string, unknown>>) => (await wait(wish)).body.message?.message_id;
    expect(await idOf({})).toBe('<1@y.com>');
    expect(await idOf({ from: 'a_b@SHOP.com', subject: '100% CODE' })).toBe('<1@y.com>');
    expect(await idOf({ subject: 'CODE FÜR ÖL' })).toBe('<1@y.com>');
    expect(await idOf({ from: 'jane' })).toBe('<2@y.com>');
    expect(await idOf({ from: 'a%b' })).toBeUndefined();
    expect(await idOf({ after: new Date(1_000).toISOString() })).toBe('<2@y.com>');
    expect(await idOf({ after: new Date(2_000).toISOString() })).toBeUndefined();
    expect(await idOf({ labels: ['sent'] })).toBeUndefined();
    expect((await claim({ limit: 50 })).body.claims).toHaveLength(2);
    expect(await idOf({}), 'somebody works on all of them').toBeUndefined();
  });

  it('is answered as soon as a mail is there', async () => {
    const mail = await receive('1', 1_000);
    const [{ lease }] = (await claim()).body.claims;
    const waiting = wait({ timeout_seconds: 60, from: 'jane' });
    await node.own('POST', `${mail}/release`, { lease });
    expect((await waiting).body.message).toMatchObject({ message_id: '<1@y.com>', text: 'Hello' });
  });

  it('refuses what is wrong', async () => {
    const wrong = [{ timeout_seconds: 61 }, { after: 'yesterday' }, { from: '' }, { labels: [] }, { subjects: 'x' }];
    for (const wish of wrong) expect((await wait(wish)).status).toBe(400);
    expect((await node.own('POST', '/inboxes/none@agents.example.com/wait')).status).toBe(404);
  });
});
