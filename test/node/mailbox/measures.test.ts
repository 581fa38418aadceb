import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { mailboxFigures } from '../../../node/mailbox/measures.ts';
import { Receipts } from '../../../node/mailbox/store/receipts.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const ANSWERS = {
  waitingMails: { unread: 5, queueDepth: 3 },
  draftCounts: { open: 2, scheduled: 1, sending: 0, failed: 4 },
};

/** What each figure reads, by its name. */
async function read(ask: () => Promise<unknown>): Promise<Readonly<Record<string, unknown>>> {
  const query = { ask: (async (kind: string) => (await ask()) && ANSWERS[kind as keyof typeof ANSWERS]) as never };
  const figures = mailboxFigures({ intake: { ask: ask as never }, query, waiting: () => 2, clock: new VirtualClock() });
  return Object.fromEntries(await Promise.all(figures.map(async (figure) => [figure.name, await figure.read()])));
}

describe('the measures of the mailbox', () => {
  it('are inboxes, and mails by class', async () => {
    const receipts = new Receipts();
    receipts.note([
      { inboxId: 'a@x.com', status: 'stored', mailClass: 'received' },
      { inboxId: 'b@x.com', status: 'stored', mailClass: 'spam' },
      { inboxId: 'c@x.com', status: 'duplicate' },
    ]);
    expect(
      await read(async () => ({
        inboxes: 3,
        receipts: receipts.counts(),
        outcomes: [['bounced', 2]],
        ended: [['done', 5]],
        leased: 1,
      })),
    ).toEqual({
      mesh_mailbox_up: 1,
      mesh_inboxes: 3,
      mesh_mailbox_receipts_total: [
        ['received', 1],
        ['spam', 1],
        ['blocked', 0],
        ['unauthenticated', 0],
      ],
      mesh_mailbox_outcomes_total: [['bounced', 2]],
      mesh_mailbox_work_total: [['done', 5]],
      mesh_mailbox_leased: 1,
      mesh_mailbox_unread: 5,
      mesh_mailbox_queue_depth: 3,
      mesh_mailbox_drafts: [
        ['open', 2],
        ['scheduled', 1],
        ['sending', 0],
        ['failed', 4],
      ],
      mesh_mailbox_waiting: 2,
    });
  });

  it('say that the worker is away, and hold up no other measure', async () => {
    const away = () => Promise.reject(new MeshError('overloaded', 'The worker is away.'));
    expect(await read(away)).toEqual({
      mesh_mailbox_up: 0,
      mesh_inboxes: Number.NaN,
      mesh_mailbox_receipts_total: [],
      mesh_mailbox_outcomes_total: [],
      mesh_mailbox_work_total: [],
      mesh_mailbox_leased: Number.NaN,
      mesh_mailbox_unread: Number.NaN,
      mesh_mailbox_queue_depth: Number.NaN,
      mesh_mailbox_drafts: [],
      mesh_mailbox_waiting: 2,
    });
  });
});
