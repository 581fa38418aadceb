// What the soak of mail takes for an answer that comes too late, and what for the machine's doing.
import { describe, expect, it } from 'vitest';
import { AnswerBound } from '../../../scripts/chaos/answer-bound.ts';

interface Took {
  readonly ms: number;
  /** Of these, ready and not run. */
  readonly waitedMs?: number;
}

/** A question that takes so long among others, and then so long by itself, one time after the other. */
async function asked(among: Took, ...alone: readonly (Took | 'never')[]) {
  const violations: string[] = [];
  let [nowMs, waitedMs] = [1_000, 500];
  const take = async (took: Took) => {
    nowMs += took.ms;
    waitedMs += took.waitedMs ?? 0;
  };
  const times = { nowMs: () => nowMs, waitedMs: () => waitedMs, mainWaitedMs: () => waitedMs };
  const bound = new AnswerBound({ add: (sentence) => violations.push(sentence) }, times);
  const tries = alone.values();
  const again = async () => {
    // Making it ready takes long, too, and does not count.
    await take({ ms: 5_000 });
    return async () => {
      const took = tries.next().value;
      if (took === 'never' || took === undefined) throw new Error('no answer');
      await take(took);
    };
  };
  await bound.answer({ name: 'mail 7', ask: () => take(among), again });
  return { violations, again: bound.again, left: [...tries] };
}

describe('an answer', () => {
  it('that comes soon is asked for once', async () => {
    expect(await asked({ ms: 2_000 }, { ms: 1 })).toEqual({
      ...{ violations: [], again: { count: 0, slowestMs: 0 }, left: [{ ms: 1 }] },
    });
  });

  it('that comes late among others is asked for by itself, and may come soon then', async () => {
    const { violations, again } = await asked({ ms: 9_000 }, { ms: 300 });
    expect([violations, again]).toEqual([[], { count: 1, slowestMs: 300 }]);
  });

  it('that comes late by itself, every time, is too late', async () => {
    const { violations } = await asked({ ms: 9_000 }, { ms: 8_000 }, { ms: 2_500 }, 'never');
    expect(violations).toEqual([
      "mail 7 took 9000 ms, and by itself 2500 ms of the node's own, in the quickest of 3 tries; it may take 2000",
    ]);
  });

  it('that comes soon once, by itself, is not', async () => {
    expect(await asked({ ms: 9_000 }, { ms: 8_000 }, { ms: 1_900 })).toMatchObject({ violations: [] });
  });

  it('does not come late because other programs ran', async () => {
    expect(await asked({ ms: 9_000, waitedMs: 7_000 })).toMatchObject({ violations: [], again: { count: 0 } });
    expect(await asked({ ms: 9_000 }, { ms: 8_000, waitedMs: 7_000 })).toMatchObject({
      ...{ violations: [], again: { count: 1, slowestMs: 1_000 } },
    });
  });

  it('that never comes by itself is too late', async () => {
    const { violations } = await asked({ ms: 9_000 }, 'never', 'never', 'never');
    expect(violations).toEqual([expect.stringContaining('by itself Infinity ms')]);
  });
});

describe('a question by itself', () => {
  it('waits until all others are answered, and those that come meanwhile wait for it', async () => {
    const steps: string[] = [];
    let nowMs = 0;
    const bound = new AnswerBound(
      { add: () => undefined },
      { nowMs: () => nowMs, waitedMs: () => 0, mainWaitedMs: () => 0 },
    );
    const gates = { other: Promise.withResolvers<void>(), alone: Promise.withResolvers<void>() };
    const begun = Promise.withResolvers<void>();
    const question = (name: string, until: Promise<void>, ms = 0) => ({
      name,
      ask: async () => {
        steps.push(`${name} begins`);
        nowMs += ms;
        await until;
        steps.push(`${name} ends`);
      },
      again: async () => async () => {
        steps.push(`${name} begins by itself`);
        begun.resolve();
        await gates.alone.promise;
        steps.push(`${name} ends by itself`);
      },
    });
    const other = bound.answer(question('other', gates.other.promise));
    const slow = bound.answer(question('slow', Promise.resolve(), 3_000));
    await Promise.resolve();
    gates.other.resolve();
    await begun.promise;
    const late = bound.answer(question('late', Promise.resolve()));
    gates.alone.resolve();
    await Promise.all([other, slow, late]);
    expect(steps).toEqual([
      ...['other begins', 'slow begins', 'slow ends', 'other ends'],
      ...['slow begins by itself', 'slow ends by itself', 'other begins by itself', 'other ends by itself'],
      ...['late begins', 'late ends'],
    ]);
  });
});
