import { describe, expect, it } from 'vitest';
import { ATTEMPTS_MAX, stepWork, type Work, type WorkEvent } from '../../../node/mailbox/lease.ts';
import { type LeaseTaker, LeaseWalk } from '../../support/lease-walk.ts';

const AT = 1_000_000;
const settle: WorkEvent = { kind: 'settle' };

/** `300 claim b` as what happens 300 ms after the beginning; a lease lasts 300 ms, and a release may name its delay. */
const eventIn = (text: string): readonly [atMs: number, event: WorkEvent] => {
  const [at = '', kind = '', lease = '', delay = '0'] = text.split(' ');
  const events: Readonly<Record<string, WorkEvent>> = {
    claim: { kind: 'claim', lease, worker: 'w', newKey: `key of ${lease}`, leaseMs: 300 },
    extend: { kind: 'extend', lease, leaseMs: 300 },
    complete: { kind: 'complete', lease },
    release: { kind: 'release', lease, delayMs: Number(delay), counts: true },
    undo: { kind: 'release', lease, delayMs: 0, counts: false },
    settle,
  };
  const event = events[kind];
  if (event === undefined) throw new Error(`'${text}' says nothing that can happen.`);
  return [Number(at), event];
};

/** What comes of the last of some events, `0 claim a, 1 complete a`. */
const stepped = (story: string) => {
  let work: Work | undefined;
  let last: ReturnType<typeof stepWork>;
  for (const text of story.split(', ')) {
    const [atMs, event] = eventIn(text);
    last = stepWork(work, event, AT + atMs);
    work = last?.work ?? work;
  }
  return last;
};
const stateAfter = (story: string) => stepped(story)?.work.state ?? 'dead';

describe('the work on a mail', () => {
  it.each([
    ['is held by who takes it', '0 claim a', 'held'],
    ['is not given to a second', '0 claim a, 1 claim b', 'dead'],
    ['is held to the last millisecond of its lease', '0 claim a, 299 claim b', 'dead'],
    ['is free when its lease has run out', '0 claim a, 300 claim b', 'held'],
    ['is held longer when its lease is extended', '0 claim a, 200 extend a, 499 claim b', 'dead'],
    ['is lost when the extension comes too late', '0 claim a, 300 extend a', 'dead'],
    ['is done', '0 claim a, 1 complete a', 'done'],
    ['is done once, however often that is said', '0 claim a, 1 complete a, 9999 complete a', 'done'],
    ['is not done by a lease that has run out', '0 claim a, 300 complete a', 'dead'],
    ['is not done by a lease that another followed', '0 claim a, 300 claim b, 301 complete a', 'dead'],
    ['is given back', '0 claim a, 1 release a', 'free'],
    ['is given back once, however often that is said', '0 claim a, 1 release a, 2 release a', 'free'],
    ['is not given back when it is done', '0 claim a, 1 complete a, 2 release a', 'dead'],
    ['is not done when it was given back', '0 claim a, 1 release a, 2 complete a', 'dead'],
    ['is not held longer when it was given back', '0 claim a, 1 release a, 2 extend a', 'dead'],
    ['waits when it is given back for later', '0 claim a, 0 release a 100, 99 claim b', 'dead'],
    ['is free after that', '0 claim a, 0 release a 100, 100 claim b', 'held'],
    ['is held on as long as its lease lasts', '0 claim a, 299 settle', 'held'],
    ['is given back by time when its lease has run out', '0 claim a, 300 settle', 'free'],
    ['begins anew when it is done and taken again', '0 claim a, 1 complete a, 2 claim b', 'held'],
    ['is held as long as was said when the clock is set back', '0 claim a, -9000 settle, -8701 claim b', 'dead'],
    ['is held no longer when the clock is set back', '0 claim a, -9000 settle, -8700 claim b', 'held'],
  ])('%s: %s', (_, story, state) => {
    expect(stateAfter(story)).toBe(state);
  });

  it.each([
    ['0 claim a', ['processing'], []],
    ['0 claim a, 1 extend a', [], []],
    ['0 claim a, 1 complete a', ['read'], ['unread', 'processing']],
    ['0 claim a, 1 complete a, 2 complete a', [], []],
    ['0 claim a, 1 release a', [], ['processing']],
    ['0 claim a, 300 settle', [], ['processing']],
  ])('changes labels: %s', (story, add, remove) => {
    expect(stepped(story)).toMatchObject({ add, remove });
  });

  it.each(['release', 'settle'])(`fails after ${ATTEMPTS_MAX} attempts that end by %s`, (end) => {
    const attempts = (count: number) =>
      Array.from({ length: count }, (_, at) => `${at}000 claim ${at}, ${at}300 ${end} ${at}`).join(', ');
    const late = end === 'release' ? (text: string) => text.replaceAll('300 release', '200 release') : String;
    expect(stateAfter(late(attempts(ATTEMPTS_MAX - 1)))).toBe('free');
    expect(stepped(late(attempts(ATTEMPTS_MAX)))).toMatchObject({
      ...{ work: { state: 'failed' }, add: ['failed'], remove: ['processing'] },
    });
    // Somebody has taken the label off: it is the same work, and its attempts are counted anew.
    expect(stepped(late(`${attempts(ATTEMPTS_MAX)}, 99000 claim z`))?.work).toMatchObject({
      ...{ state: 'held', attempts: 1, workKey: 'key of 0' },
    });
  });

  it('keeps its key at every attempt, and another piece of work has another', () => {
    expect(stepped('0 claim a, 300 claim b')?.work).toMatchObject({ attempts: 2, workKey: 'key of a' });
    expect(stepped('0 claim a, 1 complete a, 2 claim b')?.work).toMatchObject({ attempts: 1, workKey: 'key of b' });
  });

  it('counts no attempt of a worker that never heard of it', () => {
    expect(stepped('0 claim a, 1 undo a, 2 claim b')?.work.attempts).toBe(1);
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
