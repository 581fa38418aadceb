// The database as the worker holds it: what survives, who may read the files, and the rounds that betray a lost -wal.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHECKPOINT_PAGES, type Database, openDatabase } from '../../../node/store/database.ts';
import { openStore } from '../../../node/store/disk-store.ts';
import { pathsIn, type StorePaths } from '../../../node/store/paths.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { copyData, dataIn, makeDataDirectory } from '../../support/store-directory.ts';

let place: ReturnType<typeof makeDataDirectory>;
let paths: StorePaths;
let open: Database[];

beforeEach(() => {
  place = makeDataDirectory();
  paths = pathsIn(place.directory);
  open = [];
});
afterEach(() => {
  for (const database of open) database.close();
  place.remove();
});

function opened(directory: string): Database {
  const database = openDatabase(directory);
  open.push(database);
  return database;
}

function keysIn(database: Database): readonly string[] {
  return database.page('', '', 1_000).filter((_, at) => at % 2 === 0);
}

function close(database: Database): void {
  open = open.filter((other) => other !== database);
  database.close();
}

/** The files as `kill -9` would leave them now. */
function crashed(): StorePaths {
  const directory = join(place.directory, '..', `crashed-${readdirSync(join(place.directory, '..')).length}`);
  copyData(place.directory, directory);
  return pathsIn(directory);
}

