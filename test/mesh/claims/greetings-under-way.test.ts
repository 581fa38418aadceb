import { expect, it } from 'vitest';
import { GreetingsUnderWay } from '../../../mesh/claims/greetings-under-way.ts';
import type { HostId } from '../../../mesh/names.ts';
import { GREETING_MS_MAX } from '../../../mesh/peer-silence.ts';
import { cloud, mini } from '../../support/membership-of.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

function setUp() {
  const [clock, greeted] = [new VirtualClock(), [] as HostId[]];
  const greetings = new GreetingsUnderWay(clock, (to) => greeted.push(to));
  const { promise: heard, resolve, reject } = Promise.withResolvers<void>();
  greetings.begun(cloud, heard);
  return { clock, greeted, greetings, resolve, reject };
}

it.each(['answered', 'refused'] as const)(
  'the next greeting waits until this one is %s, however often it is wanted',
  async (end) => {
    const { clock, greeted, greetings, resolve, reject } = setUp();
    expect([greetings.isToWait(cloud), greetings.isToWait(cloud)]).toEqual([true, true]);
    if (end === 'answered') resolve();
    else reject(new Error('No.'));
    await clock.settle();
    expect([greeted, greetings.isToWait(cloud)]).toEqual([[cloud], false]);
  },
);

it('and no longer than an answer is waited for', async () => {
  const { clock, greeted, greetings } = setUp();
  greetings.isToWait(cloud);
  await clock.advance(GREETING_MS_MAX - 1);
  expect(greeted).toEqual([]);
  await clock.advance(1);
  expect([greeted, greetings.isToWait(cloud)]).toEqual([[cloud], false]);
});

it('none follows that nobody wants, and no other host waits', async () => {
  const { clock, greeted, greetings, resolve } = setUp();
  expect(greetings.isToWait(mini)).toBe(false);
  resolve();
  await clock.settle();
  expect(greeted).toEqual([]);
});
