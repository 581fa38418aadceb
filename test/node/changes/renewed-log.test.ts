import { describe, expect, it } from 'vitest';
import { firstChain } from '../../../mesh/feed/chain.ts';
import { nothing, openTestLog, ownEntry } from '../../support/log-entries.ts';

describe('a log that is begun anew', () => {
  it('has another log id and no own entry, goes on with its positions, and says so to its readers', async () => {
    const { changes } = await openTestLog();
    await changes.append([ownEntry(1), ownEntry(2)], [], nothing);
    const { logId, digest } = changes.ownHead;
    const told: number[] = [];
    changes.subscribe(() => told.push(changes.ownHead.n));
    await changes.renew();
    expect(changes.logId).not.toBe(logId);
    expect([changes.ownHead, await changes.own(0, 10), changes.head, told]).toMatchObject([
      { n: 0, chain: firstChain(changes.logId), digest },
      [],
      2,
      [0],
    ]);
    await changes.append([ownEntry(3)], [], nothing);
    expect((await changes.own(0, 10))?.map(({ seq, place }) => [seq, place.n])).toEqual([[3, 1]]);
    expect(await changes.read(0, 10)).toHaveLength(3);
  });

  it.each([0, 1, 2, 3])(
    'is the old one or the new one after a crash, with appends on both sides (%i on the disk)',
    async (reached) => {
      const { changes, store } = await openTestLog();
      await changes.append([ownEntry(1)], [], nothing);
      const { logId } = changes;
      store.stall();
      void changes.append([ownEntry(2)], [], nothing);
      void changes.renew();
      void changes.append([ownEntry(3)], [], nothing);
      const again = await openTestLog({ disk: store.crash(reached), seed: 2 });
      const isNew = again.changes.logId !== logId;
      expect([isNew, again.changes.ownHead.n, again.changes.head]).toEqual(
        [
          [false, 1, 1],
          [false, 2, 2],
          [true, 0, 2],
          [true, 1, 3],
        ][reached],
      );
      await again.changes.append([ownEntry(4)], [], nothing);
      expect((await again.changes.own(0, 10))?.at(-1)?.place.n).toBe(again.changes.ownHead.n);
    },
  );

  it('keeps what it saved as its end, though it has no entry', async () => {
    const { changes, store } = await openTestLog();
    await changes.saveEnd();
    const again = await openTestLog({ disk: store.snapshot(), seed: 2 });
    expect(again.changes.logId).toBe(changes.logId);
  });
});
