import { describe, expect, it } from 'vitest';
import { untilAborted, withDeadline } from '../../../mesh/time/deadline.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const silent = () => new Error('too late');
const never = () => new Promise<never>(() => undefined);

describe('a deadline', () => {
  it('gives the outcome of work that ends in time, and leaves nobody asleep', async () => {
    const clock = new VirtualClock();
    expect(await withDeadline({ clock, ms: 100, signals: [], silent }, async () => 'done')).toBe('done');
    expect(clock.sleepers).toBe(0);
  });

  it('passes on how work fails, and leaves nobody asleep', async () => {
    const clock = new VirtualClock();
    const work = withDeadline({ clock, ms: 100, signals: [], silent }, () => Promise.reject(new Error('broken')));
    await expect(work).rejects.toThrow('broken');
    expect(clock.sleepers).toBe(0);
  });

  it('ends work that never does, at its time and not before, and tells it so', async () => {
    const clock = new VirtualClock();
    let given: AbortSignal | undefined;
    let outcome: unknown;
    const work = withDeadline({ clock, ms: 100, signals: [], silent }, (signal) => {
      given = signal;
      return never();
    }).catch((error: unknown) => {
      outcome = error;
    });
    await clock.advance(99);
    expect([outcome, given?.aborted]).toEqual([undefined, false]);
    await clock.advance(1);
    await work;
    expect([outcome, given?.aborted]).toEqual([silent(), true]);
  });

  it('is early when any of the signals aborts', async () => {
    const clock = new VirtualClock();
    const [first, second] = [new AbortController(), new AbortController()];
    const work = withDeadline({ clock, ms: 100, signals: [first.signal, second.signal], silent }, never);
    second.abort();
    await expect(work).rejects.toThrow('too late');
    expect(clock.sleepers).toBe(0);
  });

  it('does not begin the work when a signal has aborted already', async () => {
    let begun = false;
    const work = withDeadline(
      { clock: new VirtualClock(), ms: 100, signals: [AbortSignal.abort()], silent },
      async () => {
        begun = true;
      },
    );
    await expect(work).rejects.toThrow('too late');
    expect(begun).toBe(false);
  });
});

describe('waiting for a promise until a signal aborts', () => {
  it('gives its outcome, or the reason of the signal', async () => {
    const { signal } = new AbortController();
    expect(await untilAborted(signal, Promise.resolve(1))).toBe(1);
    await expect(untilAborted(signal, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(untilAborted(AbortSignal.abort(new Error('given up')), never())).rejects.toThrow('given up');
    const later = new AbortController();
    const waiting = untilAborted(later.signal, never());
    later.abort(new Error('given up later'));
    await expect(waiting).rejects.toThrow('given up later');
  });
});
