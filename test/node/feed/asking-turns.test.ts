import { expect, it } from 'vitest';
import {
  AskingTurns,
  FOLLOW_AGAIN_MS_MAX,
  FOLLOW_AGAIN_MS_MIN,
  type Outcome,
} from '../../../node/feed/asking-turns.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** Asks until the test ends it; says when each question was asked. */
async function take(outcome: (nth: number) => Outcome) {
  const clock = new VirtualClock();
  const turns = new AskingTurns({ clock, random: { next: () => 0.5 } });
  const stop = new AbortController();
  const askedMs: number[] = [];
  const run = async () => {
    while (!stop.signal.aborted)
      await turns.next(async () => {
        askedMs.push(clock.monotonicMs());
        return outcome(askedMs.length);
      }, stop.signal);
  };
  const ended = run();
  await clock.settle();
  const restsMs = () => askedMs.slice(1).map((ms, at) => ms - (askedMs[at] ?? 0));
  const end = () => {
    stop.abort();
    return ended;
  };
  return { clock, turns, askedMs, restsMs, end };
}

const failed: Outcome = { kind: 'failed' };

it('asks later after each failure, half a minute at most, and from the beginning after an answer', async () => {
  const { clock, restsMs, end } = await take((nth) => (nth === 10 ? { kind: 'rest', restMs: 1_000 } : failed));
  await clock.advance(200_000);
  expect(restsMs().slice(0, 11)).toEqual([
    ...[500, 1_000, 2_000, 4_000, 8_000, 16_000, FOLLOW_AGAIN_MS_MAX, FOLLOW_AGAIN_MS_MAX, FOLLOW_AGAIN_MS_MAX],
    ...[1_000, FOLLOW_AGAIN_MS_MIN],
  ]);
  await end();
});

it('asks at once when it is told to, and as if none had failed', async () => {
  const { clock, turns, askedMs, end } = await take(() => failed);
  await clock.advance(60_000);
  const before = askedMs.length;
  turns.again();
  await clock.settle();
  expect(askedMs.slice(before)).toEqual([60_000]);
  await clock.advance(FOLLOW_AGAIN_MS_MIN);
  expect(askedMs.slice(before)).toEqual([60_000, 60_000 + FOLLOW_AGAIN_MS_MIN]);
  await end();
});
