import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY_MS } from '../../../../node/mailbox/retention.ts';
import type { SearchPlace, SearchQuestion } from '../../../../node/mailbox/search-question.ts';
import { Connection, openForReading, openForWriting } from '../../../../node/mailbox/store/database.ts';
import { MailReader } from '../../../../node/mailbox/store/mail-reader.ts';
import { SearchReader } from '../../../../node/mailbox/store/search-reader.ts';
import { ThreadReader } from '../../../../node/mailbox/store/thread-reader.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { type MailWish, receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const [A, B] = ['a@x.com', 'b@x.com'];

let directory: string;
let writer: Writer;
let reading: Connection;
let made: number;

const open = () =>
  Writer.open({ directory, random: seededRandom(1), nowMs: 500, hostId: 'mac', chooseThread, baseSubject });
const makeInbox = async (inboxId: string) => {
  await writer.beginInbox({ inboxId, makesAgent: true, atMs: 1 });
  await writer.activateInbox({ inboxId, agentId: `agent of ${inboxId}`, atMs: 2 });
};

beforeEach(async () => {
  made = 0;
  directory = mkdtempSync(join(tmpdir(), 'mailbox-search-'));
  writer = await open();
  for (const inboxId of [A, B]) await makeInbox(inboxId);
  reading = openForReading(directory);
});

afterEach(() => {
  reading.close();
  writer.close();
  rmSync(directory, { recursive: true });
});

const receive = async (content: NonNullable<MailWish['content']>, wish: MailWish = {}) => {
  made += 1;
  const headerId = `<${made}@y.com>`;
  const [stored] = await writer.store(
    receivedMail({ raw: `mail ${made}`, atMs: made * 1_000, ...wish, content: { headerId, ...content } }),
  );
  return String(stored?.messageId);
};
/** Puts all in, as the intake does after a while. */
const index = async () => {
  let steps = 0;
  while ((await writer.write(() => writer.search.indexSome())) !== undefined) steps += 1;
  while (await writer.purgeIndex()) steps += 1;
  return steps;
};
const searchReader = (bounds: ConstructorParameters<typeof SearchReader>[3] = {}, connection = reading) => {
  const mails = new MailReader(connection);
  return new SearchReader(connection, mails, new ThreadReader(connection, mails), bounds);
};
const found = (words: string, more: Partial<SearchQuestion> = {}) =>
  searchReader()
    .mails({ words: words.split(' '), inboxId: A, limit: 100, ...more })
    .items.map(({ item }) => item.messageId);

describe('mails that are found', () => {
  it('come in the order in which they fit: more often, in less text, in the subject; then parts of words, the newest first', async () => {
    const rare = await receive({ subject: 'Other', text: `invoice ${'and much else '.repeat(50)}` });
    const often = await receive({ subject: 'Other', text: 'invoice invoice invoice' });
    const subject = await receive({ subject: 'invoice', text: 'short' });
    const part = await receive({ subject: 'Reinvoiced', text: 'short' });
    const newerPart = await receive({ subject: 'Invoices', text: 'short' });
    await receive({ subject: 'Nothing', text: 'short' });
    await index();
    expect(found('invoice')).toEqual([subject, often, rare, newerPart, part]);
  });

  it('are those of the inbox that is asked, or of all', async () => {
    const own = await receive({ text: 'invoice' });
    const others = await receive({ text: 'invoice' }, { to: [B] });
    await index();
    expect(found('invoice')).toEqual([own]);
    expect(found('invoice', { inboxId: undefined }).sort()).toEqual([own, others].sort());
    expect(found('invoice', { inboxId: 'never@x.com' })).toEqual([]);
  });

  it('lie between the times that are asked, and never in quarantine or in the trash', async () => {
    const [first, second, third] = [
      await receive({ text: 'invoice' }),
      await receive({ text: 'invoice' }),
      await receive({ text: 'invoice' }),
    ];
    await receive({ text: 'invoice' }, { delivery: { mailClass: 'spam' } });
    await index();
    expect(found('invoice').sort()).toEqual([first, second, third]);
    expect(found('invoice', { after: 1_000, before: 3_000 })).toEqual([second]);
    const meant = { inboxId: A, messageId: second };
    await writer.changeLabels({
      meant,
      change: { add: ['trash'], remove: [], required: [], excluded: [], atMs: 9_000 },
    });
    expect(found('invoice').sort()).toEqual([first, third]);
  });

  it('are all there once in pages, though others come and go, and however few are ordered at once', async () => {
    const expected: string[] = [];
    for (let at = 0; at < 23; at += 1) expected.push(await receive({ text: `invoice ${'x '.repeat(at % 5)}` }));
    await index();
    for (const [orderedMax, limit] of [
      [5, 4],
      [100, 7],
      [3, 10],
    ] as const) {
      const seen: string[] = [];
      let place: SearchPlace | undefined;
      do {
        const page = searchReader({ orderedMax }).mails({ words: ['invoice'], inboxId: A, limit, place });
        seen.push(...page.items.map(({ item }) => item.messageId));
        place = page.next;
        await receive({ text: 'invoice' }, { to: [B, A] });
        await index();
      } while (place !== undefined);
      expect(seen.sort(), `${orderedMax} at once`).toEqual(expected.slice().sort());
      for (const late of found('invoice').filter((id) => !expected.includes(id)))
        await writer.removeMails({ meant: { inboxId: A, messageId: late }, atMs: 1 });
    }
  });
});

