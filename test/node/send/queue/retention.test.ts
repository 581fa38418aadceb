// What is forgotten when there is too much of it, and what never is before its time.
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../../node/send/message.ts';
import { IDEMPOTENCY_MS } from '../../../../node/send/queue/idempotency.ts';
import { FAILED_ATTACHMENTS_MS, FINISHED_MS_MAX, Retention } from '../../../../node/send/queue/retention.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const message = (id: string, state: Message['state'] = 'sent') => ({ id, state }) as Message;

const FEW = { messagesMax: 3 };

describe('more ended messages than are kept', () => {
  it('are forgotten, but for those that a key still names, and those that wait again', async () => {
    const clock = new VirtualClock();
    const retention = new Retention(clock, FEW);
    for (let count = 0; count <= FEW.messagesMax; count += 1) retention.shown(message(`m${count}`));
    expect([retention.isOver('m0', false), retention.isOver('m0', true)]).toEqual([true, false]);
    retention.shown(message('m0', 'queued'));
    expect(retention.isOver('m0', false)).toBe(false);
    await clock.advance(IDEMPOTENCY_MS);
    expect([retention.isKeyOver('m0'), retention.isKeyOver('m1')]).toEqual([false, true]);
  });

  it('are none once enough are forgotten', () => {
    const retention = new Retention(new VirtualClock(), FEW);
    for (let count = 0; count <= FEW.messagesMax; count += 1) retention.shown(message(`m${count}`));
    retention.forgotten('m0');
    expect(retention.isOver('m1', false)).toBe(false);
  });
});

describe('an ended message', () => {
  it.each([
    ['a key', IDEMPOTENCY_MS, (retention: Retention) => retention.isKeyOver('m')],
    ['attachments', FAILED_ATTACHMENTS_MS, (retention: Retention) => retention.areAttachmentsOver('m')],
    ['itself', FINISHED_MS_MAX + 1, (retention: Retention) => retention.isOver('m', true)],
  ])('keeps %s for %i ms after its end', async (_, ms, isOver) => {
    const clock = new VirtualClock();
    const retention = new Retention(clock);
    retention.shown(message('m', 'failed'));
    await clock.advance(ms - 1);
    expect(isOver(retention)).toBe(false);
    await clock.advance(1);
    expect(isOver(retention)).toBe(true);
  });

  it('is as old after a restart as its last change says, and no younger for a clock that was set back', () => {
    const clock = new VirtualClock();
    const retention = new Retention(clock);
    const endedAt = (agoMs: number) => new Date(clock.wallMs() - agoMs).toISOString();
    retention.restored({ ...message('old'), updatedAt: endedAt(FINISHED_MS_MAX + 1) });
    retention.restored({ ...message('ahead'), updatedAt: endedAt(-FINISHED_MS_MAX) });
    expect([retention.isOver('old', true), retention.isOver('ahead', true)]).toEqual([true, false]);
  });
});
