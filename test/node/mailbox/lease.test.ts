import { describe, expect, it } from 'vitest';
import { ATTEMPTS_MAX, stepWork, type Work, type WorkEvent } from '../../../node/mailbox/lease.ts';
import { type LeaseTaker, LeaseWalk } from '../../support/lease-walk.ts';

const AT = 1_000_000;
const claim = (lease: string, leaseMs = 300): WorkEvent => ({
  ...{ kind: 'claim', lease, worker: 'w', newKey: `key of ${lease}`, leaseMs },
});
const extend = (lease: string): WorkEvent => ({ kind: 'extend', lease, leaseMs: 300 });
const complete = (lease: string): WorkEvent => ({ kind: 'complete', lease });
const release = (lease: string, delayMs = 0, counts = true): WorkEvent => ({ kind: 'release', lease, delayMs, counts });
const settle: WorkEvent = { kind: 'settle' };

/** What comes of the events, each at its time; the last step. */
const stepped = (...events: readonly (readonly [atMs: number, event: WorkEvent])[]) => {
  let work: Work | undefined;
  let last: ReturnType<typeof stepWork>;
  for (const [atMs, event] of events) {
    last = stepWork(work, event, AT + atMs);
    work = last?.work ?? work;
  }
  return last;
};
const stateAfter = (...events: Parameters<typeof stepped>) => stepped(...events)?.work.state ?? 'dead';

describe('the work on a mail', () => {
  it.each<readonly [string, string, Parameters<typeof stepped>]>([
    ['is held by who takes it', 'held', [[0, claim('a')]]],
    [
      'is not given to a second',
      'dead',
      [
        [0, claim('a')],
        [1, claim('b')],
      ],
    ],
    [
      'is held to the last millisecond of its lease',
      'dead',
      [
        [0, claim('a')],
        [299, claim('b')],
      ],
    ],
    [
      'is free when its lease has run out',
      'held',
      [
        [0, claim('a')],
        [300, claim('b')],
      ],
    ],
    [
      'is held longer when its lease is extended',
      'dead',
      [
        [0, claim('a')],
        [200, extend('a')],
        [499, claim('b')],
      ],
    ],
    [
      'is lost when the extension comes too late',
      'dead',
      [
        [0, claim('a')],
        [300, extend('a')],
      ],
    ],
    [
      'is done',
      'done',
      [
        [0, claim('a')],
        [1, complete('a')],
      ],
    ],
    [
      'is done once, however often that is said',
      'done',
      [
        [0, claim('a')],
        [1, complete('a')],
        [9_999, complete('a')],
      ],
    ],
    [
      'is not done by a lease that has run out',
      'dead',
      [
        [0, claim('a')],
        [300, complete('a')],
      ],
    ],
    [
      'is not done by a lease that another followed',
      'dead',
      [
        [0, claim('a')],
        [300, claim('b')],
        [301, complete('a')],
      ],
    ],
    [
      'is given back',
      'free',
      [
        [0, claim('a')],
        [1, release('a')],
      ],
    ],
    [
      'is given back once, however often that is said',
      'free',
      [
        [0, claim('a')],
        [1, release('a')],
        [2, release('a')],
      ],
    ],
    [
      'is not given back when it is done',
      'dead',
      [
        [0, claim('a')],
        [1, complete('a')],
        [2, release('a')],
      ],
    ],
    [
      'is not done when it was given back',
      'dead',
      [
        [0, claim('a')],
        [1, release('a')],
        [2, complete('a')],
      ],
    ],
    [
      'waits when it is given back for later',
      'dead',
      [
        [0, claim('a')],
        [0, release('a', 100)],
        [99, claim('b')],
      ],
    ],
    [
      'is free after that',
      'held',
      [
        [0, claim('a')],
        [0, release('a', 100)],
        [100, claim('b')],
      ],
    ],
    [
      'settles to nothing as long as it is held',
      'held',
      [
        [0, claim('a')],
        [299, settle],
      ],
    ],
    [
      'settles to a release when its lease has run out',
      'free',
      [
        [0, claim('a')],
        [300, settle],
      ],
    ],
    [
      'begins anew when it is done and taken again',
      'held',
      [
        [0, claim('a')],
        [1, complete('a')],
        [2, claim('b')],
      ],
    ],
  ])('%s', (_, state, events) => {
    expect(stateAfter(...events)).toBe(state);
  });

  it('has the labels that say how it stands', () => {
    const labels = (...events: Parameters<typeof stepped>) => {
      const { add, remove } = stepped(...events) ?? {};
      return { add, remove };
    };
    expect(labels([0, claim('a')])).toEqual({ add: ['processing'], remove: [] });
    expect(labels([0, claim('a')], [1, extend('a')])).toEqual({ add: [], remove: [] });
    expect(labels([0, claim('a')], [1, complete('a')])).toEqual({ add: ['read'], remove: ['unread', 'processing'] });
    expect(labels([0, claim('a')], [1, complete('a')], [2, complete('a')])).toEqual({ add: [], remove: [] });
    expect(labels([0, claim('a')], [1, release('a')])).toEqual({ add: [], remove: ['processing'] });
    expect(labels([0, claim('a')], [300, settle])).toEqual({ add: [], remove: ['processing'] });
  });

  it(`fails after ${ATTEMPTS_MAX} attempts, whether they were given back or ran out`, () => {
    for (const end of [
      (at: number) => [at * 1_000 + 1, release(`${at}`)],
      (at: number) => [at * 1_000 + 300, settle],
    ] as const) {
      const attempts = (count: number) =>
        Array.from(
          { length: count },
          (_, at) => [[at * 1_000, claim(`${at}`)], end(at)] as [number, WorkEvent][],
        ).flat();
      expect(stateAfter(...attempts(ATTEMPTS_MAX - 1))).toBe('free');
      const last = stepped(...attempts(ATTEMPTS_MAX));
      expect(last).toMatchObject({ work: { state: 'failed' }, add: ['failed'], remove: ['processing'] });
      // Somebody has taken the label off: it is the same work, and its attempts are counted anew.
      const again = stepped(...attempts(ATTEMPTS_MAX), [99_000, claim('late')]);
      expect(again?.work).toMatchObject({ state: 'held', attempts: 1, workKey: 'key of 0' });
    }
  });

  it('keeps its key at every attempt, and another piece of work has another', () => {
    expect(stepped([0, claim('a')], [300, claim('b')])?.work).toMatchObject({ attempts: 2, workKey: 'key of a' });
    expect(stepped([0, claim('a')], [1, complete('a')], [2, claim('b')])?.work).toMatchObject({
      ...{ attempts: 1, workKey: 'key of b' },
    });
  });

  it('counts no attempt of a worker that never heard of it', () => {
    expect(stepped([0, claim('a')], [1, release('a', 0, false)], [2, claim('b')])?.work.attempts).toBe(1);
  });

  it('is held as long as was said, and no longer, when the clock is set back under it', () => {
    const setBack = [
      [0, claim('a')],
      [-50_000, settle],
    ] as const;
    expect(stateAfter(...setBack, [-50_000 + 299, claim('b')])).toBe('dead');
    expect(stateAfter(...setBack, [-50_000 + 300, claim('b')])).toBe('held');
  });
});

