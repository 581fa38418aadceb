import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChooseThread } from '../../../../node/mailbox/message.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

let directory: string;
let writer: Writer;

/** The thread of the first id that is known. */
const byReferences: ChooseThread = ({ content }, known) =>
  [content.headerId ?? '', ...content.inReplyTo, ...content.references]
    .map((id) => known.threadOf(id))
    .find((thread) => thread !== undefined);

const open = () =>
  Writer.open({
    ...{ directory, random: seededRandom(1), nowMs: 500, hostId: 'mac' },
    ...{ chooseThread: byReferences, baseSubject: (subject: string) => subject },
  });

const makeInbox = async (inboxId: string) => {
  await writer.beginInbox({ inboxId, makesAgent: true, atMs: 1 });
  await writer.activateInbox({ inboxId, agentId: 'agent', atMs: 2 });
};

/** A row, read by a connection of its own, as the reader has one. */
const read = (sql: string) => {
  const database = new DatabaseSync(join(directory, 'mailbox.db'), { readOnly: true });
  const rows = database.prepare(sql).all();
  database.close();
  return rows;
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-'));
  writer = await open();
  await makeInbox('a@x.com');
  await makeInbox('b@x.com');
});

afterEach(() => {
  writer.close();
  rmSync(directory, { recursive: true });
});

describe('a mail', () => {
  it('is in every inbox it was for, and its octets are kept once', async () => {
    const mail = receivedMail({ to: ['a@x.com', 'b@x.com'], content: { headerId: '<1@y.com>' } });
    const stored = await writer.store(mail);
    expect(stored.map(({ inboxId, status, messageId }) => [inboxId, status, messageId])).toEqual([
      ['a@x.com', 'stored', '<1@y.com>'],
      ['b@x.com', 'stored', '<1@y.com>'],
    ]);
    expect(read('SELECT uses FROM raw')).toEqual([{ uses: 2 }]);
    expect(stored[0]?.threadId).not.toBe(stored[1]?.threadId);
  });

  it('is kept once when it comes twice, whatever its trace lines', async () => {
    const mail = receivedMail({ content: { headerId: '<1@y.com>' } });
    const [first] = await writer.store(mail);
    const again = { ...mail, raw: { ...mail.raw, digest: 'f'.repeat(64) } };
    expect(await writer.store(again)).toEqual([{ ...first, status: 'duplicate', mailClass: undefined }]);
    expect(read('SELECT count(*) AS count FROM message')).toEqual([{ count: 1 }]);
  });

  it('is not kept out by another that has taken the id which it will get', async () => {
    const nameless = receivedMail({ raw: 'nameless' });
    const taken = `<${nameless.digest.slice(0, 40)}@mac.mesh.invalid>`;
    const [ahead] = await writer.store(receivedMail({ content: { headerId: taken }, raw: 'ahead' }));
    expect(ahead?.messageId).not.toBe(taken);
    expect(await writer.store(nameless)).toMatchObject([{ status: 'stored', messageId: taken }]);
  });

  it('gets an id of its digest when its own is missing, or is that of another mail', async () => {
    const [nameless] = await writer.store(receivedMail({ raw: 'nameless' }));
    expect(nameless?.messageId).toMatch(/^<[0-9a-f]{40}@mac\.mesh\.invalid>$/);
    await writer.store(receivedMail({ content: { headerId: '<1@y.com>' }, raw: 'one' }));
    const [other] = await writer.store(receivedMail({ content: { headerId: '<1@y.com>' }, raw: 'other' }));
    expect(other?.messageId).toMatch(/^<[0-9a-f]{40}@mac\.mesh\.invalid>$/);
  });

  it('is refused by an inbox that is gone, and the others get it', async () => {
    const mail = receivedMail({ to: ['gone@x.com', 'a@x.com'] });
    expect((await writer.store(mail)).map(({ status }) => status)).toEqual(['gone', 'stored']);
  });

  it('joins the thread that it names, and brings a late parent there, too', async () => {
    const [child] = await writer.store(
      receivedMail({ content: { headerId: '<2@y.com>', inReplyTo: ['<1@y.com>'] }, raw: 'child' }),
    );
    const [parent] = await writer.store(receivedMail({ content: { headerId: '<1@y.com>' }, raw: 'parent' }));
    expect(parent?.threadId).toBe(child?.threadId);
    expect(read('SELECT message_count, last_message_id FROM thread')).toEqual([
      { message_count: 2, last_message_id: '<1@y.com>' },
    ]);
    expect(read('SELECT label, messages FROM thread_label ORDER BY label')).toEqual([
      { label: 'received', messages: 2 },
      { label: 'unread', messages: 2 },
    ]);
  });

  it('in quarantine has a thread of its own, and binds no id to it', async () => {
    const spoofed = { mailClass: 'unauthenticated', isAuthenticated: false } as const;
    const ids = { headerId: '<2@y.com>', inReplyTo: ['<1@y.com>'] };
    const [hidden] = await writer.store(receivedMail({ content: ids, delivery: spoofed, raw: 'hidden' }));
    const [seen] = await writer.store(receivedMail({ content: { headerId: '<1@y.com>' }, raw: 'seen' }));
    expect(hidden?.threadId).not.toBe(seen?.threadId);
    expect(read('SELECT hidden FROM message ORDER BY row')).toEqual([{ hidden: 1 }, { hidden: 0 }]);
  });
});

