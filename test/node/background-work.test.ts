// What a node does in the background ends when the node does, and is waited for.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { MeshError } from '../../mesh/errors.ts';
import { BackgroundWork } from '../../node/background-work.ts';

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));

it('is told to end, and waited for', async () => {
  const said: string[] = [];
  const work = new BackgroundWork();
  work.begin(async (signal) => {
    await aborted(signal);
    said.push('ending');
    await Promise.resolve();
    said.push('ended');
  });
  expect(said).toEqual([]);
  await work[Symbol.asyncDispose]();
  expect(said).toEqual(['ending', 'ended']);
});

/** Rejections that nobody handles, which end a process, kept from the runner of the tests. */
function unhandledRejections(): readonly unknown[] {
  const reasons: unknown[] = [];
  const others = process.rawListeners('unhandledRejection') as NodeJS.UnhandledRejectionListener[];
  const note = (reason: unknown) => void reasons.push(reason);
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
  onTestFinished(() => {
    process.off('unhandledRejection', note);
    for (const other of others) process.on('unhandledRejection', other);
  });
  return reasons;
}

it('is ended by a failed store without a word, for the store tells of that itself', async () => {
  const unhandled = unhandledRejections();
  const work = new BackgroundWork();
  work.begin(() => Promise.reject(new MeshError('store_failed', 'The disk is gone.')));
  work.begin(aborted);
  await nextTurn();
  expect(unhandled).toEqual([]);
  await work[Symbol.asyncDispose]();
  expect(work.signal.aborted).toBe(true);
});

it('that has a bug is not passed over in silence', async () => {
  const unhandled = unhandledRejections();
  const work = new BackgroundWork();
  const bug = new TypeError('nothing is not a function');
  work.begin(() => Promise.reject(bug));
  await nextTurn();
  expect(unhandled).toEqual([bug]);
});

it('is waited for, each piece of it, though one of them failed', async () => {
  const unhandled = unhandledRejections();
  const said: string[] = [];
  const gate = Promise.withResolvers<void>();
  const work = new BackgroundWork();
  const bug = new Error('broken');
  work.begin(() => Promise.reject(bug));
  work.begin(aborted);
  work.begin(() => gate.promise);
  const ended = work[Symbol.asyncDispose]().then(() => said.push('all'));
  await nextTurn();
  expect(said).toEqual([]);
  gate.resolve();
  await ended;
  expect([said, unhandled]).toEqual([['all'], []]);
});
