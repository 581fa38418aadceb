import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Inbox } from '../../../../node/mailbox/inbox.ts';
import { Recipients } from '../../../../node/mailbox/intake/recipients.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const INBOX: Inbox = {
  ...{ inboxId: 'a@x.com', podId: 'pod', state: 'active', agentId: 'agent', makesAgent: true, usedBytes: 0, mails: 0 },
  dmarc: 'label',
  ...{ createdAtMs: 1, updatedAtMs: 1 },
};

describe('the room on the disk', () => {
  it('is looked at once a second, however many mails come', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mailbox-'));
    const clock = new VirtualClock();
    const recipients = new Recipients({
      ...{ inboxFor: () => INBOX, serves: () => true, standingOf: async () => ({ kind: 'held' }) },
      ...{ rates: { admitsFor: () => true }, directory, clock, failed: () => undefined },
    });
    expect(await recipients.admit('a@x.com')).toEqual({ inboxId: 'a@x.com' });
    // What can't be looked at any more shows when it is looked at.
    rmSync(directory, { recursive: true });
    await clock.advance(999);
    expect(await recipients.admit('a@x.com')).toEqual({ inboxId: 'a@x.com' });
    await clock.advance(1);
    await expect(recipients.admit('a@x.com')).rejects.toThrow('ENOENT');
  });
});
