// What is erased when its time is over, and that nothing else is, on a real database.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { Keeper } from '../../../../node/mailbox/flow/keeper.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../../../../node/mailbox/questions.ts';
import { DAY_MS, HIDDEN_MS_MAX } from '../../../../node/mailbox/retention.ts';
import { type Connection, openForReading } from '../../../../node/mailbox/store/database.ts';
import { outdatedMails } from '../../../../node/mailbox/store/outdated.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { type MailWish, receivedMail } from '../../../support/mails.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const [A, B] = ['a@x.com', 'b@x.com'];

let directory: string;
let writer: Writer;
let reading: Connection;
let clock: VirtualClock;
let log: RecordingLog;
let stored: number;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-'));
  const made = { random: seededRandom(1), nowMs: 0, hostId: 'mac', baseSubject: () => undefined };
  writer = await Writer.open({ ...made, directory, chooseThread: () => undefined });
  for (const inboxId of [A, B]) {
    await writer.beginInbox({ inboxId, makesAgent: true, atMs: 1 });
    await writer.activateInbox({ inboxId, agentId: 'agent', atMs: 2 });
  }
  reading = openForReading(directory);
  clock = new VirtualClock();
  log = new RecordingLog();
  stored = 0;
});

afterEach(() => {
  reading.close();
  writer.close();
  rmSync(directory, { recursive: true });
});

/** Stores a mail of that age. */
const receive = async (to: string, ageMs: number, wish: MailWish = {}) => {
  stored += 1;
  const headerId = `<${stored}@y.com>`;
  await writer.store(
    receivedMail({ to: [to], atMs: clock.wallMs() - ageMs, ...wish, content: { headerId, ...wish.content } }),
  );
  return headerId;
};
const left = () =>
  reading.all<{ message_id: string }>('SELECT message_id FROM message ORDER BY row').map((row) => row.message_id);

const keeperOf = (retentionDays?: number) => {
  const intake = { ask: async (_kind: string, question: never) => writer.eraseMails(question) };
  const query = { ask: async (_kind: string, question: never) => outdatedMails(reading, question) };
  return new Keeper({
    ...{ intake: intake as unknown as Asks<IntakeQuestions>, query: query as unknown as Asks<QueryQuestions> },
    ...{ retentionDays, clock, log },
  });
};
const GOES_ON = new AbortController().signal;

describe('mail that was being deleted when the process ended', () => {
  it('is erased, and nothing else', async () => {
    const [kept] = [await receive(A, 0), await receive(A, 0), await receive(B, 0)];
    const database = new DatabaseSync(join(directory, 'mailbox.db'));
    database.exec('INSERT INTO erasing SELECT row FROM message WHERE row > 1');
    database.close();
    await keeperOf().eraseOutdated(GOES_ON);
    expect(left()).toEqual([kept]);
    expect(reading.all('SELECT * FROM erasing')).toEqual([]);
  });
});

