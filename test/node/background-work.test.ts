// What a node does in the background ends when the node does, and is waited for.
import { expect, it } from 'vitest';
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

it('is ended by a failed store without a word, for the store tells of that itself', async () => {
  const work = new BackgroundWork();
  work.begin(() => Promise.reject(new MeshError('store_failed', 'The disk is gone.')));
  work.begin(aborted);
  await work[Symbol.asyncDispose]();
  expect(work.signal.aborted).toBe(true);
});
