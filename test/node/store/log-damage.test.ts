// Damage of the change log: a start looks at its ends alone, and whoever reads the rest finds what is wrong with it.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../node/store/database.ts';
import { pathsIn, type StorePaths } from '../../../node/store/paths.ts';
import { copyData, makeDataDirectory } from '../../support/store-directory.ts';

const ENTRIES = 300;
const MIDDLE = ENTRIES / 2;

let place: ReturnType<typeof makeDataDirectory>;
/** A copy of a sound store, to be spoilt. */
let paths: StorePaths;

const keyOf = (n: number) => `change/${String(n).padStart(16, '0')}`;
const entry = (n: number) => [keyOf(n), JSON.stringify({ text: 'x'.repeat(300) })];

function copyAgain(): void {
  rmSync(paths.directory, { recursive: true, force: true });
  copyData(place.directory, paths.directory);
}

beforeEach(() => {
  place = makeDataDirectory();
  const database = openDatabase(place.directory);
  database.write(Array.from({ length: ENTRIES }, (_, n) => entry(n)).flat());
  database.close();
  paths = pathsIn(`${place.directory}-spoilt`);
  copyAgain();
});

afterEach(() => {
  rmSync(paths.directory, { recursive: true, force: true });
  place.remove();
});

/** Why it is refused, by a start, and by who reads all of it; `undefined`: it is not. */
function refusals(): readonly (string | undefined)[] {
  return [() => 0, ({ page }: { page: () => unknown }) => page()].map((use) => {
    try {
      const database = openDatabase(paths.directory);
      try {
        use({ page: () => database.page('', '', 1_000) });
      } finally {
        database.close();
      }
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  });
}

/** Changes an entry behind the store's back. */
function alter(n: number): void {
  const database = new DatabaseSync(paths.database);
  database.prepare("UPDATE log SET value = '{}' WHERE key = ?").run(keyOf(n));
  database.close();
}

describe('a change log of many pages', () => {
  it('is opened when nothing is wrong with it', () => {
    expect(refusals()).toEqual([undefined, undefined]);
  });

  it('is opened though an entry in its midst was altered, which is refused by who reads it', () => {
    alter(MIDDLE);
    expect(refusals()).toEqual([
      undefined,
      expect.stringMatching(/its record 'change\/0+150' does not fit its checksum/),
    ]);
  });

  it('is opened though a page in its midst has forgotten its last entry', () => {
    const octets = readFileSync(paths.database);
    const page = Math.floor(octets.indexOf(keyOf(MIDDLE)) / 4_096) * 4_096;
    // A leaf of a table without rowids has its number of records at octets 3 and 4.
    expect([octets[page], octets.readUInt16BE(page + 3) > 2]).toEqual([10, true]);
    octets.writeUInt16BE(octets.readUInt16BE(page + 3) - 1, page + 3);
    writeFileSync(paths.database, octets);
    expect(refusals()[0]).toBeUndefined();
  });

  it.each([0, ENTRIES - 1])('is refused by a start when its end was altered: entry %i', (n) => {
    alter(n);
    expect(refusals()[0]).toMatch(/its record 'change\/\d+' does not fit its checksum/);
  });
});
