// A damaged -wal file told from one that a crash left unfinished: on a log of SQLite's own making, octet by octet.
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../node/store/database.ts';
import { pathsIn } from '../../../node/store/paths.ts';
import { checkWal } from '../../../node/store/wal-check.ts';
import { flipOctet, makeDataDirectory } from '../../support/store-directory.ts';

const HEADER_BYTES = 32;
const FRAME_BYTES = 24 + 4_096;

let place: ReturnType<typeof makeDataDirectory>;
let wal: string;
/** Where the frames of the last commit begin. */
let lastCommitAt: number;

beforeEach(() => {
  place = makeDataDirectory();
  const database = openDatabase(place.directory);
  const commit = (n: number) => database.write([`n/${n}`, 'x'.repeat(3_000), `m/${n}`, 'x'.repeat(3_000)]);
  for (let n = 0; n < 4; n += 1) commit(n);
  lastCommitAt = statSync(pathsIn(place.directory).wal).size;
  commit(4);
  wal = join(place.directory, 'copy-wal');
  copyFileSync(pathsIn(place.directory).wal, wal);
  database.close();
});
afterEach(() => place.remove());

/** Whether the log is refused with one octet turned over; afterwards it is as before. */
function isRefusedAt(at: number): boolean {
  flipOctet(wal, at);
  try {
    checkWal(wal);
    return false;
  } catch (error) {
    expect((error as Error).message).toContain(`${wal} is damaged`);
    return true;
  } finally {
    flipOctet(wal, at);
  }
}

describe('a -wal file', () => {
  it('that is sound passes', () => {
    expect(lastCommitAt).toBeGreaterThan(HEADER_BYTES + 8 * FRAME_BYTES);
    expect(() => checkWal(wal)).not.toThrow();
  });

  it('with a damaged header before its commits is refused', () => {
    // Its page size is part of its checksum, too; without a page size no frame can be found behind it.
    const octets = Array.from({ length: HEADER_BYTES }, (_, at) => at).filter((at) => at < 8 || at >= 12);
    expect(octets.filter((at) => !isRefusedAt(at))).toEqual([]);
  });

  it('with damage in any frame before the last commit is refused', () => {
    const inFrame = [0, 4, 8, 12, 16, 20, 24, 30, 500, 4_000, FRAME_BYTES - 1];
    const missed: string[] = [];
    for (let frame = HEADER_BYTES; frame < lastCommitAt; frame += FRAME_BYTES) {
      for (const at of inFrame) if (!isRefusedAt(frame + at)) missed.push(`octet ${at} of the frame at ${frame}`);
    }
    expect(missed).toEqual([]);
  });

  it('whose last commit is torn passes, cut anywhere or with anything in it', () => {
    const whole = readFileSync(wal);
    for (let size = lastCommitAt; size < whole.length; size += 997) {
      writeFileSync(wal, whole);
      truncateSync(wal, size);
      expect(() => checkWal(wal), `cut to ${size}`).not.toThrow();
      writeFileSync(wal, Buffer.concat([whole.subarray(0, size), Buffer.alloc(whole.length - size)]));
      expect(() => checkWal(wal), `zeros from ${size}`).not.toThrow();
      writeFileSync(wal, whole);
      expect(isRefusedAt(size), `octet ${size}`).toBe(false);
    }
  });

  it('that carries frames of an earlier round behind its last commit passes', () => {
    const whole = readFileSync(wal);
    const other = Buffer.from(whole.subarray(HEADER_BYTES));
    for (let frame = 8; frame < other.length; frame += FRAME_BYTES) other.writeUInt32BE(7, frame);
    writeFileSync(wal, Buffer.concat([whole, other]));
    expect(() => checkWal(wal)).not.toThrow();
  });

  it.each([0, 31, 32, 100])('of %d octets, which holds no commit, passes', (size) => {
    truncateSync(wal, size);
    expect(() => checkWal(wal)).not.toThrow();
  });
});
