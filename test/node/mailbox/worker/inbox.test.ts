import { beforeEach, describe, expect, it } from 'vitest';
import { InboxRefused, type Job, LeaseLost, openInbox } from '../../../../node/mailbox/worker/inbox.js';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const A = 'a+b@x.com';

interface Asked {
  /** The last step of the path, and what of it is the mail's id. */
  readonly verb: string;
  readonly id: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
  readonly atMs: number;
}
type Answer =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> }
  | 'down'
  | 'silent';

let clock: VirtualClock;
let asked: Asked[];
/** Mails that are there to be claimed, by number. */
let mails: number[];
/** Answers in place of the usual ones, by verb; the first is given first. */
let instead: Record<string, Answer[]>;
let stop: AbortController;

const claimOf = (number: number) => ({
  ...{ message: { inbox_id: A, message_id: `<${number}@y.com>` }, lease: `lease ${number}`, attempt: 1 },
  ...{ work_key: `key${number}`, until: '' },
});
const usual = (verb: string): Answer => {
  if (verb !== 'claim') return { status: 200, body: { message_id: '<sent>', thread_id: 't', labels: [] } };
  const number = mails.shift();
  if (number === undefined) stop.abort();
  return { status: 200, body: { claims: number === undefined ? [] : [claimOf(number)] } };
};

/** A node as a worker sees it. */
const fetchScripted = async (
  url: string | URL | Request,
  { body, headers, signal }: RequestInit = {},
): Promise<Response> => {
  const parts = new URL(String(url)).pathname.split('/').map(decodeURIComponent);
  const verb = parts.at(-1) ?? '';
  const id = parts.at(-3) === 'messages' ? parts.at(-2) : undefined;
  asked.push({ verb, id, body: JSON.parse(String(body)), headers: new Headers(headers), atMs: clock.monotonicMs() });
  const answer = instead[verb]?.shift() ?? usual(verb);
  if (answer === 'down') throw new TypeError('fetch failed');
  if (answer === 'silent')
    return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }));
  return new Response(answer.body === undefined ? '' : JSON.stringify(answer.body), answer);
};
const open = () =>
  openInbox({
    ...{ url: 'http://127.0.0.1:23000/', key: 'am_key', inboxId: A, fetch: fetchScripted },
    ...{ sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal), now: () => clock.monotonicMs() },
  });
const jobs = (wish: Parameters<ReturnType<typeof open>['jobs']>[0] = { worker: 'w' }) =>
  open().jobs({ signal: stop.signal, ...wish });
/** Each question but the claims, `complete <1@y.com>`. */
const said = () => asked.filter(({ verb }) => verb !== 'claim').map(({ verb, id }) => `${verb} ${id}`);
const timesOf = (verb: string) => asked.filter((one) => one.verb === verb).map(({ atMs }) => atMs);

beforeEach(() => {
  clock = new VirtualClock();
  stop = new AbortController();
  asked = [];
  mails = [1, 2];
  instead = {};
});

