import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LABELS_MAX } from '../../../../node/mailbox/label.ts';
import { ATTEMPTS_MAX } from '../../../../node/mailbox/lease.ts';
import type { ClaimQuestion, LeaseQuestion } from '../../../../node/mailbox/lease-question.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { type LeaseTaker, LeaseWalk } from '../../../support/lease-walk.ts';
import { type MailWish, receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const A = 'a@x.com';
const AT = 1_000_000;

let directory: string;
let writer: Writer;
let freed: string[];

const open = () =>
  Writer.open({
    ...{ directory, random: seededRandom(1), nowMs: 500, hostId: 'mac' },
    chooseThread: ({ content }, known) => content.inReplyTo.map((id) => known.threadOf(id)).find(Boolean),
    baseSubject: (subject: string) => subject,
    freed: (inboxIds) => freed.push(...inboxIds),
  });

const makeInbox = async (inboxId: string) => {
  await writer.beginInbox({ inboxId, makesAgent: true, atMs: 1 });
  await writer.activateInbox({ inboxId, agentId: 'agent', atMs: 2 });
};

beforeEach(async () => {
  freed = [];
  directory = mkdtempSync(join(tmpdir(), 'mailbox-'));
  writer = await open();
  await makeInbox(A);
});

afterEach(() => {
  writer.close();
  rmSync(directory, { recursive: true });
});

/** A mail named `name`, in answer to another where that is named. */
const receive = async (name: string, atMs: number, wish: MailWish & { readonly answers?: string } = {}) => {
  const inReplyTo = wish.answers === undefined ? [] : [`<${wish.answers}@y.com>`];
  await writer.store(receivedMail({ atMs, ...wish, content: { headerId: `<${name}@y.com>`, inReplyTo } }));
};
const take = async (wish: Partial<ClaimQuestion> = {}) => {
  const standard = { inboxId: A, worker: 'w', labels: ['unread'], limit: 1, leaseMs: 300, perThread: true, nowMs: AT };
  const claimed = await writer.leases.claim({ ...standard, ...wish });
  return claimed.outcome === 'gone' ? [] : claimed.claims;
};
const namesOf = (claims: Awaited<ReturnType<typeof take>>) => claims.map(({ mail }) => mail.messageId.slice(1, -7));
const change = (name: string, event: LeaseQuestion['event'], wish: Partial<LeaseQuestion> = {}) =>
  writer.leases.change({ inboxId: A, messageId: `<${name}@y.com>`, event, add: [], remove: [], nowMs: AT, ...wish });
const complete = (lease: string) => ({ kind: 'complete', lease }) as const;
const release = (lease: string, delayMs = 0) => ({ kind: 'release', lease, delayMs, counts: true }) as const;

/** Rows, read by a connection of its own. */
const read = (sql: string) => {
  const database = new DatabaseSync(join(directory, 'mailbox.db'), { readOnly: true });
  const rows = database.prepare(sql).all();
  database.close();
  return rows;
};
const labelsOf = (name: string) =>
  read(`SELECT label FROM message_label JOIN message ON message.row = message WHERE message_id = '<${name}@y.com>'`)
    .map(({ label }) => String(label))
    .sort();
const threadLabels = () => read('SELECT label, messages FROM thread_label ORDER BY label').map(Object.values);

describe('a claim', () => {
  it('takes the oldest first, as it can be read, and nothing twice', async () => {
    await receive('late', 2_000);
    await receive('early', 1_000);
    const [first] = await take();
    expect(first).toMatchObject({ mail: { messageId: '<early@y.com>', text: 'Hello' }, attempt: 1, untilMs: AT + 300 });
    expect(first?.mail.labels).toEqual(['processing', 'received', 'unread']);
    expect(first?.workKey).toMatch(/^[0-9a-f]{40}$/);
    expect(namesOf(await take({ limit: 50 }))).toEqual(['late']);
    expect(await take()).toEqual([]);
  });

  it('takes none of a thread in which somebody works, unless that is wished for', async () => {
    await receive('1', 1_000);
    await receive('2', 2_000, { answers: '1' });
    await receive('3', 3_000);
    expect(namesOf(await take({ limit: 50 }))).toEqual(['1', '3']);
    expect(await take()).toEqual([]);
    expect(namesOf(await take({ perThread: false }))).toEqual(['2']);
  });

  it('takes only mails with all the labels that are named', async () => {
    await receive('1', 1_000);
    await receive('2', 2_000, { labels: ['billing'] });
    expect(namesOf(await take({ labels: ['billing', 'unread'], limit: 9 }))).toEqual(['2']);
    expect(await take({ labels: ['sent'] })).toEqual([]);
  });

  it('takes what is done no second time, whatever labels it is found by', async () => {
    await receive('1', 1_000, { labels: ['billing'] });
    const [{ lease = '' } = {}] = await take({ labels: ['billing'] });
    await change('1', complete(lease));
    expect(await take({ labels: ['billing'] })).toEqual([]);
  });

  it('takes nothing from quarantine or from the trash', async () => {
    for (const [at, mailClass] of (['spam', 'blocked', 'unauthenticated'] as const).entries())
      await receive(mailClass, at, { delivery: { mailClass } });
    await receive('trash', 9);
    const labels = { add: ['trash'], remove: [], required: [], excluded: [], atMs: 10 };
    await writer.changeLabels({ meant: { inboxId: A, messageId: '<trash@y.com>' }, change: labels });
    expect(await take({ limit: 50 })).toEqual([]);
  });

  it('says so when there is no such inbox, and finds nothing in that of another', async () => {
    await makeInbox('b@x.com');
    await receive('1', 1_000, { to: ['b@x.com'] });
    expect(await take()).toEqual([]);
    const question = { worker: 'w', labels: ['unread'], limit: 1, leaseMs: 300, perThread: true, nowMs: AT };
    expect(await writer.leases.claim({ ...question, inboxId: 'none@x.com' })).toEqual({ outcome: 'gone' });
    await writer.deleteInbox({ inboxId: 'b@x.com', atMs: 2_000 });
    expect(await writer.leases.claim({ ...question, inboxId: 'b@x.com' })).toEqual({ outcome: 'gone' });
  });
});

describe('work that ends', () => {
  it('is read when it is done, with the labels that came with that, in the thread too', async () => {
    await receive('1', 1_000);
    const [{ lease = '' } = {}] = await take();
    expect(threadLabels()).toEqual([
      ['processing', 1],
      ['received', 1],
      ['unread', 1],
    ]);
    const done = await change('1', complete(lease), { add: ['answered'], remove: ['received'] });
    expect(done).toMatchObject({ outcome: 'done', labels: ['answered', 'read'] });
    expect(labelsOf('1')).toEqual(['answered', 'read']);
    expect(threadLabels()).toEqual([
      ['answered', 1],
      ['read', 1],
    ]);
  });

  it('changes nothing more when it is said again, and nothing at all by a lease that is dead', async () => {
    await receive('1', 1_000);
    const [{ lease = '' } = {}] = await take();
    await change('1', complete(lease), { add: ['answered'] });
    expect(writer.leases.counts()).toEqual({
      ended: [
        ['done', 1],
        ['failed', 0],
      ],
      leased: 0,
    });
    expect(await change('1', complete(lease), { add: ['twice'] })).toMatchObject({
      labels: ['answered', 'read', 'received'],
    });
    for (const event of [release(lease), complete('other'), { kind: 'extend', lease, leaseMs: 300 } as const])
      expect(await change('1', event, { add: ['wrong'] })).toEqual({ outcome: 'dead' });
    expect(labelsOf('1')).toEqual(['answered', 'read', 'received']);
    expect(await change('none', complete(lease))).toEqual({ outcome: 'gone' });
  });

  it('is not done with more labels than a mail may have', async () => {
    await receive('1', 1_000);
    const [{ lease = '' } = {}] = await take();
    const add = Array.from({ length: LABELS_MAX }, (_, at) => `label ${at}`);
    expect(await change('1', complete(lease), { add })).toEqual({ outcome: 'many' });
    expect(labelsOf('1')).toEqual(['processing', 'received', 'unread']);
    expect(await change('1', complete(lease))).toMatchObject({ outcome: 'done' });
  });

  it('can be taken again at once when it is given back, or after a while', async () => {
    await receive('1', 1_000);
    const [first] = await take();
    await change('1', release(first?.lease ?? ''));
    expect(labelsOf('1')).toEqual(['received', 'unread']);
    const [second] = await take();
    expect(second).toMatchObject({ attempt: 2, workKey: first?.workKey });
    await change('1', release(second?.lease ?? '', 5_000));
    expect(await take({ nowMs: AT + 4_999 })).toEqual([]);
    expect(await take({ nowMs: AT + 5_000 })).toMatchObject([{ attempt: 3 }]);
  });

  it(`fails after ${ATTEMPTS_MAX} attempts, until somebody takes the label off`, async () => {
    await receive('1', 1_000);
    let [claimed] = await take();
    for (let attempt = 1; attempt < ATTEMPTS_MAX; attempt += 1) {
      await change('1', release(claimed?.lease ?? ''));
      [claimed] = await take();
    }
    expect([claimed?.attempt, writer.leases.counts().leased]).toEqual([ATTEMPTS_MAX, 1]);
    expect(await change('1', release(claimed?.lease ?? ''))).toMatchObject({
      labels: ['failed', 'received', 'unread'],
    });
    expect(await take()).toEqual([]);
    expect(writer.leases.counts().ended[1]).toEqual(['failed', 1]);
    const off = { add: [], remove: ['failed'], required: [], excluded: [], atMs: AT };
    await writer.changeLabels({ meant: { inboxId: A, messageId: '<1@y.com>' }, change: off });
    expect(await take()).toMatchObject([{ attempt: 1, workKey: claimed?.workKey }]);
  });

  it('is other work when it is done and made unread again', async () => {
    await receive('1', 1_000);
    const [first] = await take();
    await change('1', complete(first?.lease ?? ''));
    const unread = { add: ['unread'], remove: [], required: [], excluded: [], atMs: AT };
    await writer.changeLabels({ meant: { inboxId: A, messageId: '<1@y.com>' }, change: unread });
    const [again] = await take();
    expect(again?.attempt).toBe(1);
    expect(again?.workKey).not.toBe(first?.workKey);
  });

  it('goes with its mail, and leaves the thread to the others', async () => {
    await receive('1', 1_000);
    await receive('2', 2_000, { answers: '1' });
    const [{ lease = '' } = {}] = await take();
    await writer.removeMails({ meant: { inboxId: A, messageId: '<1@y.com>' }, atMs: AT });
    expect(await change('1', complete(lease))).toEqual({ outcome: 'gone' });
    expect(read('SELECT * FROM lease')).toEqual([]);
    expect(namesOf(await take())).toEqual(['2']);
  });
});

describe('time', () => {
  it('ends what has run out, without anybody asking, also while the node was down', async () => {
    await receive('1', 1_000);
    await receive('2', 2_000);
    await take();
    await take({ leaseMs: 900 });
    expect(await writer.leases.settle(AT + 299)).toBe(AT + 300);
    expect(labelsOf('1')).toContain('processing');
    writer.close();
    writer = await open();
    expect(await writer.leases.settle(AT + 300)).toBe(AT + 900);
    expect(labelsOf('1')).toEqual(['received', 'unread']);
    expect(labelsOf('2')).toContain('processing');
    expect(await writer.leases.settle(AT + 900)).toBeUndefined();
    await take();
    expect(await writer.leases.settle(AT - 50_000), 'the clock is set back').toBe(AT - 50_000 + 300);
  });
});

describe('who waits for mail', () => {
  const toldOf = async (work: () => Promise<unknown>) => {
    freed = [];
    await work();
    return freed;
  };

  it('is told of what comes in, of what is given back or done, of what time ends, and of labels', async () => {
    await makeInbox('b@x.com');
    expect(await toldOf(() => receive('1', 1_000, { to: [A, 'b@x.com'] }))).toEqual([A, 'b@x.com']);
    const [first] = await take();
    expect(await toldOf(() => change('1', release(first?.lease ?? '')))).toEqual([A]);
    const [second] = await take();
    expect(await toldOf(() => change('1', complete(second?.lease ?? '')))).toEqual([A]);
    const unread = { add: ['unread'], remove: [], required: [], excluded: [], atMs: AT };
    const meant = { inboxId: A, messageId: '<1@y.com>' };
    expect(await toldOf(() => writer.changeLabels({ meant, change: unread }))).toEqual([A]);
    await take();
    expect(await toldOf(() => writer.leases.settle(AT + 299))).toEqual([]);
    expect(await toldOf(() => writer.leases.settle(AT + 300))).toEqual([A]);
    await take();
    expect(await toldOf(() => writer.removeMails({ meant, atMs: AT }))).toEqual([A]);
  });

  it('is told of what time ends in his inbox while another is asked', async () => {
    await makeInbox('b@x.com');
    await receive('1', 1_000);
    await take();
    expect(await toldOf(() => take({ inboxId: 'b@x.com', nowMs: AT + 300 }))).toEqual([A]);
  });
});

const isDone = async (changed: ReturnType<typeof change>) => (await changed).outcome === 'done';
/** The database, of which one inbox is walked over. */
const databaseTaker: LeaseTaker = {
  claim: async (nowMs, leaseMs, worker) => {
    const [claimed] = await take({ nowMs, leaseMs, worker });
    return claimed && { ...claimed, mail: claimed.mail.messageId.slice(1, -7) };
  },
  extend: (mail, lease, nowMs, leaseMs) => isDone(change(mail, { kind: 'extend', lease, leaseMs }, { nowMs })),
  complete: (mail, lease, nowMs) => isDone(change(mail, complete(lease), { nowMs })),
  release: (mail, lease, nowMs, delayMs) => isDone(change(mail, release(lease, delayMs), { nowMs })),
  labelsOf: async (mail) => labelsOf(mail),
};

describe('workers at random', () => {
  it.each([1, 2, 3, 4])('lose no mail of a database, and share none: seed %i', async (seed) => {
    const mails = ['1', '2', '3', '4', '5', '6'];
    for (const [at, name] of mails.entries()) await receive(name, at);
    await new LeaseWalk(databaseTaker, seed).run(mails);
  });
});
