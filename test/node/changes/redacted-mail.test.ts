// What the log tells of mail from an address, when nothing of what that said is to be kept.
import { describe, expect, it } from 'vitest';
import type { EmailEntry } from '../../../node/changes/change-log.ts';
import { LOG_TAIL_ENTRIES_MAX } from '../../../node/changes/log-tail.ts';
import type { NewEntry } from '../../../node/changes/stored-change-log.ts';
import { mailEntry, nothing, openTestLog, ownEntry } from '../../support/log-entries.ts';

const SUBJECT = 'Sesquipedalian';
const FROM = 'gone@x.com';

const mailFrom = (sequence: number, from: string): NewEntry => {
  const entry = mailEntry(sequence) as EmailEntry;
  const recipients = [{ address: `${SUBJECT}@y.com`, state: 'sent', code: 250 }];
  return { ...entry, email: { ...entry.email, email_id: `e${sequence}`, from, subject: SUBJECT, recipients } };
};

describe('mail from an address, in the log', () => {
  it('keeps that it was sent, and nothing of what it said or whom it was for; all else stays', async () => {
    const { changes, store } = await openTestLog();
    await changes.append([mailFrom(1, FROM), ownEntry(2), mailFrom(3, 'kept@x.com'), mailFrom(4, FROM)], [], nothing);
    const before = await changes.read(0, 10);
    await changes.redactMail(FROM);
    const read = await changes.read(0, 10);
    const redacted = (at: number) => ({
      ...before[at],
      email: { ...(before[at] as EmailEntry).email, subject: '', recipients: [] },
    });
    expect(read).toEqual([redacted(0), before[1], before[2], redacted(3)]);
    const { changes: reopened } = await openTestLog({ store });
    expect(await reopened.read(0, 10)).toEqual(read);
    expect(await reopened.own(0, 10)).toEqual([before[1]]);
    const disk = JSON.stringify([...store.snapshot()].filter(([, text]) => text.includes(FROM)));
    expect(disk).not.toContain(SUBJECT);
  });

  it('is found however far back it is, and is not brought back where it was trimmed', async () => {
    const { changes, store } = await openTestLog();
    await changes.append([mailFrom(1, FROM), mailFrom(2, FROM)], [], nothing);
    const others = Array.from({ length: 2 * LOG_TAIL_ENTRIES_MAX + 1 }, (_, at) => ownEntry(at + 3));
    await changes.append(others, [], nothing);
    const [first] = await changes.read(0, 1);
    if (first === undefined) throw new Error('The log is empty.');
    const redacting = changes.redactMail(FROM);
    await changes.forget([first]);
    await redacting;
    expect(await changes.read(0, 1)).toMatchObject([{ seq: 2, email: { subject: '', recipients: [] } }]);
    expect([...store.snapshot().values()].filter((text) => text.includes(FROM)).length).toBe(1);
  });
});
