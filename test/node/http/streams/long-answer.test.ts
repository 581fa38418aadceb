import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { longAnswer } from '../../../../node/http/streams/long-answer.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

/** An answer of `count` numbered pieces, which then waits for its end. */
function answer(count: number, more: (signal: AbortSignal) => Promise<unknown> = endOf) {
  const world = { clock: new VirtualClock(), stopping: new AbortController(), made: 0, cut: 0, ended: 0 };
  const failures: unknown[] = [];
  const { clock, stopping } = world;
  async function* pieces(signal: AbortSignal) {
    for (; world.made < count; ) {
      world.made += 1;
      yield Uint8Array.of(world.made);
    }
    await more(signal);
  }
  const cut = () => {
    world.cut += 1;
  };
  const ended = () => {
    world.ended += 1;
  };
  const failed = (error: unknown) => failures.push(error);
  const stream = longAnswer({ pieces, clock, stopping: stopping.signal, cut, failed, ended });
  return Object.assign(world, { failures, reader: stream.getReader() });
}

function endOf(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', resolve);
    if (signal.aborted) resolve(undefined);
  });
}

describe('an answer without an end', () => {
  it('makes a piece when it is asked for, and none in advance', async () => {
    const state = answer(5);
    await state.clock.settle();
    expect(state.made).toBe(0);
    await state.reader.read();
    expect(await state.reader.read()).toEqual({ done: false, value: Uint8Array.of(2) });
    await state.clock.settle();
    expect(state.made).toBe(2);
  });

  it('cuts the connection of a client that takes nothing for 20 s', async () => {
    const state = answer(5);
    await state.reader.read();
    await state.clock.advance(19_999);
    await state.reader.read();
    await state.clock.advance(19_999);
    expect(state.cut).toBe(0);
    await state.clock.advance(1);
    expect(state.cut).toBe(1);
  });

  it('has all the time there is while there is nothing to take', async () => {
    const state = answer(1);
    await state.reader.read();
    void state.reader.read();
    await state.clock.advance(100_000);
    expect([state.cut, state.ended]).toEqual([0, 0]);
  });

  it.each([
    ['between two pieces', false],
    ['that waits for one', true],
  ])('stops making pieces for a client that leaves, one %s', async (_, waits) => {
    const state = answer(1);
    await state.reader.read();
    if (waits) void state.reader.read();
    await state.clock.settle();
    await state.reader.cancel();
    await state.clock.advance(100_000);
    expect([state.cut, state.ended, state.clock.sleepers]).toEqual([0, 1, 0]);
    expect(getEventListeners(state.stopping.signal, 'abort')).toEqual([]);
  });

  it('ends at a stop', async () => {
    const state = answer(1);
    await state.reader.read();
    const last = state.reader.read();
    state.stopping.abort();
    expect(await last).toEqual({ done: true, value: undefined });
    expect(state.ended).toBe(1);
  });

  it('at a stop cuts the connection of a client that takes nothing, soon and once', async () => {
    const state = answer(5);
    await state.reader.read();
    await state.clock.settle();
    state.stopping.abort();
    await state.clock.advance(499);
    expect(state.cut).toBe(0);
    await state.clock.advance(1);
    expect(state.cut).toBe(1);
    await state.clock.advance(100_000);
    expect([state.cut, state.clock.sleepers]).toEqual([1, 0]);
  });

  it('at a stop lets a client that takes its piece have it, and the end', async () => {
    const state = answer(1);
    await state.reader.read();
    state.stopping.abort();
    await state.clock.advance(400);
    await state.reader.read();
    await state.clock.advance(100_000);
    expect([state.cut, state.ended]).toEqual([0, 1]);
  });

  it('ends when no more can be made, and says why', async () => {
    const fault = new Error('The disk is gone.');
    const state = answer(1, () => Promise.reject(fault));
    await state.reader.read();
    expect(await state.reader.read()).toEqual({ done: true, value: undefined });
    expect([state.failures, state.ended]).toEqual([[fault], 1]);
  });
});
