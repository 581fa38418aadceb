import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  afterMs,
  startDeadline,
  unlessAborted,
  untilAborted,
  withDeadline,
  withinMs,
} from '../../../mesh/time/deadline.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const silent = () => new Error('too late');
const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;
const never = () => new Promise<never>(() => undefined);

describe('what is done after a while', () => {
  it('is done then and not before, once', async () => {
    const clock = new VirtualClock();
    let count = 0;
    afterMs(clock, 100, () => (count += 1));
    await clock.advance(99);
    expect(count).toBe(0);
    await clock.advance(1_000);
    expect([count, clock.sleepers]).toEqual([1, 0]);
  });

  it('is not done once it is called off, and nobody stays asleep', async () => {
    const clock = new VirtualClock();
    const callOff = afterMs(clock, 100, () => expect.unreachable());
    callOff();
    await clock.advance(200);
    expect(clock.sleepers).toBe(0);
  });
});

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

describe.each([
  ['until a signal aborts', untilAborted],
  [
    'unless a signal aborts',
    (signal: AbortSignal, promise: Promise<unknown>) => unlessAborted(signal, promise, 'silent'),
  ],
])('waiting for a promise %s', (_, wait) => {
  it.each([
    ['is fulfilled', () => Promise.resolve('heard')],
    ['is rejected', () => Promise.reject(new Error('broken'))],
  ])('leaves nothing on a signal that lives on, when the promise %s', async (_how, promise) => {
    const { signal } = new AbortController();
    const waiting = wait(signal, promise());
    expect(listenersOf(signal)).toBe(1);
    await waiting.catch(() => undefined);
    await Promise.resolve();
    expect(listenersOf(signal)).toBe(0);
  });
});

describe('a deadline that is started', () => {
  const start = (clock: VirtualClock, ...signals: AbortSignal[]) =>
    startDeadline({ clock, ms: 100, signals, silent: (end) => new Error(end) });

  it('aborts its signal when it is late, and says so', async () => {
    const clock = new VirtualClock();
    using deadline = start(clock);
    await clock.advance(99);
    expect([deadline.end, deadline.signal.aborted]).toEqual([undefined, false]);
    await clock.advance(1);
    expect([deadline.end, deadline.signal.reason]).toEqual(['late', new Error('late')]);
  });

  it('aborts its signal when another one aborts, and is not late afterwards', async () => {
    const clock = new VirtualClock();
    const stop = new AbortController();
    using deadline = start(clock, stop.signal);
    stop.abort();
    expect([deadline.end, deadline.signal.reason]).toEqual(['cut', new Error('cut')]);
    await clock.advance(200);
    expect(deadline.end).toBe('cut');
  });

  it('has ended from the beginning when any signal has aborted before, and sleeps for nothing', () => {
    const clock = new VirtualClock();
    using deadline = start(clock, new AbortController().signal, AbortSignal.abort());
    expect([deadline.end, deadline.signal.aborted, clock.sleepers]).toEqual(['cut', true, 0]);
  });

  it('ends nothing once it is disposed of, and leaves nobody asleep', async () => {
    const clock = new VirtualClock();
    const stop = new AbortController();
    const deadline = start(clock, stop.signal);
    deadline[Symbol.dispose]();
    expect([clock.sleepers, listenersOf(stop.signal)]).toEqual([0, 0]);
    stop.abort();
    await clock.advance(200);
    expect([deadline.end, deadline.signal.aborted]).toEqual([undefined, false]);
  });
});

describe('waiting for a promise unless a signal aborts', () => {
  it('gives its outcome, or what stands for it', async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(signal, Promise.resolve('heard'), 'silent')).toBe('heard');
    await expect(unlessAborted(signal, Promise.reject(new Error('broken')), 'silent')).rejects.toThrow('broken');
    expect(await unlessAborted<string>(AbortSignal.abort(), never(), 'silent')).toBe('silent');
    const later = new AbortController();
    const waiting = unlessAborted<string>(later.signal, never(), 'silent');
    later.abort();
    expect(await waiting).toBe('silent');
  });
});

describe('waiting for a promise within a time', () => {
  it('gives its outcome in time, and leaves nobody asleep', async () => {
    const clock = new VirtualClock();
    expect(await withinMs(clock, 100, Promise.resolve('confirmed'), 'pending')).toBe('confirmed');
    const failing = withinMs(clock, 100, Promise.reject(new Error('broken')), 'pending');
    await expect(failing).rejects.toThrow('broken');
    expect(clock.sleepers).toBe(0);
  });

  it('gives what stands for it at its time and not before, and drops what comes later', async () => {
    const clock = new VirtualClock();
    const late = Promise.withResolvers<string>();
    const outcomes: string[] = [];
    const waiting = withinMs(clock, 100, late.promise, 'pending').then((how) => outcomes.push(how));
    await clock.advance(99);
    expect(outcomes).toEqual([]);
    await clock.advance(1);
    await waiting;
    late.reject(new Error('nobody hears of it'));
    await clock.settle();
    expect(outcomes).toEqual(['pending']);
  });
});
