// What is forgotten when there is too much of it, and what never is before its time.
import { describe, expect, it } from 'vitest';
import { FINISHED_MESSAGES_MAX, IDEMPOTENCY_MS } from '../../../../node/send/limits.ts';
import type { Message } from '../../../../node/send/message.ts';
import { Retention } from '../../../../node/send/queue/retention.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const message = (id: string, state: Message['state'] = 'sent') => ({ id, state }) as Message;

describe('more ended messages than are kept', () => {
  it('are forgotten, but for those that a key still names, and those that wait again', async () => {
    const clock = new VirtualClock();
    const retention = new Retention(clock);
    for (let count = 0; count <= FINISHED_MESSAGES_MAX; count += 1) retention.shown(message(`m${count}`));
    expect([retention.isOver('m0', false), retention.isOver('m0', true)]).toEqual([true, false]);
    retention.shown(message('m0', 'queued'));
    expect(retention.isOver('m0', false)).toBe(false);
    await clock.advance(IDEMPOTENCY_MS);
    expect([retention.isKeyOver('m0'), retention.isKeyOver('m1')]).toEqual([false, true]);
  });

  it('are none once enough are forgotten', () => {
    const retention = new Retention(new VirtualClock());
    for (let count = 0; count <= FINISHED_MESSAGES_MAX; count += 1) retention.shown(message(`m${count}`));
    retention.forgotten('m0');
    expect(retention.isOver('m1', false)).toBe(false);
  });
});
