import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../node/system/clock.ts';

describe("the machine's clock", () => {
  it('wakes a sleeper at once when it is told to, and leaves no timer or listener behind', async () => {
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const stop = new AbortController();
    const asleep = systemClock.sleep(60_000, stop.signal);
    stop.abort();
    await asleep;
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).toBe(before);
  });

  it('does not sleep at all when it was told before', async () => {
    await systemClock.sleep(60_000, AbortSignal.abort());
  });

  it('wakes a sleeper whose time has come, not before', async () => {
    const early = async (ms: number) => {
      const startMs = systemClock.monotonicMs();
      await systemClock.sleep(ms, new AbortController().signal);
      return systemClock.monotonicMs() - startMs < ms;
    };
    const sleeps = Array.from({ length: 100 }, (_, at) => early(5 + at / 10));
    expect((await Promise.all(sleeps)).filter((isEarly) => isEarly)).toEqual([]);
  });

  it('tells people the time of day', () => {
    expect(Math.abs(systemClock.wallMs() - Date.now())).toBeLessThan(1_000);
  });
});
