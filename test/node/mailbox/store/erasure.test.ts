import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openForWriting } from '../../../../node/mailbox/store/database.ts';
import { Erasure } from '../../../../node/mailbox/store/erasure.ts';
import { GroupCommit } from '../../../../node/mailbox/store/group-commit.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const WORD = 'sesquipedalian';
const [A, B] = ['a@x.com', 'b@x.com'];

let directory: string;
let writer: Writer;
let erasures: number;

const open = () =>
  Writer.open({
    ...{ directory, random: seededRandom(1), nowMs: 500, hostId: 'mac', chooseThread, baseSubject },
    erased: () => {
      erasures += 1;
    },
  });

beforeEach(async () => {
  erasures = 0;
  directory = mkdtempSync(join(tmpdir(), 'mailbox-erasure-'));
  writer = await open();
  for (const inboxId of [A, B]) {
    await writer.beginInbox({ inboxId, makesAgent: true, atMs: 1 });
    await writer.activateInbox({ inboxId, agentId: `agent of ${inboxId}`, atMs: 2 });
  }
});

afterEach(() => {
  writer.close();
  rmSync(directory, { recursive: true });
});

const filesWithWord = () =>
  readdirSync(directory).filter(
    (name) => name.startsWith('mailbox.db') && readFileSync(join(directory, name)).includes(WORD.slice(4)),
  );

/** Mails of both inboxes among each other, with the word in those of the first. */
async function receive(count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const [inboxId, word] = at % 2 === 0 ? [A, WORD] : [B, 'other'];
    const text = `${word} ${at} ${'x'.repeat((at * 37) % 700)}`;
    await writer.store(
      receivedMail({ to: [inboxId], atMs: at * 1_000, content: { headerId: `<${at}@y.com>`, subject: word, text } }),
    );
    if (at % 20 === 0) await index();
  }
  await index();
}

async function index(): Promise<void> {
  while ((await writer.write(() => writer.search.indexSome())) !== undefined);
}

async function deleteInbox(inboxId: string): Promise<void> {
  await writer.deleteInbox({ inboxId, atMs: 9_000_000 });
  while (await writer.eraseMail(inboxId));
  await writer.dropInbox(inboxId);
  while (await writer.purgeIndex());
}

function overwriteAll(): void {
  let left = writer.erasure.overwriteSome();
  while (left === 'more') left = writer.erasure.overwriteSome();
  expect(left).toBe('done');
}

const sizeOfOther = () => {
  const database = new DatabaseSync(join(directory, 'mailbox.db'), { readOnly: true });
  const check = database.prepare('PRAGMA integrity_check').all();
  const { count } = database.prepare("SELECT count(*) AS count FROM message WHERE subject = 'other'").get() ?? {};
  database.close();
  expect(check).toEqual([{ integrity_check: 'ok' }]);
  return count;
};

describe('a mailbox of which an inbox is deleted', () => {
  it('has nothing of its mail in the database once that was overwritten, and all of the others', async () => {
    await receive(600);
    await deleteInbox(A);
    // What SQLite has moved between pages, and does not overwrite.
    expect(filesWithWord()).toEqual(['mailbox.db']);
    expect(erasures).toBeGreaterThan(0);
    overwriteAll();
    expect(filesWithWord()).toEqual([]);
    expect(sizeOfOther()).toBe(300);
    expect(writer.erasure.overwriteSome()).toBe('done');
  });

  it('is overwritten after the next start where the process ended before', async () => {
    overwriteAll();
    await receive(600);
    await deleteInbox(A);
    writer.close();
    expect(filesWithWord()).toEqual(['mailbox.db']);
    writer = await open();
    overwriteAll();
    expect(filesWithWord()).toEqual([]);
    writer.close();
    writer = await open();
    expect(writer.erasure.overwriteSome()).toBe('done');
  });

  it('is overwritten once nobody reads what it was', async () => {
    await receive(600);
    const reader = new DatabaseSync(join(directory, 'mailbox.db'), { readOnly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM message').get();
    await deleteInbox(A);
    expect(writer.erasure.overwriteSome()).toBe('kept');
    reader.exec('COMMIT');
    reader.close();
    overwriteAll();
    expect(filesWithWord()).toEqual([]);
  });

  it('loses nothing of what comes meanwhile', async () => {
    await receive(600);
    await deleteInbox(A);
    overwriteAll();
    for (let at = 0; at < 100; at += 1) {
      const wish = { headerId: `<new-${at}@y.com>`, subject: 'other', text: `other new ${at}` };
      await writer.store(receivedMail({ to: [B], raw: `new ${at}`, content: wish }));
    }
    await index();
    expect(filesWithWord()).toEqual([]);
    expect(sizeOfOther()).toBe(400);
  });
});

describe('pages that are written between two steps', () => {
  /** Rows among each other, in an order of their own; half of them with the word, which are erased. Answers the others' keys. */
  function rowsLeft(connection: ReturnType<typeof openForWriting>, key: () => string): string[] {
    connection.database.exec(
      'CREATE TABLE text (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID; BEGIN',
    );
    const [erased, left]: [string[], string[]] = [[], []];
    for (let at = 0; at < 1_500; at += 1) {
      const [name, keys, word] = at % 2 === 0 ? [key(), left, 'other'] : [key(), erased, WORD];
      connection.run('INSERT INTO text VALUES (?, ?)', name, `${word} ${at} ${'x'.repeat((at * 37) % 700)}`);
      keys.push(name);
    }
    for (const name of erased) connection.run('DELETE FROM text WHERE key = ?', name);
    connection.database.exec('COMMIT');
    return left;
  }

  it.each([1, 4])('are overwritten once more: they may have got the octets of others (seed %i)', (seed) => {
    const random = seededRandom(seed);
    const key = () => Buffer.from(random.bytes(16)).toString('hex');
    const own = mkdtempSync(join(directory, 'own-'));
    const connection = openForWriting(own);
    const left = rowsLeft(connection, key);
    const erasure = new Erasure({
      connection,
      group: new GroupCommit(connection, () => undefined),
      directory: own,
      pagesAtOnce: 10,
    });
    let steps = 0;
    for (; erasure.overwriteSome() === 'more'; steps += 1) {
      connection.run('BEGIN');
      for (let at = 0; at < 30; at += 1) {
        connection.run('INSERT INTO text VALUES (?, ?)', key(), `new ${'y'.repeat(Math.floor(random.next() * 600))}`);
        connection.run(
          'DELETE FROM text WHERE key = ?',
          left.splice(Math.floor(random.next() * left.length), 1)[0] ?? '',
        );
      }
      connection.run('COMMIT');
    }
    expect(steps).toBeGreaterThan(20);
    expect(erasure.overwriteSome()).toBe('done');
    connection.close();
    erasure.close();
    expect(readFileSync(join(own, 'mailbox.db')).includes(WORD.slice(4))).toBe(false);
  });
});