describe('a loop over jobs', () => {
  it('asks as it was told, with the key, below the node’s URL', async () => {
    const wish = { worker: 'w', labels: ['billing'], perThread: false, leaseSeconds: 60 };
    for await (const job of jobs(wish))
      expect(job).toMatchObject({ attempt: 1, workKey: expect.stringMatching(/^key/) });
    expect(asked[0]?.body).toEqual({
      worker: 'w',
      labels: ['billing'],
      per_thread: false,
      lease_seconds: 60,
      wait_seconds: 25,
    });
    expect(asked[0]?.headers.get('authorization')).toBe('Bearer am_key');
    expect(clock.sleepers).toBe(0);
  });

  it('has done a job when it asks for the next, also by continue', async () => {
    for await (const job of jobs()) {
      if (job.message.message_id === '<1@y.com>') continue;
    }
    expect(said()).toEqual(['complete <1@y.com>', 'complete <2@y.com>']);
    expect(asked.find(({ verb }) => verb === 'complete')?.body).toEqual({ lease: 'lease 1' });
  });

  it('gives a job back when it is left', async () => {
    for await (const _ of jobs()) break;
    expect(said()).toEqual(['release <1@y.com>']);
    const returning = async () => {
      for await (const job of jobs()) return job;
      return undefined;
    };
    await returning();
    expect(said()).toEqual(['release <1@y.com>', 'release <2@y.com>']);
  });

  it('gives a job back when its body throws, and throws that', async () => {
    const work = async () => {
      for await (const _ of jobs()) throw new Error('It broke.');
    };
    await expect(work()).rejects.toThrow('It broke.');
    expect(said()).toEqual(['release <1@y.com>']);
    expect(clock.sleepers).toBe(0);
  });

  it('leaves alone what its body has ended', async () => {
    for await (const job of jobs()) {
      if (job.message.message_id === '<1@y.com>') await job.release({ delaySeconds: 60, addLabels: ['later'] });
      else await job.complete({ addLabels: ['fine'], removeLabels: ['x'] });
    }
    expect(said()).toEqual(['release <1@y.com>', 'complete <2@y.com>']);
    const [first, second] = asked.filter(({ verb }) => verb !== 'claim');
    expect(first?.body).toEqual({ lease: 'lease 1', delay_seconds: 60, add_labels: ['later'] });
    expect(second?.body).toEqual({ lease: 'lease 2', add_labels: ['fine'], remove_labels: ['x'] });
  });

  it('ends when it is called off, and completes the job in hand', async () => {
    for await (const _ of jobs()) stop.abort();
    expect(said()).toEqual(['complete <1@y.com>']);
    expect(mails).toEqual([2]);
  });

  it('ends while it waits for mail', async () => {
    instead = { claim: ['silent'] };
    const done = (async () => {
      for await (const _ of jobs()) throw new Error('There is none.');
    })();
    await clock.advance(10_000);
    stop.abort();
    await done;
    expect(clock.sleepers).toBe(0);
  });
});

describe('a node that does not answer', () => {
  it('is asked again, less and less often, as it says itself, and for as long as it takes', async () => {
    const later = { status: 429, headers: { 'retry-after': '50' } };
    instead = { claim: ['down', { status: 503 }, later, 'silent'], complete: ['down', { status: 500 }] };
    const done = (async () => {
      for await (const _ of jobs()) mails = [];
    })();
    await clock.advance(200_000);
    await done;
    const claims = timesOf('claim');
    expect(claims[1]).toBeGreaterThanOrEqual(500);
    expect((claims[3] ?? 0) - (claims[2] ?? 0)).toBeGreaterThanOrEqual(50_000);
    expect((claims[4] ?? 0) - (claims[3] ?? 0)).toBeGreaterThanOrEqual(40_000);
    expect(said()).toEqual(Array.from({ length: 3 }, () => 'complete <1@y.com>'));
  });

  it('is not asked again when it refuses, and its sentence is thrown', async () => {
    instead = {
      claim: [{ status: 401, body: { code: 'unknown_api_key', message: 'The API key is none of this host.' } }],
    };
    const work = async () => {
      for await (const _ of jobs()) throw new Error('There is none.');
    };
    const thrown: InboxRefused = await work().catch((error) => error);
    expect(thrown).toBeInstanceOf(InboxRefused);
    expect(thrown).toMatchObject({ status: 401, body: { code: 'unknown_api_key' } });
    expect(thrown.message).toContain('none of this host');
    expect(() => openInbox({ url: 'ftp://x', key: 'k', inboxId: A })).toThrow(TypeError);
  });
});