describe('a new data directory', () => {
  it('and its files can be read by their owner only, while it is open and after', () => {
    const database = opened(join(place.directory, 'deep', 'down'));
    database.write(['a', '1']);
    const files = () => readdirSync(join(place.directory, 'deep', 'down')).sort();
    const modes = () => files().map((name) => statSync(join(place.directory, 'deep', 'down', name)).mode & 0o777);
    expect(files()).toEqual([
      'mesh.commits',
      'mesh.created',
      'mesh.holder',
      'mesh.lock',
      'mesh.sqlite',
      'mesh.sqlite-wal',
    ]);
    expect(new Set(modes())).toEqual(new Set([0o600]));
    expect(statSync(place.directory).mode & 0o777).toBe(0o700);
    close(database);
    expect(files()).toEqual(['mesh.commits', 'mesh.created', 'mesh.lock', 'mesh.sqlite']);
    expect(new Set(modes())).toEqual(new Set([0o600]));
  });

  it('that was half made when its process was killed is made anew', () => {
    mkdirSync(place.directory);
    writeFileSync(`${paths.database}.new`, 'half');
    writeFileSync(`${paths.database}.new-journal`, 'half');
    const database = opened(place.directory);
    database.write(['a', '1']);
    expect(database.read(['a'])).toEqual(['1']);
    expect(readdirSync(place.directory).filter((name) => name.includes('.new'))).toEqual([]);
  });

  it('whose marker was not yet there when its process was killed gets one', () => {
    close(opened(place.directory));
    rmSync(paths.marker);
    close(opened(place.directory));
    expect(readFileSync(paths.marker, 'utf8')).toMatch(/^round \d+$/m);
  });

  it.each(['', 'below'])('can not be made where a file stands, and says so (%j)', (below) => {
    writeFileSync(place.directory, 'in the way');
    const wanted = join(place.directory, below);
    expect(() => openDatabase(wanted)).toThrow(/can't be made.*something else than a directory/);
    rmSync(place.directory);
  });

  it.runIf(existsSync('/proc/self'))('can not be made where the system has no files of ours, and says so', () => {
    expect(() => openDatabase('/proc/mesh/data')).toThrow(/could not use \/proc\/mesh: ENOENT/);
  });
});

describe('a data directory that others may have had their hands in', () => {
  it.each([
    [
      'may be written by anybody',
      () => chmodSync(place.directory, 0o777),
      /data may be written by others \(mode 777\)/,
    ],
    [
      'is a link',
      () => {
        renameSync(place.directory, `${place.directory}-moved`);
        symlinkSync(`${place.directory}-moved`, place.directory);
      },
      /data is a link/,
    ],
  ])('is refused when it %s', (_, spoil, why) => {
    close(opened(place.directory));
    spoil();
    expect(() => openDatabase(place.directory)).toThrow(why);
  });

  it.each([
    'mesh.sqlite',
    'mesh.sqlite-wal',
    'mesh.sqlite-shm',
    'mesh.sqlite-journal',
    'mesh.sqlite.new',
    'mesh.lock',
    'mesh.lock-journal',
    'mesh.holder',
    'mesh.created',
    'mesh.commits',
    'mesh.commit-log-1',
    'mesh.acknowledged',
    'host-key.pem',
    'host-key.pem.new',
  ])('is refused when its %s is a link, has a second name, or may be written by others', (name) => {
    close(opened(place.directory));
    const [path, victim] = [join(place.directory, name), join(place.directory, '..', 'victim')];
    const spoilt = (spoil: () => void, why: RegExp) => {
      rmSync(path, { force: true });
      writeFileSync(victim, 'precious');
      spoil();
      expect(() => openDatabase(place.directory)).toThrow(why);
      expect(readFileSync(victim, 'utf8')).toBe('precious');
    };
    spoilt(() => symlinkSync(victim, path), /is a link/);
    spoilt(() => linkSync(victim, path), /2 names/);
    spoilt(() => {
      writeFileSync(path, '');
      chmodSync(path, 0o622);
    }, /written by others/);
  });
});

describe('a database that is opened again', () => {
  it('that others could read is closed to them', () => {
    close(opened(place.directory));
    chmodSync(paths.database, 0o644);
    close(opened(place.directory));
    expect(statSync(paths.database).mode & 0o777).toBe(0o600);
  });

  it('is only read until something is written: killed before, it left nothing but what reading needs', () => {
    const written = opened(place.directory);
    written.write(['a', '1']);
    close(written);
    const before = dataIn(place.directory);
    expect(opened(place.directory).read(['a'])).toEqual(['1']);
    const killed = crashed();
    const reopened = opened(killed.directory);
    expect(reopened.read(['a'])).toEqual(['1']);
    reopened.write(['b', '2']);
    close(reopened);
    expect(Object.keys(dataIn(killed.directory))).toEqual(Object.keys(before));
  });

  it('whose first write fails can still be closed, and then gives the directory free', () => {
    const database = opened(place.directory);
    mkdirSync(`${paths.marker}.new`);
    expect(() => database.write(['a', '1'])).toThrow(/mesh\.created/);
    close(database);
    rmSync(`${paths.marker}.new`, { recursive: true });
    expect(keysIn(opened(place.directory))).toEqual([]);
  });

  it('has what was written, without what was removed', () => {
    const database = opened(place.directory);
    database.write(['a', '1', 'b', '2', 'c', '3']);
    database.write(['b', null]);
    close(database);
    expect(keysIn(opened(place.directory))).toEqual(['a', 'c']);
  });

  it('after a crash has every commit', () => {
    const database = opened(place.directory);
    for (let n = 0; n < 20; n += 1) database.write([`n/${n}`, String(n)]);
    expect(keysIn(opened(crashed().directory))).toHaveLength(20);
  });

  it('after a crash in the middle of the last write to the -wal has every commit but that', () => {
    const database = opened(place.directory);
    for (let n = 0; n < 20; n += 1) database.write([`n/${n}`, String(n)]);
    const torn = crashed();
    truncateSync(torn.wal, statSync(torn.wal).size - 10);
    // A commit is noted after it was made.
    writeFileSync(torn.commits, '0000000000000019\n');
    const reopened = opened(torn.directory);
    expect([keysIn(reopened).length, reopened.read(['n/18', 'n/19'])]).toEqual([19, ['18', null]]);
  });
});

describe('a -wal file that is lost', () => {
  const commitAndCrash = () => {
    const database = opened(place.directory);
    database.write(['a', '1']);
    return crashed();
  };

  it.each([
    ['is missing', (wal: string) => rmSync(wal)],
    ['is empty', (wal: string) => truncateSync(wal, 0)],
    ['has its header left', (wal: string) => truncateSync(wal, 32)],
    ['lacks a part of its first commit', (wal: string) => truncateSync(wal, 1_000)],
  ])('%s: the node refuses to start without its newest commits', (_name, spoil) => {
    const lost = commitAndCrash();
    spoil(lost.wal);
    const before = dataIn(lost.directory);
    expect(() => openDatabase(lost.directory)).toThrow(/mesh\.sqlite-wal is damaged: it is missing or cut off/);
    expect(dataIn(lost.directory)).toEqual(before);
  });

  it('is noticed also after SQLite has moved a first part of it into the database', () => {
    const database = opened(place.directory);
    database.write(['first', '1']);
    const noted = () => /^round (\d+)$/m.exec(readFileSync(paths.marker, 'utf8'))?.[1];
    const first = noted();
    const page = 'x'.repeat(4_000);
    const many = Array.from({ length: CHECKPOINT_PAGES + 10 }, (_, n) => [`n/${n}`, page]).flat();
    database.write(many);
    expect(Number(noted())).toBe(Number(first) + 1);
    const lost = crashed();
    rmSync(lost.wal);
    expect(() => openDatabase(lost.directory)).toThrow(/mesh\.sqlite-wal is damaged/);
  });

  it('is not missed after a process that left without closing, for SQLite has then moved and removed it', async () => {
    // In a worker, as the node has it: there SQLite closes the database while the process goes down.
    const source = new URL('../../../node/store/disk-store.ts', import.meta.url).href;
    const script = `
      import { openStore } from '${source}';
      const log = { info() {}, warn() {}, error() {} };
      const store = await openStore({ directory: process.argv[2], log });
      await store.commit([{ key: 'a', value: 1 }]);
      process.exit(0);
    `;
    const file = join(place.directory, '..', 'leave.mjs');
    writeFileSync(file, script);
    spawnSync(process.execPath, [file, place.directory]);
    expect([existsSync(paths.holder), existsSync(paths.wal)]).toEqual([true, false]);
    const store = await openStore({ directory: place.directory, log: new RecordingLog() });
    expect(await store.get('a')).toBe(1);
    await store.close();
  });

  it('is noticed when the database is an older copy instead', () => {
    const old = opened(place.directory);
    old.write(['a', '1']);
    close(old);
    const copy = readFileSync(paths.database);
    const newer = opened(place.directory);
    newer.write(['b', '2']);
    close(newer);
    writeFileSync(paths.database, copy);
    expect(() => openDatabase(place.directory)).toThrow(/is an older copy/);
  });
});