describe('how well mails fit', () => {
  /** What is asked for scores, in the language of the index. */
  class NotedConnection extends Connection {
    readonly scored: string[] = [];

    override all<Found>(...[sql, ...values]: Parameters<Connection['all']>): readonly Found[] {
      if (sql.includes('bm25')) this.scored.push(String(values[0]));
      return super.all<Found>(sql, ...values);
    }
  }
  const scored = (words: string) => {
    const connection = new NotedConnection(reading.database);
    searchReader({ othersMax: 0 }, connection).mails({ words: [words], inboxId: A, limit: 100 });
    return connection.scored;
  };

  it('is asked without their scope where few have the word anywhere: it would be to go through all mails of that', async () => {
    for (let at = 0; at < 40; at += 1) await receive({ text: at % 30 === 0 ? 'invoice' : 'other' });
    await index();
    expect(scored('invoice')).toEqual([expect.not.stringContaining('scope')]);
  });

  it('is asked within their scope where many others have the word, too', async () => {
    for (let at = 0; at < 40; at += 1) await receive({ text: 'invoice' }, { to: [at % 30 === 0 ? A : B] });
    await index();
    expect(scored('invoice')).toEqual([expect.stringContaining('scope')]);
  });

  it.each([1, 2])('is the same either way, page by page, in random mailboxes (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const below = (count: number) => Math.floor(random.next() * count);
    const someWords = () =>
      Array.from({ length: 1 + below(12) }, () => `w${Math.floor(20 ** random.next())}`).join(' ');
    for (let at = 0; at < 60; at += 1)
      await receive({ subject: someWords(), text: someWords() }, { to: [[A], [B], [A, B]][below(3)] ?? [] });
    await index();
    const pages = (question: Omit<SearchQuestion, 'limit'>, othersMax: number) => {
      const reader = searchReader({ orderedMax: 15, othersMax });
      const shown: unknown[] = [reader.threads({ ...question, limit: 100 })];
      let place: SearchPlace | undefined;
      do {
        const mails = reader.mails({ ...question, limit: 9, place });
        shown.push(mails);
        place = mails.next;
      } while (place !== undefined);
      return shown;
    };
    for (let asked = 0; asked < 6; asked += 1) {
      const words = Array.from({ length: 1 + below(2) }, () => `w${Math.floor(20 ** random.next())}`);
      const question = { words, ...[{ inboxId: A }, { podId: writer.organization.podId }, {}][below(3)] };
      const always = pages(question, 1_000_000);
      expect(always, words.join(' ')).toEqual(pages(question, -1_000_000));
      expect(always, words.join(' ')).toEqual(pages(question, 0));
    }
  });
});

describe('threads that are found', () => {
  it('are there once, by their best mail, though their mails are ordered in several turns', async () => {
    const first = await receive({ subject: 'One', text: 'invoice' });
    const second = await receive({ subject: 'Two', text: 'invoice invoice' });
    for (let at = 0; at < 6; at += 1) {
      await receive({ subject: 'Re: One', text: 'invoice', inReplyTo: [first] });
      await receive({ subject: 'Re: Two', text: 'nothing', inReplyTo: [second] });
    }
    await receive({ subject: 'Three', text: 'nothing' });
    await index();
    const subjects = (orderedMax = 100) =>
      searchReader({ orderedMax })
        .threads({ words: ['invoice'], inboxId: A, limit: 100 })
        .items.map(({ item }) => item.subject);
    expect(subjects()).toEqual(['Two', 'One']);
    expect(subjects(3)).toEqual(['One', 'Two']);
    const [one] = searchReader().threads({ words: ['two'], inboxId: A, limit: 1 }).items;
    expect(one?.texts.length).toBe(3);
  });
});