describe('a lease', () => {
  /** Works on one mail for a while; answers what became of the job. */
  const workFor = async (ms: number, work: (job: Job) => Promise<unknown> = () => clock.sleep(ms)) => {
    mails = [1];
    const lost: string[] = [];
    const outcome = (async () => {
      for await (const job of jobs({
        worker: 'w',
        leaseSeconds: 30,
        lost: ({ message }) => lost.push(message.message_id),
      }))
        await work(job);
    })();
    outcome.catch(() => undefined);
    await clock.advance(ms + 50_000);
    return { outcome, lost };
  };

  it('is extended for as long as the work goes on', async () => {
    await (await workFor(65_000)).outcome;
    expect(timesOf('extend')).toEqual([10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
    expect(asked.find(({ verb }) => verb === 'extend')?.body).toEqual({ lease: 'lease 1', lease_seconds: 30 });
    expect(timesOf('complete')).toEqual([65_000]);
    expect(clock.sleepers).toBe(0);
  });

  it('is asked for again and again when the node does not answer, and holds when it does', async () => {
    instead = { extend: ['down', { status: 503 }] };
    const { outcome, lost } = await workFor(25_000);
    await outcome;
    expect(timesOf('extend')).toEqual([10_000, 11_000, 12_000, 22_000]);
    expect(lost).toEqual([]);
  });

  it('is lost when another has the mail: the job hears of it, and the loop goes on', async () => {
    instead = { extend: [{ status: 409, body: { message: 'dead' } }] };
    const heard: unknown[] = [];
    const { outcome, lost } = await workFor(15_000, async (job) => {
      job.signal.addEventListener('abort', () => heard.push(job.signal.reason));
      await clock.sleep(15_000);
      await expect(job.reply({ text: 'late' })).rejects.toBeInstanceOf(LeaseLost);
      await expect(job.complete()).rejects.toBeInstanceOf(LeaseLost);
      await job.release();
    });
    await outcome;
    expect(heard).toEqual([expect.any(LeaseLost)]);
    expect(lost).toEqual(['<1@y.com>']);
    expect(said()).toEqual(['extend <1@y.com>']);
  });

  it('is lost by the worker’s own clock when the node never answers', async () => {
    instead = { extend: ['silent'], complete: ['down'] };
    const { outcome, lost } = await workFor(40_000);
    await outcome;
    expect(lost).toEqual(['<1@y.com>']);
    expect(timesOf('complete')).toEqual([]);
  });

  it('is lost when that is heard only at the end', async () => {
    instead = { complete: [{ status: 409, body: { message: 'dead' } }] };
    const { outcome, lost } = await workFor(1_000);
    await outcome;
    expect(lost).toEqual(['<1@y.com>']);
  });

  it('is extended also while its end is not answered, and its own end is no loss', async () => {
    instead = {
      complete: ['silent', { status: 200, body: {} }],
      extend: [...Array(3)].map(() => ({ status: 200, body: {} })),
    };
    instead.extend?.push({ status: 409, body: { message: 'dead' } });
    const { outcome, lost } = await workFor(15_000);
    await clock.advance(100_000);
    await outcome;
    expect(timesOf('extend').length).toBeGreaterThanOrEqual(4);
    expect(timesOf('complete').length).toBe(2);
    expect(lost).toEqual([]);
  });

  it('is not ended by labels that the node refuses: then the job is given back', async () => {
    instead = { complete: [{ status: 400, body: { message: "The label 'sent' is set by the host alone." } }] };
    const { outcome } = await workFor(1_000, (job) => job.complete({ addLabels: ['sent'] }));
    await expect(outcome).rejects.toBeInstanceOf(InboxRefused);
    expect(said()).toEqual(['complete <1@y.com>', 'release <1@y.com>']);
  });
});

describe('an answer', () => {
  it('is sent by the work key, so that a job which is tried again answers once', async () => {
    mails = [1];
    for await (const job of jobs()) {
      expect(await job.reply({ text: 'Hello', payload: { ok: true } })).toMatchObject({ message_id: '<sent>' });
      await job.reply({ text: 'Also' }, 'report');
    }
    const replies = asked.filter(({ verb }) => verb === 'reply');
    expect(replies.map(({ headers }) => headers.get('idempotency-key'))).toEqual(['key1', 'key1-report']);
    expect(replies[0]).toMatchObject({ id: '<1@y.com>', body: { text: 'Hello', payload: { ok: true } } });
  });

  it('that answers no mail is sent once for one key', async () => {
    await open().send({ to: 'b@x.com', text: 'Hello' }, { idempotencyKey: 'mine' });
    expect(asked[0]).toMatchObject({ verb: 'send', body: { to: 'b@x.com' } });
    expect(asked[0]?.headers.get('idempotency-key')).toBe('mine');
  });
});
