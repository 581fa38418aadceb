import { describe, expect, it } from 'vitest';
import { DueMessages } from '../../../../node/send/queue/due-messages.ts';

const message = (id: string, expiresMs = 1_000_000) => ({ id, expiresMs });

describe('what waits', () => {
  it('is not due because it once was', () => {
    const due = new DueMessages();
    for (const id of ['A', 'B']) due.add(message(id), 1_000);
    due.wake(1_000, () => 'agent');
    // Taken out where it stood in the list, and put in again for later: sent again by hand, then put off.
    due.remove('A');
    due.add(message('A'), 31_000);
    expect(due.peek('agent')).toBe('B');
    due.removeFirst('agent');
    expect(due.peek('agent')).toBeUndefined();
    due.wake(31_000, () => 'agent');
    expect(due.peek('agent')).toBe('A');
  });

  it('is given up when its time is over, once, wherever it stands', () => {
    const due = new DueMessages();
    due.add(message('due', 2_000), 1_000);
    due.add(message('later', 2_000), 5_000);
    due.wake(1_000, () => 'agent');
    expect([...due.removeExpired(2_000), ...due.removeExpired(2_000)].sort()).toEqual(['due', 'later']);
    expect([due.peek('agent'), due.size]).toEqual([undefined, 0]);
  });

  it('leaves nothing behind that piles up', () => {
    const due = new DueMessages();
    for (let count = 0; count < 10_000; count += 1) {
      due.add(message(`m${count}`, 10_000_000 + count), 0);
      due.remove(`m${count}`);
    }
    expect(due.nextMs()).toBe(0);
    due.wake(0, () => 'agent');
    // One of the last thousand or so at the most: those before were forgotten with their messages.
    expect(due.nextMs()).toBeGreaterThan(10_000_000 + 8_000);
  });
});
