// Who waits for the end of a message, and when the wait is over.
import { describe, expect, it } from 'vitest';
import { isFinal, MESSAGE_STATES, type Message } from '../../../../node/send/message.ts';
import { Watchers } from '../../../../node/send/queue/watchers.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const WAIT_MS = 30_000;
const shown = (id: string, state: Message['state']) => ({ id, state }) as Message;

function watch(signal = new AbortController().signal) {
  const clock = new VirtualClock();
  const watchers = new Watchers(clock);
  const told: string[] = [];
  const wait = (id: string, name = id) => {
    void watchers.wait(id, WAIT_MS, signal).then(() => told.push(name));
  };
  return { clock, watchers, told, wait };
}

describe('who waits for a message', () => {
  it.each(MESSAGE_STATES)('hears of it when it is %s, if that is final', async (state) => {
    const { clock, watchers, told, wait } = watch();
    wait('m1');
    watchers.shown(shown('m2', state));
    await clock.advance(0);
    expect(told).toEqual([]);
    watchers.shown(shown('m1', state));
    await clock.advance(0);
    expect(told).toEqual(isFinal(state) ? ['m1'] : []);
  });

  it('is told with everybody who waits for it', async () => {
    const { clock, watchers, told, wait } = watch();
    wait('m1', 'one');
    wait('m1', 'other');
    await clock.advance(0);
    watchers.shown(shown('m1', 'sent'));
    await clock.advance(0);
    expect(told.sort()).toEqual(['one', 'other']);
  });

  it('waits no longer than was said, and those who came later go on', async () => {
    const { clock, watchers, told, wait } = watch();
    wait('m1', 'one');
    await clock.advance(WAIT_MS - 1);
    wait('m1', 'other');
    await clock.advance(1);
    expect(told).toEqual(['one']);
    watchers.shown(shown('m1', 'sent'));
    await clock.advance(0);
    expect(told).toEqual(['one', 'other']);
  });

  it('is let go when it leaves', async () => {
    const stop = new AbortController();
    const { clock, told, wait } = watch(stop.signal);
    wait('m1');
    stop.abort();
    await clock.advance(0);
    expect(told).toEqual(['m1']);
  });

  it('that has left before it begins does not wait', async () => {
    const { clock, told, wait } = watch(AbortSignal.abort());
    wait('m1');
    await clock.advance(0);
    expect(told).toEqual(['m1']);
  });

  it('is let go when the node stops, and nobody waits after that', async () => {
    const { clock, watchers, told, wait } = watch();
    wait('m1');
    watchers.close();
    wait('m2');
    await clock.advance(0);
    expect(told.sort()).toEqual(['m1', 'm2']);
  });
});
