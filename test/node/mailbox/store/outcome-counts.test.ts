import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EventDetail } from '../../../../node/mailbox/event.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

describe('what was told of mails that were sent', () => {
  it('is counted when it is kept, and goes on when it is trimmed', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'outcome-counts-'));
    const parts = { random: seededRandom(1), nowMs: 500, hostId: 'mac', chooseThread, baseSubject };
    const writer = await Writer.open({ ...parts, directory: directory.path });
    using _closed = { [Symbol.dispose]: () => writer.close() };
    await writer.beginInbox({ inboxId: 'a@x.com', makesAgent: true, atMs: 1 });
    await writer.activateInbox({ inboxId: 'a@x.com', agentId: 'agent', atMs: 2 });
    await writer.store(receivedMail({ raw: 'mail' }));
    const append = (detail: EventDetail) => writer.events.append(1, detail, 7);
    await writer.write(() => append({ type: 'message.sent', recipients: ['b@y.com'] }));
    const failed = writer.write(() => {
      append({ type: 'message.sent', recipients: ['b@y.com'] });
      throw new Error('no room');
    });
    await expect(failed).rejects.toThrow('no room');
    await writer.write(() => writer.events.trim({ nowMs: Number.MAX_SAFE_INTEGER, relayedRow: 100 }));
    await writer.write(() => append({ type: 'message.rejected', reason: 'No.' }));
    await writer.write(() => append({ type: 'message.sent', recipients: ['c@y.com'] }));
    expect(Object.fromEntries(writer.events.outcomes.counts())).toEqual({
      ...{ sent: 2, delivered: 0, bounced: 0, complained: 0, rejected: 1 },
    });
  });
});
