import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importMails } from '../../../../node/mailbox/intake/import.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const A = 'a@x.com';
const MAILS = 50;

let directory: string;
let writer: Writer;
let path: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-import-'));
  const made = { random: seededRandom(1), nowMs: 500, hostId: 'mac', chooseThread, baseSubject };
  writer = await Writer.open({ ...made, directory });
  await writer.beginInbox({ inboxId: A, makesAgent: true, atMs: 1 });
  await writer.activateInbox({ inboxId: A, agentId: 'agent', atMs: 2 });
  path = join(directory, 'old.mbox');
  const mail = (at: number) =>
    `From jane@y.com Sun Nov  8 09:05:07 2020\nFrom: jane@y.com\nMessage-ID: <${at}@y.com>\n\nMail ${at}.\n\n`;
  writeFileSync(path, Array.from({ length: MAILS }, (_, at) => mail(at)).join(''));
});

afterEach(() => {
  writer.close();
  rmSync(directory, { recursive: true });
});

/** `slowMs`: how long the machine takes from one look at the clock to the next. */
const importFrom = async (from: number, slowMs: number) => {
  let ms = 0;
  const monotonicMs = () => {
    ms += slowMs;
    return ms;
  };
  const clock = { wallMs: () => 1_700_000_000_000, monotonicMs };
  const some = await importMails({ inboxId: A, path, from, isUnread: false }, { writer, clock, hostId: 'mac' });
  if (some === 'many') throw new Error('These are not many.');
  return some;
};
const idsOf = ({ results }: Awaited<ReturnType<typeof importFrom>>) =>
  results.map((one) => (one.status === 'stored' ? one.messageId : one.status));
const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `<${from + at}@y.com>`);

describe('mails of an archive', () => {
  it('are put in at once where the machine has time', async () => {
    const all = await importFrom(0, 1);
    expect([idsOf(all), all.isWhole]).toEqual([ids(0, MAILS), true]);
  });

  it('are put in some at a time where it has not, each once, and whoever asks hears how far it is', async () => {
    const told: string[] = [];
    let isWhole = false;
    let turns = 0;
    while (!isWhole) {
      const some = await importFrom(told.length, 10_000);
      expect(some.results.length).toBeLessThan(MAILS);
      told.push(...idsOf(some));
      turns += 1;
      isWhole = some.isWhole;
    }
    expect(told).toEqual(ids(0, MAILS));
    expect(turns).toBe(3);
  });
});