describe('the index', () => {
  const WORD = 'sesquipedalian';
  const filesWith = (word: string) =>
    readdirSync(directory).filter(
      (name) => name.startsWith('mailbox.db') && readFileSync(join(directory, name)).includes(word),
    );

  const overwriteAll = () => {
    while (writer.erasure.overwriteSome() === 'more');
  };

  it('has nothing of a mail that is erased, by itself or with its inbox, before it was put in and after', async () => {
    const mail = { subject: `About ${WORD}`, text: `A ${WORD} word` };
    await receive({ text: 'another text, with words' });
    const ids = [await receive(mail), await receive(mail), await receive(mail, { to: [B] })];
    await index();
    ids.push(await receive(mail));
    // A word that begins as the one before it in the index is written without that part.
    expect(filesWith(WORD.slice(4)).length).toBeGreaterThan(0);
    for (const messageId of [ids[0], ids[1], ids[3]].map(String))
      await writer.removeMails({ meant: { inboxId: A, messageId }, atMs: 9_000 });
    await writer.deleteInbox({ inboxId: B, atMs: 9_000 });
    while (await writer.eraseMail(B));
    await writer.dropInbox(B);
    reading.close();
    overwriteAll();
    expect(filesWith(WORD.slice(4))).toEqual([]);
    reading = openForReading(directory);
    expect(found(WORD)).toEqual([]);
    expect(found('another').length).toBe(1);
    const check = openForWriting(directory);
    check.run("INSERT INTO search (search) VALUES ('integrity-check')");
    check.close();
  });

  it('has nothing of many mails that are erased together, once that was taken out, and everything of the others', async () => {
    const [few, many] = [new Set<string>(), [] as string[]];
    for (let at = 0; at < 60; at += 1) {
      const isLeft = at % 6 === 0;
      const messageId = await receive({ text: isLeft ? `left ${at}` : `A ${WORD} word ${at}` });
      if (isLeft) few.add(messageId);
      else many.push(messageId);
      if (at % 7 === 0) await index();
    }
    await index();
    const rows = reading.all<{ row: number }>("SELECT row FROM message WHERE text LIKE '%word%'").map(({ row }) => row);
    await writer.eraseMails({ rows, nowMs: 2 * DAY_MS, retentionDays: 1 });
    expect(found(WORD)).toEqual([]);
    reading.close();
    await index();
    overwriteAll();
    expect(filesWith(WORD.slice(4))).toEqual([]);
    reading = openForReading(directory);
    expect(new Set(found('left'))).toEqual(few);
    expect(await writer.purgeIndex()).toBe(false);
    const check = openForWriting(directory);
    check.run("INSERT INTO search (search) VALUES ('integrity-check')");
    check.close();
  });

  it('gets mails that were there before it, the newest first, some at a time and on from where a crash came', async () => {
    const ids: string[] = [];
    for (let at = 0; at < 120; at += 1) ids.push(await receive({ text: 'invoice' }));
    // As if all of them had been there when the index was made.
    const connection = openForWriting(directory);
    connection.run('DELETE FROM search_waiting');
    connection.run('UPDATE search_state SET row = (SELECT max(row) FROM message)');
    connection.close();
    expect(found('invoice')).toEqual([]);
    expect(await writer.write(() => writer.search.indexSome())).toBe('old');
    expect(found('invoice').sort()).toEqual(ids.slice(70).sort());
    writer.close();
    writer = await open();
    const fresh = await receive({ text: 'invoice' });
    await writer.removeMails({ meant: { inboxId: A, messageId: String(ids[3]) }, atMs: 9_000 });
    await writer.removeMails({ meant: { inboxId: A, messageId: String(ids[100]) }, atMs: 9_000 });
    await index();
    const left = [...ids, fresh].filter((_, at) => at !== 3 && at !== 100);
    expect(searchReader().mails({ words: ['invoice'], inboxId: A, limit: 200 }).items.length).toBe(left.length);
  });
});
