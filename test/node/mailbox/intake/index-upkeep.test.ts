import { describe, expect, it } from 'vitest';
import { IndexUpkeep } from '../../../../node/mailbox/intake/index-upkeep.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

/** An index that so many transactions bring up to date, each of which takes so long. */
const indexOf = (steps: number, stepMs: number) => {
  const clock = new VirtualClock();
  let done = 0;
  const indexSome = async () => {
    await clock.advance(stepMs);
    done += 1;
    return done < steps ? ('new' as const) : undefined;
  };
  const upkeep = new IndexUpkeep({ indexSome, purgeSome: async () => false, clock, failed: () => undefined });
  return { upkeep, done: () => done };
};

describe('whoever searches', () => {
  it('waits until all mails are in the index where that is soon, however many transactions it takes', async () => {
    const { upkeep, done } = indexOf(90, 10);
    expect(await upkeep.catchUp()).toBe(true);
    expect(done()).toBe(90);
  });

  it('waits a second, and hears that some are not', async () => {
    const { upkeep, done } = indexOf(90, 300);
    expect(await upkeep.catchUp()).toBe(false);
    expect(done()).toBe(4);
  });
});
