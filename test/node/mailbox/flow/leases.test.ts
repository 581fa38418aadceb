import { beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { Arrivals } from '../../../../node/mailbox/flow/arrivals.ts';
import { Leases } from '../../../../node/mailbox/flow/leases.ts';
import type { ClaimedMail, ClaimQuestion, LeaseQuestion } from '../../../../node/mailbox/lease-question.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../../../../node/mailbox/questions.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const A = 'a@x.com';
const QUESTION = { inboxId: A, worker: 'w', labels: ['unread'], limit: 1, leaseMs: 60_000, perThread: true };
const STAYS = new AbortController().signal;

let clock: VirtualClock;
let arrivals: Arrivals;
let stopping: AbortController;
let log: RecordingLog;
/** Mails that are free. */
let free: string[];
let asked: { kind: string; atMs: number }[];
let changes: Omit<LeaseQuestion, 'nowMs'>[];
/** When something runs out, as the writer would say. */
let nextAtMs: number | undefined;
let failing: boolean;

const claimed = (name: string, leaseMs: number): ClaimedMail => ({
  mail: { messageId: name } as ClaimedMail['mail'],
  ...{ lease: `lease of ${name}`, attempt: 1, untilMs: clock.wallMs() + leaseMs, workKey: 'key' },
});

/** The writer, of which the leases ask three things. */
const answers: Partial<Record<string, (input: never) => unknown>> = {
  claimMails: ({ leaseMs }: ClaimQuestion) => ({
    outcome: 'done',
    claims: free.splice(0, 1).map((name) => claimed(name, leaseMs)),
  }),
  changeLease: (question: LeaseQuestion) => {
    changes.push(question);
    return { outcome: 'done', labels: [], work: { state: 'free', untilMs: clock.wallMs() } };
  },
  settleLeases: () => {
    if (failing) throw new MeshError('overloaded', 'It is out of order.');
    return nextAtMs;
  },
  waitedMail: () => (free[0] === undefined ? undefined : { messageId: free[0] }),
};
const ask: Asks<IntakeQuestions & QueryQuestions>['ask'] = async (kind, input) => {
  asked.push({ kind, atMs: clock.monotonicMs() });
  return answers[kind]?.(input as never) as never;
};
const makeLeases = () =>
  new Leases({ intake: { ask }, query: { ask }, arrivals, clock, stopping: stopping.signal, log });

beforeEach(() => {
  clock = new VirtualClock();
  arrivals = new Arrivals(clock);
  stopping = new AbortController();
  log = new RecordingLog();
  free = [];
  asked = [];
  changes = [];
  nextAtMs = undefined;
  failing = false;
});

describe('a claim', () => {
  it('that waits gets what comes, and nobody asks again and again meanwhile', async () => {
    const claims = makeLeases().claim(QUESTION, { ms: 30_000, signal: STAYS });
    await clock.advance(10_000);
    expect(asked).toHaveLength(1);
    free.push('1');
    arrivals.tell([A]);
    expect(await claims).toMatchObject([{ lease: 'lease of 1' }]);
    expect(arrivals.waiting).toBe(0);
  });

  it('gets nothing when nothing comes in its time, and when another was faster', async () => {
    const claims = makeLeases().claim(QUESTION, { ms: 30_000, signal: STAYS });
    await clock.advance(10_000);
    arrivals.tell([A]);
    await clock.advance(19_999);
    expect(asked).toHaveLength(2);
    await clock.advance(1);
    expect(await claims).toEqual([]);
    expect(arrivals.waiting).toBe(0);
  });

  it('does not wait unless that is wished for', async () => {
    expect(await makeLeases().claim(QUESTION, { ms: 0, signal: STAYS })).toEqual([]);
  });

  it('ends when the node stops', async () => {
    const claims = makeLeases().claim(QUESTION, { ms: 30_000, signal: STAYS });
    await clock.settle();
    stopping.abort();
    expect(await claims).toEqual([]);
  });

  it('is undone, and counts as no attempt, when who asked is gone', async () => {
    const leaving = new AbortController();
    const claims = makeLeases().claim(QUESTION, { ms: 30_000, signal: leaving.signal });
    await clock.settle();
    free.push('1');
    arrivals.tell([A]);
    leaving.abort();
    await claims;
    expect(changes).toMatchObject([{ messageId: '1', event: { kind: 'release', lease: 'lease of 1', counts: false } }]);
  });
});

describe('waiting for a mail', () => {
  it('answers it, and takes nothing', async () => {
    const question = { inboxId: A, labels: ['unread'] };
    const mail = makeLeases().wait(question, { ms: 60_000, signal: STAYS });
    await clock.settle();
    free.push('1');
    arrivals.tell([A]);
    expect(await mail).toEqual({ messageId: '1' });
    expect(free).toEqual(['1']);
    free = [];
    const nothing = makeLeases().wait(question, { ms: 60_000, signal: STAYS });
    await clock.advance(60_000);
    expect(await nothing).toBeUndefined();
  });
});

describe('what time ends', () => {
  const looks = () => asked.filter(({ kind }) => kind === 'settleLeases').map(({ atMs }) => atMs);

  it('is looked at when it is due, and once a minute in any case', async () => {
    nextAtMs = clock.wallMs() + 10_000;
    const running = makeLeases().run(stopping.signal);
    await clock.advance(10_000 - 1);
    nextAtMs = undefined;
    await clock.advance(60_001);
    expect(looks()).toEqual([0, 10_000, 70_000]);
    stopping.abort();
    await running;
    expect(clock.sleepers).toBe(0);
  });

  it('is looked at anew when a lease begins that ends before the next look', async () => {
    const leases = makeLeases();
    const running = leases.run(stopping.signal);
    await clock.advance(1_000);
    free.push('1');
    nextAtMs = clock.wallMs() + 20_000;
    await leases.claim({ ...QUESTION, leaseMs: 20_000 }, { ms: 0, signal: STAYS });
    await leases.change({ inboxId: A, messageId: '1', event: { kind: 'complete', lease: 'l' }, add: [], remove: [] });
    await clock.advance(20_000);
    expect(looks().slice(0, 3)).toEqual([0, 1_000, 21_000]);
    stopping.abort();
    await running;
  });

  it('is looked at again when that fails', async () => {
    failing = true;
    const running = makeLeases().run(stopping.signal);
    await clock.advance(2_000);
    expect(looks()).toEqual([0, 1_000, 2_000]);
    expect(log.named('mailbox.leases_unsettled')).toHaveLength(3);
    stopping.abort();
    await running;
  });
});