describe('many writes at once', () => {
  it('are committed together, and one that fails takes none of the others with it', async () => {
    const broken = receivedMail({ raw: 'broken' });
    const results = await Promise.allSettled([
      writer.store(receivedMail({ raw: 'one' })),
      writer.store({ ...broken, raw: { ...broken.raw, size: Number.NaN } }),
      writer.store(receivedMail({ raw: 'two' })),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    // Its thread was begun before it failed.
    for (const table of ['message', 'thread'])
      expect(read(`SELECT count(*) AS count FROM ${table}`)).toEqual([{ count: 2 }]);
  });
});

describe('an inbox', () => {
  it('is the same for the same client id, whatever else is asked for', async () => {
    const draft = { makesAgent: true, clientId: 'mine', atMs: 3 };
    expect(await writer.beginInbox({ ...draft, inboxId: 'c@x.com' })).toMatchObject({ outcome: 'begun' });
    expect(await writer.beginInbox({ ...draft, inboxId: 'd@x.com' })).toMatchObject({
      outcome: 'known',
      inbox: { inboxId: 'c@x.com', state: 'creating' },
    });
    expect(await writer.beginInbox({ inboxId: 'c@x.com', makesAgent: true, atMs: 4 })).toMatchObject({
      outcome: 'taken',
    });
  });

  it('takes mail for its address with a tag', () => {
    expect(writer.inboxFor('a+shop@x.com')?.inboxId).toBe('a@x.com');
    expect(writer.inboxFor('c@x.com')).toBeUndefined();
  });

  it('that was being made or deleted when the process ended is still known', async () => {
    await writer.beginInbox({ inboxId: 'c@x.com', makesAgent: true, atMs: 3 });
    await writer.deleteInbox({ inboxId: 'b@x.com', atMs: 4 });
    const { organization } = writer;
    writer.close();
    writer = await open();
    expect(writer.unsettledInboxes().map(({ inboxId, state }) => [inboxId, state])).toEqual([
      ['b@x.com', 'deleting'],
      ['c@x.com', 'creating'],
    ]);
    expect(writer.organization).toEqual(organization);
  });

  it('leaves nothing of its mail in any file when it is deleted, but what another inbox has', async () => {
    const word = 'sesquipedalian';
    await writer.store(
      receivedMail({ to: ['a@x.com'], content: { text: word, subject: word, headers: { Subject: word } } }),
    );
    const spooled = writer.files.spoolPath();
    writeFileSync(spooled, `${word} ${'x'.repeat(100_000)}`);
    await writer.files.keep(spooled, 'ab'.repeat(32));
    const large = receivedMail({ to: ['a@x.com', 'b@x.com'], raw: 'large' });
    await writer.store({ ...large, raw: { digest: 'ab'.repeat(32), size: 100_000 } });
    await writer.deleteInbox({ inboxId: 'a@x.com', atMs: 3 });
    await erase('a@x.com');
    await writer.dropInbox('a@x.com');
    expect(filesWith(word)).toEqual([`raw/ab/${'ab'.repeat(32)}`]);
    await erase('b@x.com');
    await writer.dropInbox('b@x.com');
    expect(filesWith(word)).toEqual([]);
    expect(read('SELECT count(*) AS count FROM thread')).toEqual([{ count: 0 }]);
  });

  it('is erased from every file once nobody reads it any more', async () => {
    const word = 'sesquipedalian';
    const reader = new DatabaseSync(join(directory, 'mailbox.db'), { readOnly: true });
    const [stored] = await writer.store(receivedMail({ to: ['a@x.com'], content: { text: word } }));
    reader.exec('BEGIN');
    reader.prepare('SELECT * FROM message').all();
    await writer.removeMails({ meant: { inboxId: 'a@x.com', messageId: String(stored?.messageId) }, atMs: 3 });
    expect(writer.erasure.overwriteSome()).toBe('kept');
    expect(filesWith(word)).not.toEqual([]);
    reader.exec('COMMIT');
    expect(writer.erasure.overwriteSome()).toBe('done');
    expect(filesWith(word)).toEqual([]);
    reader.close();
  });

  const erase = async (inboxId: string) => {
    while (await writer.eraseMail(inboxId));
  };

  /** Files that have the word, by their paths in the directory. */
  const filesWith = (word: string) =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(
      (name) => statSync(join(directory, name)).isFile() && readFileSync(join(directory, name)).includes(word),
    );
});

describe('a large mail', () => {
  const digest = 'cd'.repeat(32);
  const path = () => join(directory, 'raw', 'cd', digest);
  const keep = async () => {
    const spooled = writer.files.spoolPath();
    writeFileSync(spooled, 'octets');
    await writer.files.keep(spooled, digest);
  };

  it('is a file that goes when no inbox has taken it', async () => {
    await keep();
    const mail = receivedMail({ to: ['gone@x.com'] });
    await writer.store({ ...mail, raw: { digest, size: 6 } });
    expect(existsSync(path())).toBe(false);
  });

  it('stays when the same mail is deleted in the moment between its file and its row', async () => {
    await keep();
    await writer.files.remove(digest);
    expect(existsSync(path())).toBe(true);
    const mail = receivedMail();
    await writer.store({ ...mail, raw: { digest, size: 6 } });
    expect(existsSync(path())).toBe(true);
  });
});
