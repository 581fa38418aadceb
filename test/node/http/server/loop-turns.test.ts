// Bursts of work, a few milliseconds of it in each turn of the event loop.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { LoopTurns, turnsOfMs } from '../../../../node/http/server/loop-turns.ts';

function busyForMs(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

it('begins what comes in a burst in order, and lets others have the event loop in between', async () => {
  const turns = new LoopTurns({ budget: turnsOfMs(10) });
  const done: string[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
    turns.begin(() => {
      busyForMs(6);
      done.push(name);
    });
  expect(done.length).toBeLessThan(4);
  let isOthersTurn = false;
  void nextTurn().then(() => {
    isOthersTurn = true;
  });
  while (done.length < 6 && !isOthersTurn) await nextTurn();
  expect(isOthersTurn).toBe(true);
  while (done.length < 6) await nextTurn();
  expect(done.join('')).toBe('abcdef');
});

it('begins single work at once', async () => {
  const turns = new LoopTurns({ budget: turnsOfMs(10) });
  let begun = 0;
  for (let at = 0; at < 3; at += 1) {
    turns.begin(() => {
      begun += 1;
    });
    expect(begun).toBe(at + 1);
    await nextTurn();
  }
});
