import { describe, expect, it } from 'vitest';
import { watchSteps } from '../../../mesh/time/clock-steps.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

function watched() {
  const clock = new VirtualClock();
  const steps: number[] = [];
  return { clock, steps, watching: watchSteps(clock, (byMs) => steps.push(byMs)) };
}

describe('a wall clock that is watched', () => {
  it.each([
    ['goes on', 0, []],
    ['is slewed', 999, []],
    ['is slewed back', -999, []],
    ['is set forth', 1_000, [1_000]],
    ['is set back', -3_600_000, [-3_600_000]],
  ])('%s', async (_, byMs, told) => {
    const { clock, steps, watching } = watched();
    await clock.advance(60_000);
    clock.setWall(byMs);
    expect(watching.wallMs()).toBe(clock.wallMs());
    expect(steps).toEqual(told);
  });

  it('tells each step once', () => {
    const { clock, steps, watching } = watched();
    clock.setWall(5_000);
    watching.wallMs();
    watching.wallMs();
    clock.setWall(-2_000);
    watching.wallMs();
    expect(steps).toEqual([5_000, -2_000]);
  });

  it('takes many small moves for none, however far they lead', () => {
    const { clock, steps, watching } = watched();
    for (let move = 0; move < 10; move += 1) {
      clock.setWall(500);
      watching.wallMs();
    }
    expect(steps).toEqual([]);
  });

  it('has told a step before the new time is seen', () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const watching = watchSteps(clock, () => seen.push('told'));
    clock.setWall(5_000);
    seen.push(String(watching.wallMs() - clock.wallMs()));
    expect(seen).toEqual(['told', '0']);
  });
});
