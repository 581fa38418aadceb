// What the database has not taken, by the files of the commit log: of each key the newest, in one place.
import { expect, it } from 'vitest';
import { UnappliedFiles } from '../../../node/store/unapplied-files.ts';

const textsOf = (files: UnappliedFiles, group: number) =>
  files.endedUntil(group).map((records) => [...records.all()].map(({ key, text }) => `${key}=${text}`));

function threeFiles(): UnappliedFiles {
  const files = new UnappliedFiles();
  files.put({ key: 'content', text: '"long"' });
  files.put({ key: 'message', text: '"queued"' });
  files.endFile(3);
  files.put({ key: 'message', text: '"sent"' });
  files.endFile(5);
  files.put({ key: 'content', text: undefined });
  files.put({ key: 'other', text: '1' });
  return files;
}

it('leaves to a later file what it replaces or removes', () => {
  const files = threeFiles();
  expect(textsOf(files, 3)).toEqual([[]]);
  expect(textsOf(files, 5)).toEqual([[], ['message="sent"']]);
  expect(['content', 'message', 'other', 'none'].map((key) => files.find(key)?.text)).toEqual([
    ...[undefined, '"sent"', '1', undefined],
  ]);
  expect(files.find('none')).toBeUndefined();
  expect(files.find('content')).toEqual({ key: 'content', text: undefined });
});

it('finds each key in one of the files, in order, also when it was listed before it was replaced', () => {
  const files = new UnappliedFiles();
  for (const key of ['a', 'b', 'c']) files.put({ key, text: '1' });
  files.endFile(1);
  expect(files.slices('', '', 9).map(({ records }) => records.length)).toEqual([0, 3]);
  files.put({ key: 'b', text: '2' });
  const slices = files.slices('', '', 9).map(({ records }) => records.map(({ key }) => key));
  expect(slices).toEqual([['b'], ['a', 'c']]);
  expect(files.slices('', '', 2).map(({ isWhole }) => isWhole)).toEqual([true, true]);
  expect([...files.all()].map(({ key }) => key).sort()).toEqual(['a', 'b', 'c']);
});

it('forgets the files that the database has, and no other', () => {
  const files = threeFiles();
  files.forgetUntil(3);
  expect(textsOf(files, 5)).toEqual([['message="sent"']]);
  files.forgetUntil(5);
  expect([files.find('message'), files.find('other')]).toEqual([undefined, { key: 'other', text: '1' }]);
});

it('weighs what it keeps, and not what was replaced', () => {
  const files = new UnappliedFiles();
  expect(files.bytes).toBe(0);
  files.put({ key: 'content', text: 'x'.repeat(5_000) });
  const before = files.bytes;
  files.put({ key: 'content', text: 'x'.repeat(4_000) });
  expect(before - files.bytes).toBe(1_000);
  files.endFile(1);
  expect(files.bytes).toBe(before - 1_000);
  files.put({ key: 'content', text: undefined });
  expect(files.bytes).toBeLessThan(1_000);
});