describe('mail that is old', () => {
  it('is kept for good where nobody has said otherwise', async () => {
    const id = await receive(A, 9_000 * DAY_MS);
    await keeperOf().eraseOutdated(GOES_ON);
    expect(left()).toEqual([id]);
  });

  it('is erased after the days of its host, or of its inbox, with its octets in every file', async () => {
    const word = 'sesquipedalian';
    await writer.changeSettings({ inboxId: B, retentionDays: 100, atMs: 3 });
    await receive(A, 31 * DAY_MS, { content: { text: word }, raw: `${word}\r\n` });
    const young = await receive(A, 29 * DAY_MS);
    const kept = await receive(B, 31 * DAY_MS);
    await receive(B, 101 * DAY_MS);
    await keeperOf(30).eraseOutdated(GOES_ON);
    expect(left()).toEqual([young, kept]);
    expect(reading.all('SELECT count(*) AS count FROM thread')).toEqual([{ count: 2 }]);
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name));
    expect(files.filter((path) => statSync(path).isFile() && readFileSync(path).includes(word))).toEqual([]);
    const used = reading.all<{ used_bytes: number; size: number }>(
      'SELECT used_bytes, (SELECT sum(size) FROM message WHERE inbox = inbox.row) AS size FROM inbox ORDER BY row',
    );
    expect(used.map((row) => row.used_bytes)).toEqual(used.map((row) => row.size));
    expect(log.named('mailbox.outdated_erased').map(({ fields }) => fields)).toEqual([{ mails: 2 }]);
  });

  it('is erased in the trash and in quarantine after 30 days there, however old it is', async () => {
    const delivery = { mailClass: 'spam' } as const;
    const [seen, trashed, spam] = [
      await receive(A, HIDDEN_MS_MAX),
      await receive(A, 2 * HIDDEN_MS_MAX),
      await receive(A, 0, { delivery }),
    ];
    const change = { add: ['trash'], remove: [], required: [], excluded: [], atMs: clock.wallMs() };
    await writer.changeLabels({ meant: { inboxId: A, messageId: trashed }, change });
    await clock.advance(HIDDEN_MS_MAX);
    await keeperOf().eraseOutdated(GOES_ON);
    expect(left()).toEqual([seen, trashed, spam]);
    await clock.advance(1);
    await keeperOf().eraseOutdated(GOES_ON);
    expect(left()).toEqual([seen]);
  });

  it('stays when somebody takes it out of the trash, or its inbox is to keep it, just as it is to go', async () => {
    await writer.changeSettings({ inboxId: B, retentionDays: 1, atMs: 3 });
    const change = { required: [], excluded: [], atMs: clock.wallMs() };
    const trashed = await receive(A, 0);
    const meant = { inboxId: A, messageId: trashed };
    await writer.changeLabels({ meant, change: { ...change, add: ['trash'], remove: [] } });
    const old = await receive(B, 2 * DAY_MS);
    await clock.advance(HIDDEN_MS_MAX + 1);
    const ask = async (_kind: string, question: { readonly rows: readonly number[]; readonly nowMs: number }) => {
      await writer.changeLabels({ meant, change: { ...change, atMs: clock.wallMs(), add: [], remove: ['trash'] } });
      await writer.changeSettings({ inboxId: B, retentionDays: 3_650, atMs: clock.wallMs() });
      await writer.eraseMails(question);
    };
    const query = { ask: async (_kind: string, question: never) => outdatedMails(reading, question) };
    const parts = {
      intake: { ask } as unknown as Asks<IntakeQuestions>,
      query: query as unknown as Asks<QueryQuestions>,
    };
    await new Keeper({ ...parts, retentionDays: undefined, clock, log }).eraseOutdated(GOES_ON);
    expect(left()).toEqual([trashed, old]);
  });

  it('goes some at a time until none is left', async () => {
    for (let count = 0; count < 250; count += 1) await receive(A, 2 * DAY_MS, { raw: `mail ${count}` });
    await keeperOf(1).eraseOutdated(GOES_ON);
    expect(left()).toEqual([]);
  });

  it('waits an hour where the mailbox does not answer, and is looked for each hour', async () => {
    const stop = new AbortController();
    let asked = 0;
    const query = {
      ask: async () => {
        asked += 1;
        throw new MeshError('overloaded', 'The mailbox is out of order.');
      },
    };
    const parts = { intake: {} as Asks<IntakeQuestions>, query: query as unknown as Asks<QueryQuestions> };
    const running = new Keeper({ ...parts, retentionDays: 1, clock, log }).run(stop.signal);
    await clock.advance(3_660_000);
    stop.abort();
    await running;
    expect(asked).toBe(2);
    expect(log.events.map(({ event }) => event)).toEqual(['mailbox.keeping_waits', 'mailbox.keeping_waits']);
  });
});

describe('what is blocked for a while', () => {
  it('is no more when that is over, at the next look', async () => {
    const endsAtMs = clock.wallMs() + 70_000;
    const made = { reason: 'bounced', isReadOnly: true, endsAtMs, atMs: clock.wallMs() };
    const name = { entry: 'jane@y.com', key: 'jane@y.com', entryType: 'email' } as const;
    await writer.write(() => writer.lists.block(A, name, made));
    const intake = { ask: async (_kind: 'endBlocks', nowMs: number) => writer.lists.endBlocks(nowMs) };
    const query = { ask: async () => [] };
    const stop = new AbortController();
    const parts = {
      intake: intake as unknown as Asks<IntakeQuestions>,
      query: query as unknown as Asks<QueryQuestions>,
    };
    const running = new Keeper({ ...parts, retentionDays: undefined, clock, log }).run(stop.signal);
    const entries = () => reading.all('SELECT entry FROM list_entry');
    await clock.advance(60_000);
    expect(entries()).toHaveLength(1);
    await clock.advance(3_600_000);
    expect(entries()).toEqual([]);
    stop.abort();
    await running;
  });
});

describe('a file of a raw mail', () => {
  it('that no row names is swept away, and that of a mail stays, also of one that is just coming in', async () => {
    const [named, lost, coming] = ['ab', 'cd', 'ef'].map((digits) => digits.repeat(32)) as [string, string, string];
    const pathOf = (digest: string) => join(directory, 'raw', digest.slice(0, 2), digest);
    const spool = () => {
      const path = writer.files.spoolPath();
      writeFileSync(path, 'octets');
      return path;
    };
    await writer.files.keep(spool(), named);
    const mail = receivedMail({ to: [A] });
    await writer.store({ ...mail, raw: { digest: named, size: 6 } });
    await writer.files.keep(spool(), coming);
    mkdirSync(join(directory, 'raw', 'cd'));
    writeFileSync(pathOf(lost), 'octets');
    await writer.sweepFiles(GOES_ON);
    expect([named, lost, coming].map((digest) => existsSync(pathOf(digest)))).toEqual([true, false, true]);
  });
});
