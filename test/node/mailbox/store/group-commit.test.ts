import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Connection, openForWriting } from '../../../../node/mailbox/store/database.ts';
import { GroupCommit } from '../../../../node/mailbox/store/group-commit.ts';

let directory: string;
let connection: Connection;
let commits: number;
let group: GroupCommit;

const add = (name: string) => connection.run('INSERT INTO written (name) VALUES (?)', name).row;
const names = () => connection.all<{ name: string }>('SELECT name FROM written').map(({ name }) => name);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-'));
  connection = openForWriting(directory);
  connection.run('CREATE TABLE written (name TEXT)');
  commits = 0;
  group = new GroupCommit(connection, () => {
    commits += 1;
  });
});

afterEach(() => {
  connection.close();
  rmSync(directory, { recursive: true });
});

describe('writes that share a commit', () => {
  it('are those that come while each turn brings more', async () => {
    const written: Promise<number>[] = [];
    for (const name of ['a', 'b', 'c']) {
      written.push(group.run(() => add(name)));
      await turn();
    }
    expect(await Promise.all(written)).toEqual([1, 2, 3]);
    expect([commits, names()]).toEqual([1, ['a', 'b', 'c']]);
  });

  it('do not wait for those that come after a turn without any', async () => {
    await group.run(() => add('a'));
    await group.run(() => add('b'));
    expect(commits).toBe(2);
  });

  it('wait for some turns at most, however many come', async () => {
    const first = group.run(() => add('first'));
    let isWritten = false;
    void first.then(() => {
      isWritten = true;
    });
    let later = 0;
    const all: Promise<number>[] = [first];
    for (; !isWritten && later < 100; later += 1) {
      all.push(group.run(() => add(`${later}`)));
      await turn();
    }
    await Promise.all(all);
    expect(later).toBeLessThan(20);
  });

  it('take nothing of one another when one throws', async () => {
    const fail = () => {
      add('half');
      throw new Error('no');
    };
    const outcomes = await Promise.allSettled([group.run(() => add('a')), group.run(fail), group.run(() => add('b'))]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect([commits, names()]).toEqual([1, ['a', 'b']]);
  });

  it('take nothing when one comes alone and throws, and leave the way free for the next', async () => {
    const fail = () => {
      add('half');
      throw new Error('no');
    };
    await expect(group.run(fail)).rejects.toThrow('no');
    await group.run(() => add('a'));
    expect(names()).toEqual(['a']);
  });

  it('need no savepoint when one comes alone: at the end of each statement SQLite would go through what that keeps', async () => {
    const inSavepoint = () => {
      try {
        connection.database.exec('RELEASE one');
        return true;
      } catch {
        return false;
      }
    };
    expect(await group.run(inSavepoint)).toBe(false);
  });

  it('keep what would undo them in memory, and in no file outside of the directory', () => {
    expect(connection.get('PRAGMA temp_store')).toEqual({ temp_store: 2 });
  });
});
