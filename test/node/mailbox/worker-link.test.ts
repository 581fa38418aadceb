import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WorkerLink } from '../../../node/mailbox/worker-link.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

interface Questions {
  /** The same text. */
  echo(text: string): string;
  /** Never answered. */
  forget(text: string): string;
  /** Ends the worker. */
  die(text: string): string;
}

const PROGRAM = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', ({ id, kind, input }) => {
    if (kind === 'echo') parentPort.postMessage({ id, answer: input });
    if (kind === 'die') process.exit(3);
    if (kind === 'close') parentPort.close();
  });
  parentPort.postMessage({ opened: true });`;

let clock: VirtualClock;
let log: RecordingLog;
let link: WorkerLink<Questions>;
let started: Worker[];
let program: string;

beforeEach(async () => {
  [clock, log, started, program] = [new VirtualClock(), new RecordingLog(), [], PROGRAM];
  const start = () => {
    const worker = new Worker(program, { eval: true });
    started.push(worker);
    return worker;
  };
  link = new WorkerLink<Questions>({ name: 'test', start, clock, log });
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
