import { describe, expect, it } from 'vitest';
import { CommitQueue, GROUP_CHARACTERS_MAX, GROUP_RECORDS_MAX } from '../../../node/store/commit-queue.ts';
import type { RecordText } from '../../../node/store/record.ts';

/** A queue over a disk that writes when it is told to, and the keys of each write. */
function heldQueue() {
  const writes: string[][] = [];
  const inHand: PromiseWithResolvers<void>[] = [];
  const queue = new CommitQueue((records) => {
    writes.push(records.map((record) => record.key));
    const done = Promise.withResolvers<void>();
    inHand.push(done);
    return done.promise;
  });
  /** Lets the write in hand end, and the next one begin. */
  const endWrite = async () => {
    inHand.shift()?.resolve();
    await turn();
  };
  const failWrite = async (reason: Error) => {
    inHand.shift()?.reject(reason);
    await turn();
  };
  return { queue, writes, endWrite, failWrite };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const one = (key: string, value: unknown = 1) => [{ key, value }];
const many = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, n) => ({ key: `${prefix}${n}`, value: 1 }));

describe('the queue of commits', () => {
  it('writes a commit that comes alone at once', async () => {
    const { queue, writes, endWrite } = heldQueue();
    const commit = queue.commit(one('a'));
    await turn();
    expect(writes).toEqual([['a']]);
    await endWrite();
    await commit;
  });

  it('waits after a rest until those that follow have gathered, and for nobody while it writes', async () => {
    const [writes, gathered]: [string[][], (() => void)[]] = [[], []];
    const queue = new CommitQueue(
      async (records) => void writes.push(records.map((record) => record.key)),
      () => new Promise<void>((resolve) => gathered.push(resolve)),
    );
    const commits = [queue.commit(one('a'))];
    await turn();
    commits.push(queue.commit(one('b')));
    expect([writes, gathered.length]).toEqual([[], 1]);
    gathered[0]?.();
    await Promise.all(commits);
    expect([writes, gathered.length]).toEqual([[['a', 'b']], 1]);
  });

  it('lets commits that arrive during a write share the next one, in the order of the calls', async () => {
    const { queue, writes, endWrite } = heldQueue();
    const commits = [queue.commit(one('a'))];
    await turn();
    commits.push(queue.commit(one('b')), queue.commit([...one('c'), ...one('b', 2)]), queue.commit(one('d')));
    await turn();
    expect(writes).toEqual([['a']]);
    await endWrite();
    expect(writes).toEqual([['a'], ['b', 'c', 'd']]);
    await endWrite();
    await Promise.all(commits);
  });

  it('writes of a key only what the last commit of a group writes', async () => {
    const groups: (readonly RecordText[])[] = [];
    const queue = new CommitQueue(async (records) => void groups.push(records), turn);
    await Promise.all([
      queue.commit([...one('end', 1), ...one('a')]),
      queue.commit([...one('end', 2), { key: 'a', value: undefined }]),
      queue.commit([...one('end', 3), ...one('b')]),
    ]);
    expect(groups.map((records) => new Map(records.map(({ key, text }) => [key, text])))).toEqual([
      new Map([
        ['end', '3'],
        ['a', undefined],
        ['b', '1'],
      ]),
    ]);
    expect(groups[0]).toHaveLength(3);
  });

  it('does not acknowledge a commit before its own write has ended', async () => {
    const { queue, endWrite } = heldQueue();
    const acknowledged: string[] = [];
    void queue.commit(one('a')).then(() => acknowledged.push('a'));
    await turn();
    void queue.commit(one('b')).then(() => acknowledged.push('b'));
    await turn();
    expect(acknowledged).toEqual([]);
    await endWrite();
    expect(acknowledged).toEqual(['a']);
    await endWrite();
    expect(acknowledged).toEqual(['a', 'b']);
  });

  it('ends a group before it has too many records, and never divides a commit', async () => {
    const { queue, writes, endWrite } = heldQueue();
    const half = GROUP_RECORDS_MAX / 2;
    void queue.commit(one('first'));
    await turn();
    for (const prefix of ['a', 'b', 'c']) void queue.commit(many(prefix, half));
    void queue.commit(many('large', GROUP_RECORDS_MAX * 2));
    for (let write = 0; write < 3; write += 1) await endWrite();
    expect(writes.map((keys) => keys.length)).toEqual([1, half * 2, half, GROUP_RECORDS_MAX * 2]);
  });

  it('ends a group before it has too many characters', async () => {
    const { queue, writes, endWrite } = heldQueue();
    const text = 'x'.repeat(Math.ceil(GROUP_CHARACTERS_MAX / 2));
    for (const key of ['a', 'b', 'c']) void queue.commit(one(key, text));
    await turn();
    for (let write = 0; write < 2; write += 1) await endWrite();
    expect(writes).toEqual([['a'], ['b'], ['c']]);
  });

  it('writes nothing for commits of nothing', async () => {
    const { queue, writes } = heldQueue();
    await Promise.all([queue.commit([]), queue.commit([])]);
    expect(writes).toEqual([]);
  });

  it('does other work between two groups, alone', async () => {
    const { queue, writes, endWrite } = heldQueue();
    const commits = [queue.commit(one('a'))];
    await turn();
    const work = Promise.withResolvers<void>();
    let begun = false;
    const alone = queue.alone(() => {
      begun = true;
      return work.promise;
    });
    commits.push(queue.commit(one('b')));
    await turn();
    expect([begun, writes]).toEqual([false, [['a']]]);
    await endWrite();
    expect([begun, writes]).toEqual([true, [['a']]]);
    work.resolve();
    await alone;
    await turn();
    expect(writes).toEqual([['a'], ['b']]);
    await endWrite();
    await Promise.all(commits);
  });

  it('fails when work alone does, which is not begun once it has failed', async () => {
    const { queue } = heldQueue();
    await expect(queue.alone(() => Promise.reject(new Error('the disk')))).rejects.toThrow('the disk');
    await expect(queue.commit(one('a'))).rejects.toThrow('the disk');
    await expect(queue.alone(() => Promise.reject(new Error('begun')))).rejects.toThrow('the disk');
  });

  it('fails the commits in hand, those behind them and all later when a write fails', async () => {
    const { queue, writes, failWrite } = heldQueue();
    const reason = new Error('disk');
    const settled = Promise.allSettled([queue.commit(one('a')), queue.commit([])]);
    await turn();
    const behind = Promise.allSettled([queue.commit(one('b'))]);
    await failWrite(reason);
    const refusal = { status: 'rejected', reason };
    expect([await settled, await behind]).toEqual([[refusal, refusal], [refusal]]);
    await expect(queue.commit(one('c'))).rejects.toBe(reason);
    expect(() => queue.throwIfUnusable()).toThrow(reason);
    expect([await queue.failed, writes]).toEqual([reason, [['a']]]);
  });

  it('acknowledges what was written even when the store failed meanwhile for another reason', async () => {
    const { queue, endWrite } = heldQueue();
    const commit = queue.commit(one('a'));
    await turn();
    queue.fail(new Error('a damaged record'));
    await endWrite();
    await expect(commit).resolves.toBeUndefined();
  });
});
