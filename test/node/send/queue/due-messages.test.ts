import { describe, expect, it } from 'vitest';
import { Waiting } from '../../../../node/send/queue/due-messages.ts';

const message = (id: string, expiresMs = 1_000_000) => ({ id, expiresMs });

describe('what waits', () => {
  it('is not due because it once was', () => {
    const waiting = new Waiting();
    for (const id of ['A', 'B']) waiting.add(message(id), 1_000);
    waiting.wake(1_000, () => 'agent');
    // Taken out where it stood in the list, and put in again for later: sent again by hand, then put off.
    waiting.remove('A');
    waiting.add(message('A'), 31_000);
    expect(waiting.peek('agent')).toBe('B');
    waiting.take('agent');
    expect(waiting.peek('agent')).toBeUndefined();
    waiting.wake(31_000, () => 'agent');
    expect(waiting.peek('agent')).toBe('A');
  });

  it('is given up when its time is over, once, wherever it stands', () => {
    const waiting = new Waiting();
    waiting.add(message('due', 2_000), 1_000);
    waiting.add(message('later', 2_000), 5_000);
    waiting.wake(1_000, () => 'agent');
    expect([...waiting.takeExpired(2_000), ...waiting.takeExpired(2_000)].sort()).toEqual(['due', 'later']);
    expect([waiting.peek('agent'), waiting.size]).toEqual([undefined, 0]);
  });

  it('leaves nothing behind that piles up', () => {
    const waiting = new Waiting();
    for (let count = 0; count < 10_000; count += 1) {
      waiting.add(message(`m${count}`, 10_000_000 + count), 0);
      waiting.remove(`m${count}`);
    }
    expect(waiting.nextMs()).toBe(0);
    waiting.wake(0, () => 'agent');
    // One of the last thousand or so at the most: those before were forgotten with their messages.
    expect(waiting.nextMs()).toBeGreaterThan(10_000_000 + 8_000);
  });
});