/** The machine by itself: one inbox, whose mails are taken the first one first. */
class BareMachine implements LeaseTaker {
  readonly #mails = new Map<string, { work: Work | undefined; labels: Set<string> }>();
  #leases = 0;

  constructor(mails: readonly string[]) {
    for (const mail of mails) this.#mails.set(mail, { work: undefined, labels: new Set(['unread']) });
  }

  async claim(nowMs: number, leaseMs: number, worker: string) {
    for (const [mail, known] of this.#mails) {
      this.#step(mail, settle, nowMs);
      if (!known.labels.has('unread') || known.labels.has('failed')) continue;
      this.#leases += 1;
      const lease = String(this.#leases);
      const taken = this.#step(mail, { kind: 'claim', lease, worker, newKey: `key ${lease}`, leaseMs }, nowMs);
      if (taken === undefined) continue;
      const { attempts: attempt, workKey, untilMs } = taken.work;
      return { mail, lease, attempt, workKey, untilMs };
    }
    return undefined;
  }

  async extend(mail: string, lease: string, nowMs: number, leaseMs: number) {
    return this.#step(mail, { kind: 'extend', lease, leaseMs }, nowMs) !== undefined;
  }

  async complete(mail: string, lease: string, nowMs: number) {
    return this.#step(mail, { kind: 'complete', lease }, nowMs) !== undefined;
  }

  async release(mail: string, lease: string, nowMs: number, delayMs: number) {
    return this.#step(mail, { kind: 'release', lease, delayMs, counts: true }, nowMs) !== undefined;
  }

  async labelsOf(mail: string) {
    return [...(this.#mails.get(mail)?.labels ?? [])];
  }

  #step(mail: string, event: WorkEvent, nowMs: number) {
    const known = this.#mails.get(mail);
    if (known === undefined) throw new Error(`There is no mail ${mail}.`);
    const made = stepWork(known.work, event, nowMs);
    if (made === undefined) return undefined;
    known.work = made.work;
    known.labels = known.labels.union(new Set(made.add)).difference(new Set(made.remove));
    return made;
  }
}

describe('workers at random', () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed))('lose no mail, and share none: seed %i', async (seed) => {
    const mails = Array.from({ length: 6 }, (_, at) => `mail ${at}`);
    await new LeaseWalk(new BareMachine(mails), seed).run(mails);
  });

  it('come to both ends', async () => {
    const mails = Array.from({ length: 6 }, (_, at) => `mail ${at}`);
    const ends = await Promise.all(
      Array.from({ length: 40 }, (_, seed) => new LeaseWalk(new BareMachine(mails), seed).run(mails)),
    );
    expect(ends.some(({ done }) => done > 0)).toBe(true);
    expect(ends.some(({ failed }) => failed > 0)).toBe(true);
  });
});
