import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ReleaseQueue } from '../../../mesh/engine/release-queue.ts';
import { KEYS_PER_MESSAGE_MAX, RELEASE_RETRY_MS } from '../../../mesh/limits.ts';
import type { AddressKey, ClaimId } from '../../../mesh/names.ts';
import type { Write } from '../../../mesh/ports.ts';
import { INTENT } from '../../../mesh/state/claim-records.ts';
import type { ReleasedClaim } from '../../../mesh/state/claim-store.ts';

const claims = (count: number, first = 0): readonly ReleasedClaim[] =>
  Array.from({ length: count }, (_, at) => ({
    key: `a${first + at}@x.com` as AddressKey,
    claimId: `claim-${first + at}` as ClaimId,
  }));

/** A queue before an engine that refuses what `isAway` says. */
function setUp(isAway: (asked: readonly ReleasedClaim[]) => boolean = () => false) {
  const told: string[] = [];
  const queue = new ReleaseQueue({
    ask: async (how, asked) => {
      told.push(`${how} ${asked.map(({ claimId }) => claimId.slice('claim-'.length)).join(' ')}`);
      if (isAway(asked)) throw new Error('The engine is away.');
    },
    journal: {
      commit: async (writes: readonly Write[]) => {
        told.push(
          `done ${writes.map(({ key, value }) => (value === undefined ? key.slice(`${INTENT}claim-`.length) : '?')).join(' ')}`,
        );
      },
      fail: () => undefined,
    },
    wait: async (ms) => {
      told.push(`waits ${ms}`);
      await nextTurn();
    },
  });
  return { queue, told };
}

describe('claims that are to be ended in an engine', () => {
  it('are ended many at once, and forgotten once their end is durable', async () => {
    const { queue, told } = setUp();
    const ended = queue.end(claims(3), 'release');
    expect(queue.size).toBe(3);
    await ended;
    expect([told, queue.size]).toEqual([['release 0 1 2', 'done 0 1 2'], 0]);
  });

  it('share a question with those of their kind alone', async () => {
    const { queue, told } = setUp();
    await Promise.all([
      queue.end(claims(1), 'release'),
      queue.end(claims(1, 1), 'abort'),
      queue.end(claims(1, 2), 'release'),
    ]);
    expect(told).toEqual(['release 0', 'done 0', 'abort 1', 'done 1', 'release 2', 'done 2']);
  });

  it('fill one question after the other', async () => {
    const { queue, told } = setUp();
    await queue.end(claims(KEYS_PER_MESSAGE_MAX + 1), 'abort');
    expect(told.map((one) => one.split(' ').length - 1)).toEqual([100, 100, 1, 1]);
  });

  it('are asked for again until the engine is there, however long it is away', async () => {
    let failures = 5;
    const { queue, told } = setUp(() => failures-- > 0);
    await queue.end(claims(1), 'release');
    const failed = ['release 0', `waits ${RELEASE_RETRY_MS}`];
    expect(told).toEqual([...Array.from({ length: 5 }, () => failed).flat(), 'release 0', 'done 0']);
  });

  it('are not held up by one that can not be ended', async () => {
    let isMended = false;
    const { queue, told } = setUp((asked) => !isMended && asked.some(({ claimId }) => claimId === 'claim-1'));
    const first = queue.end(claims(4), 'abort');
    const done = () => told.filter((one) => one.startsWith('done')).join(' ');
    while (!['0', '2', '3'].every((one) => done().includes(one))) await nextTurn();
    expect([done().includes('1'), queue.size]).toEqual([false, 1]);
    isMended = true;
    await first;
    expect([done().includes('1'), queue.size]).toEqual([true, 0]);
  });

  it('end once for all who ask for the same, in the way that was asked for last', async () => {
    const { queue, told } = setUp();
    // Under way already when the others come.
    const busy = queue.end(claims(1, 9), 'release');
    await Promise.all([busy, queue.end(claims(1), 'release'), queue.end(claims(1), 'abort')]);
    expect(told).toEqual(['release 9', 'done 9', 'abort 0', 'done 0']);
  });
});
