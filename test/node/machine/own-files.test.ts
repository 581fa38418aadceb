import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  directoryFault,
  fileFault,
  makeOwnDirectory,
  readOwnFile,
  refuseForeignFile,
  replaceFileDurably,
  trustFault,
  writeFileDurably,
} from '../../../node/machine/own-files.ts';
import { testDirectory } from '../../support/test-blobs.ts';

const ME = 1_000;
const stats = (of: {
  mode?: number;
  uid?: number;
  gid?: number;
  nlink?: number;
  kind?: 'file' | 'directory' | 'link';
}) => ({
  ...{ mode: 0o700, uid: ME, gid: ME, nlink: 1 },
  ...of,
  isFile: () => of.kind === 'file',
  isDirectory: () => of.kind === 'directory',
  isSymbolicLink: () => of.kind === 'link',
});
const mine = () => true;

describe('a directory for data', () => {
  it.each([
    [{ uid: 65_534 }, /belongs to another user \(uid 65534\).*runs as uid 1000/],
    [{ uid: 0 }, /another user/],
    [{ mode: 0o770 }, /written by others \(mode 770\).*chmod go-w/],
    [{ mode: 0o702 }, /written by others/],
    [{ mode: 0o1777 }, /written by others/],
    [{ kind: 'link' as const }, /is a link/],
    [{ kind: 'file' as const }, /can't be made/],
  ])('of %j is refused', (of, why) =>
    expect(directoryFault('/data', stats({ kind: 'directory', ...of }), ME)).toMatch(why),
  );
  it.each([0o700, 0o755, 0o750])('of mode %o is used', (mode) =>
    expect(directoryFault('/data', stats({ kind: 'directory', mode }), ME)).toBeUndefined(),
  );

  it.each([
    ['others may write', { mode: 0o777, uid: 0 }, /mode 777/],
    ['a group may write', { mode: 0o775, gid: 100 }, /mode 775/],
    ['somebody else owns', { mode: 0o755, uid: 1_001 }, /uid 1001/],
    ['somebody else owns, sticky', { mode: 0o1777, uid: 1_001 }, /uid 1001/],
  ])('is refused below one that %s', (_, of, why) => expect(trustFault(stats(of), new Set([0, ME]))).toMatch(why));
  it.each([
    ['/tmp', { mode: 0o1777, uid: 0, gid: 0 }],
    ["root's", { mode: 0o755, uid: 0, gid: 0 }],
    ["a user's with a group of his own", { mode: 0o775 }],
  ])('is used below %s', (_, of) => expect(trustFault(stats(of), new Set([0, ME]))).toBeUndefined());

  it('is made for its owner alone, and found in order then', () => {
    const path = join(testDirectory(), 'deep', 'down');
    makeOwnDirectory(path);
    makeOwnDirectory(path);
    expect(lstatSync(path).mode & 0o777).toBe(0o700);
  });
  it('is not made below one that anybody may write', () => {
    const open = join(testDirectory(), 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    expect(() => makeOwnDirectory(join(open, 'data'))).toThrow(/exchanged by others: .*open, above it, may be written/);
    chmodSync(open, 0o1777);
    makeOwnDirectory(join(open, 'data'));
  });
  it('is not the one that a link points to, whether there or not', () => {
    const parent = testDirectory();
    symlinkSync(join(parent, 'there'), join(parent, 'link'));
    expect(() => makeOwnDirectory(join(parent, 'link'))).toThrow(/link is a link/);
    mkdirSync(join(parent, 'there'));
    expect(() => makeOwnDirectory(join(parent, 'link'))).toThrow(/link is a link/);
  });
  it('may be reached through a link that only its owner can change', () => {
    const parent = testDirectory();
    mkdirSync(join(parent, 'there'), 0o700);
    symlinkSync(join(parent, 'there'), join(parent, 'link'));
    makeOwnDirectory(join(parent, 'link', 'data'));
    expect(lstatSync(join(parent, 'there', 'data')).isDirectory()).toBe(true);
  });
  it.each([
    ['a link', 'open/link/data'],
    ['a link to a link', 'outer/data'],
  ])('is not reached through %s in a directory that anybody may write', (_, words) => {
    const parent = testDirectory();
    mkdirSync(join(parent, 'there'), 0o700);
    mkdirSync(join(parent, 'open'));
    chmodSync(join(parent, 'open'), 0o777);
    symlinkSync(join(parent, 'there'), join(parent, 'open', 'link'));
    symlinkSync('open/link', join(parent, 'outer'));
    expect(() => makeOwnDirectory(join(parent, words))).toThrow(
      /exchanged by others: .*open, above it, may be written/,
    );
  });
  it.runIf(process.geteuid?.() === 0)("is not reached through somebody else's link in a sticky directory", () => {
    const parent = testDirectory();
    mkdirSync(join(parent, 'there'), 0o700);
    mkdirSync(join(parent, 'sticky'));
    chmodSync(join(parent, 'sticky'), 0o1755);
    symlinkSync('../there', join(parent, 'sticky', 'link'));
    lchownSync(join(parent, 'sticky', 'link'), 4_321, 4_321);
    expect(() => makeOwnDirectory(join(parent, 'sticky', 'link', 'data'))).toThrow(
      /the link .*link, above it, belongs to another user \(uid 4321\)/,
    );
  });
});

describe('a file of data', () => {
  it.each([
    [{ uid: 0 }, /another user/],
    [{ mode: 0o620 }, /written by others/],
    [{ nlink: 2 }, /2 names/],
    [{ kind: 'link' as const }, /is a link/],
    [{ kind: 'directory' as const }, /is no file/],
  ])('of %j is refused', (of, why) =>
    expect(fileFault('/data/x', stats({ kind: 'file', mode: 0o600, ...of }), ME)).toMatch(why),
  );
  it.each([0o600, 0o644])('of mode %o is used', (mode) =>
    expect(fileFault('/data/x', stats({ kind: 'file', mode }), ME)).toBeUndefined(),
  );

  it('is refused where a link or a second name stands, and not where nothing does', () => {
    const [directory, victim] = [testDirectory(), 'precious'];
    const path = join(directory, 'x');
    refuseForeignFile(path);
    writeFileSync(join(directory, victim), '');
    symlinkSync(join(directory, victim), path);
    expect(() => refuseForeignFile(path)).toThrow(/x is a link/);
    linkSync(join(directory, victim), join(directory, 'y'));
    expect(() => refuseForeignFile(join(directory, 'y'))).toThrow(/y has 2 names/);
  });

  it('is put in the place of a link, and its draft too, without writing through them', () => {
    const directory = testDirectory();
    writeFileSync(join(directory, 'precious'), 'as it was');
    for (const name of ['x', 'x.new']) symlinkSync(join(directory, 'precious'), join(directory, name));
    writeFileDurably(join(directory, 'x'), 'new');
    expect(readFileSync(join(directory, 'precious'), 'utf8')).toBe('as it was');
    expect([lstatSync(join(directory, 'x')).isFile(), lstatSync(join(directory, 'x')).mode & 0o777]).toEqual([
      true,
      0o600,
    ]);
  });
});

describe('a file that is put in the place of another', () => {
  it('keeps the mode that was there', () => {
    const path = join(testDirectory(), 'hosts.json');
    writeFileSync(path, 'former', { mode: 0o640 });
    replaceFileDurably(path, 'other');
    expect([readFileSync(path, 'utf8'), lstatSync(path).mode & 0o777]).toEqual(['other', 0o640]);
  });

  it('leaves nothing beside it when it can’t be put there', () => {
    const directory = testDirectory();
    // A directory with something in it is not replaced by a file.
    mkdirSync(join(directory, 'hosts.json', 'full'), { recursive: true });
    expect(() => replaceFileDurably(join(directory, 'hosts.json'), 'other')).toThrow();
    expect(readdirSync(directory)).toEqual(['hosts.json']);
  });
});

describe('a file with a secret', () => {
  const secretFile = (mode = 0o600) => {
    const path = join(testDirectory(), 'secret');
    writeFileSync(path, 'text', { mode });
    chmodSync(path, mode);
    return path;
  };
  it('is read, or not there', () => {
    expect(String(readOwnFile(secretFile(), 10, mine))).toBe('text');
    expect(readOwnFile('/nowhere/secret', 10, mine)).toBeUndefined();
  });
  it.each([
    ['others may read', () => readOwnFile(secretFile(0o604), 10, mine), /mode 604.*chmod 600/],
    ['somebody else owns', () => readOwnFile(secretFile(), 10, () => false), /another user/],
    ['is too long', () => readOwnFile(secretFile(), 3, mine), /4 octets; at most 3/],
    ['is a directory', () => readOwnFile(testDirectory(), 3, mine), /is no file/],
  ])('that %s is refused', (_, read, why) => expect(read).toThrow(why));
  it('that is a link is refused', () => {
    const path = secretFile();
    symlinkSync(path, `${path}.link`);
    expect(() => readOwnFile(`${path}.link`, 10, mine)).toThrow(/is a link/);
  });
});
