import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { WorkerLink, type WorkerLinkOptions } from '../../../node/mailbox/worker-link.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

interface Questions {
  /** The same text. */
  echo(text: string): string;
  /** Never answered. */
  forget(text: string): string;
  /** Ends the worker. */
  die(text: string): string;
  /** What the worker is told when it asks how `text` stands. */
  askBack(text: string): { readonly answer?: unknown; readonly failure?: unknown };
}

const PROGRAM = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', ({ id, kind, input }) => {
    if (kind === 'echo') parentPort.postMessage({ id, answer: input });
    if (kind === 'die') process.exit(3);
    if (kind === 'close') parentPort.close();
    if (kind === 'askBack') {
      const hear = ({ answered }) => {
        if (answered?.id !== id) return;
        parentPort.off('message', hear);
        parentPort.postMessage({ id, answer: answered });
      };
      parentPort.on('message', hear);
      parentPort.postMessage({ asked: { id, kind: input === 'unheard of' ? input : 'standing', input } });
    }
  });
  parentPort.postMessage({ opened: true });`;

let clock: VirtualClock;
let log: RecordingLog;
let link: WorkerLink<Questions>;
let started: Worker[];
let program: string;

/** Knows how one address stands. */
const answers: WorkerLinkOptions['answers'] = {
  standing: ({ addresses }) => {
    if (addresses[0] !== 'a@x.com') throw new MeshError('overloaded', 'Too much.');
    return { kind: 'held' };
  },
};

function startedWorker(): Worker {
  const worker = new Worker(program, { eval: true });
  started.push(worker);
  return worker;
}

beforeEach(async () => {
  [clock, log, started, program] = [new VirtualClock(), new RecordingLog(), [], PROGRAM];
  link = new WorkerLink<Questions>({ name: 'test', start: startedWorker, answers, clock, log });
  await link.settled;
});

afterEach(async () => {
  await link.close();
});

/** Resolves when the newest worker says something, or is gone. */
const heard = (event: 'message' | 'exit') =>
  new Promise<void>((resolve) => {
    started.at(-1)?.once(event, () => resolve());
  });

describe('a worker', () => {
  it('is asked many things at once, and each answer finds its question', async () => {
    const texts = Array.from({ length: 50 }, (_, at) => `text ${at}`);
    expect(await Promise.all(texts.map((text) => link.ask('echo', text)))).toEqual(texts);
  });

  it('that does not answer in time keeps nobody waiting', async () => {
    const forgotten = link.ask('forget', '');
    const refused = expect(forgotten).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 });
    await clock.advance(10_000);
    await refused;
    expect(await link.ask('echo', 'still there')).toBe('still there');
  });

  it('takes only so many questions that wait', async () => {
    const waiting = Array.from({ length: 1_000 }, () => link.ask('forget', '').catch(() => 'given up'));
    await expect(link.ask('echo', 'one more')).rejects.toMatchObject({ code: 'overloaded' });
    await clock.advance(10_000);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['given up']));
  });

  it('asks the main thread, and is told the answer or why there is none', async () => {
    const ask = (input: unknown) => link.ask('askBack', input as string);
    expect(await ask({ addresses: ['a@x.com'] })).toMatchObject({ answer: { kind: 'held' } });
    expect(await ask({ addresses: ['b@x.com'] })).toMatchObject({
      failure: { code: 'overloaded', message: 'Too much.' },
    });
    expect(await ask('unheard of')).toMatchObject({
      failure: { message: expect.stringContaining('nobody there knows') },
    });
  });

  it('that can’t be begun as things are set is not begun again, and says why', async () => {
    program = `
      const { parentPort } = require('node:worker_threads');
      parentPort.postMessage({ refused: { code: 'invalid_request', message: 'The port is taken.' } });`;
    const refused = new WorkerLink<Questions>({ name: 'test', start: startedWorker, answers, clock, log });
    const ended = heard('exit');
    await expect(refused.settled).rejects.toMatchObject({ code: 'invalid_request', message: 'The port is taken.' });
    await ended;
    const count = started.length;
    await clock.advance(60_000);
    expect(started).toHaveLength(count);
    expect(log.events).toEqual([]);
  });

  it('that can’t be begun again later is tried again and again', async () => {
    await link.ask('die', '').catch(() => undefined);
    program = `
      const { parentPort } = require('node:worker_threads');
      parentPort.postMessage({ refused: { code: 'invalid_request', message: 'The port is taken.' } });`;
    await clock.advance(1_000);
    await heard('exit');
    program = PROGRAM;
    await clock.advance(2_000);
    expect(await link.ask('echo', 'back')).toBe('back');
    expect(log.events.map(({ fields }) => fields?.error)).toEqual([undefined, 'The port is taken.']);
  });

  it('that ends is begun again after a while; who asks meanwhile is refused at once', async () => {
    const waiting = link.ask('forget', '').catch((error) => error.code);
    await expect(link.ask('die', '')).rejects.toMatchObject({ code: 'overloaded' });
    expect(await waiting).toBe('overloaded');
    await expect(link.ask('echo', '')).rejects.toMatchObject({ code: 'overloaded' });
    await clock.advance(999);
    expect(started).toHaveLength(1);
    await clock.advance(1);
    expect(await link.ask('echo', 'back')).toBe('back');
    expect(log.events.map(({ event }) => event)).toEqual(['mailbox.worker_ended']);
  });

  it('that ends at each start is begun ever more seldom, and a good one begins with a second again', async () => {
    await link.ask('die', '').catch(() => undefined);
    program = 'process.exit(4)';
    for (const waitMs of [1_000, 2_000, 4_000]) {
      const count = started.length;
      await clock.advance(waitMs - 1);
      expect(started).toHaveLength(count);
      await clock.advance(1);
      expect(started).toHaveLength(count + 1);
      await heard('exit');
    }
    program = PROGRAM;
    await clock.advance(8_000);
    expect(await link.ask('echo', 'back')).toBe('back');
    await link.ask('die', '').catch(() => undefined);
    await clock.advance(1_000);
    expect(await link.ask('echo', 'back')).toBe('back');
  });

  it('that does not end when it is told to is ended', async () => {
    program = 'setInterval(() => undefined, 1_000)';
    await link.ask('die', '').catch(() => undefined);
    await clock.advance(1_000);
    const closed = link.close();
    await clock.advance(5_000);
    await closed;
  });
});
