// What is read from the two files: on logs of a few groups, octet by octet.
import { describe, expect, it } from 'vitest';
import { FILE_HEADER_BYTES } from '../../../../node/store/commits/file-header.ts';
import { encodeFrame, type Mark, NO_MARK, seedOf } from '../../../../node/store/commits/frame.ts';
import { readLogContent } from '../../../../node/store/commits/log-content.ts';
import type { RecordText } from '../../../../node/store/record.ts';

const ID = Buffer.from('0123456789abcdef');
const SEED = seedOf(ID);

/** Groups that follow `previous`, each with a record of its own name. */
function framesOf(names: readonly string[], previous: Mark = NO_MARK) {
  const marks = [previous];
  const frames = names.map((name) => {
    const { octets, mark } = encodeFrame([{ key: `key/${name}`, text: `"${name}"` }], marks.at(-1) ?? previous, SEED);
    marks.push(mark);
    return octets;
  });
  return { frames, marks };
}

/** A file of these octets behind its header, and zeros behind them. */
function fileOf(...octets: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.alloc(FILE_HEADER_BYTES), ...octets, Buffer.alloc(100)]);
}

function read(first: Buffer, second: Buffer = fileOf(), applied: Mark = NO_MARK) {
  const files = [
    { file: 'one', octets: first },
    { file: 'two', octets: second },
  ] as const;
  return readLogContent(files, ID, applied);
}

const namesIn = ({ groups }: { readonly groups: readonly (readonly RecordText[])[] }) =>
  groups.flat().map(({ key }) => key.slice(4));

describe('a commit log', () => {
  it('gives records as they were written, of any text', () => {
    const records = [
      { key: 'ü 臺 🦊', text: '"\\u0000"' },
      { key: 'gone', text: undefined },
      { key: 'empty', text: '""' },
    ];
    const { octets } = encodeFrame(records, NO_MARK, SEED);
    expect(read(fileOf(octets)).groups).toEqual([records]);
  });

  it('gives what the database has not taken, whichever file it lies in', () => {
    const { frames, marks } = framesOf(['a', 'b', 'c', 'd']);
    const [older, newer] = [fileOf(...frames.slice(0, 2)), fileOf(...frames.slice(2))];
    expect(namesIn(read(newer, older))).toEqual(['a', 'b', 'c', 'd']);
    const found = read(older, newer, marks[2]);
    expect([namesIn(found), found.end]).toEqual([['c', 'd'], marks[4]]);
    expect(read(older, newer, marks[4])).toMatchObject({ groups: [], end: marks[4] });
  });

  it('counts beyond 32 bits', () => {
    const before = { group: 2 ** 32 + 5, sum: 1 };
    const { frames } = framesOf(['a', 'b'], before);
    expect(read(fileOf(...frames), fileOf(), before).end.group).toBe(2 ** 32 + 7);
  });

  it('that is empty, or was never written, holds nothing', () => {
    expect(read(fileOf())).toEqual({ end: NO_MARK, groups: [], places: [], appliedIn: undefined });
  });
});

describe('a torn end', () => {
  it('is left out, wherever the last group was cut, whatever stands behind', () => {
    const { frames } = framesOf(['a', 'b', 'c']);
    const [first, second, last] = frames as [Buffer, Buffer, Buffer];
    for (const behind of [Buffer.alloc(200), Buffer.alloc(200, 0xff)])
      for (let cut = 0; cut < last.length; cut += 1)
        expect(namesIn(read(fileOf(first, second, last.subarray(0, cut), behind))), `cut at ${cut}`).toEqual([
          'a',
          'b',
        ]);
  });

  it('is left out, whichever of its octets is another', () => {
    const { frames } = framesOf(['a', 'b']);
    const whole = fileOf(...frames);
    const lastAt = FILE_HEADER_BYTES + (frames[0]?.length ?? 0);
    for (let at = lastAt; at < lastAt + (frames[1]?.length ?? 0); at += 1) {
      const torn = Buffer.from(whole);
      torn[at] = (torn[at] ?? 0) ^ 1;
      expect(namesIn(read(torn)), `octet ${at}`).toEqual(['a']);
    }
  });

  it('is not followed by what an earlier use of the file left, though that is sound', () => {
    const { frames, marks } = framesOf(['old-1', 'old-2', 'old-3', 'a', 'b', 'c']);
    const stale = Buffer.concat(frames.slice(0, 3));
    const fresh = Buffer.concat(frames.slice(3, 5));
    for (let cut = 0; cut <= fresh.length; cut += 1) {
      const reused = fileOf(fresh.subarray(0, cut), stale.subarray(cut));
      const names = namesIn(read(reused, fileOf(), marks[3]));
      expect(names, `written up to ${cut}`).toEqual(['a', 'b'].slice(0, names.length));
      expect(names.length).toBe(cut < (frames[3]?.length ?? 0) ? 0 : cut < fresh.length ? 1 : 2);
    }
  });
});

describe('damage before the end', () => {
  it('is refused, whichever octet of a group is another', () => {
    const { frames } = framesOf(['a', 'b', 'c', 'd']);
    const whole = fileOf(...frames);
    const lastAt = FILE_HEADER_BYTES + frames.slice(0, 3).reduce((sum, frame) => sum + frame.length, 0);
    for (let at = FILE_HEADER_BYTES; at < lastAt; at += 1)
      for (const bit of [1, 128]) {
        const spoilt = Buffer.from(whole);
        spoilt[at] = (spoilt[at] ?? 0) ^ bit;
        expect(() => read(spoilt), `octet ${at}`).toThrow(/one is damaged: the group \d is missing or does not fit/);
      }
  });

  it('is refused when a whole file is gone that the database has not taken', () => {
    const { frames } = framesOf(['a', 'b', 'c', 'd']);
    expect(() => read(fileOf(), fileOf(...frames.slice(2)))).toThrow(/the group 1 is missing.*and 3 is there/);
  });

  it('is of no account where the database has taken what it hit', () => {
    const { frames, marks } = framesOf(['a', 'b', 'c']);
    const spoilt = fileOf(...frames);
    spoilt[FILE_HEADER_BYTES + 40] = 0;
    expect(namesIn(read(spoilt, fileOf(), marks[1]))).toEqual(['b', 'c']);
  });
});

describe('what is of another history', () => {
  it('is refused when it has nothing of what the database has taken', () => {
    const { frames, marks } = framesOf(['a', 'b', 'c']);
    expect(() => read(fileOf(frames[0] ?? Buffer.of()), fileOf(), marks[2])).toThrow(
      /one is damaged: it is an older copy, for the database has taken 2 groups/,
    );
  });

  it('is not read when it is of another log', () => {
    const { octets } = encodeFrame([{ key: 'a', text: '1' }], NO_MARK, seedOf(Buffer.from('fedcba9876543210')));
    expect(read(fileOf(octets)).groups).toEqual([]);
  });

  it('is refused when its group is not the one that the database has taken', () => {
    const { frames, marks } = framesOf(['a', 'b']);
    expect(() => read(fileOf(...frames), fileOf(), marks[1])).not.toThrow();
    expect(() => read(fileOf(...frames), fileOf(), { group: 1, sum: 12_345 })).toThrow(/group 1 is not the one/);
  });

  it('is refused when it does not continue what the database has taken', () => {
    const { frames } = framesOf(['b'], { group: 1, sum: 7 });
    expect(() => read(fileOf(...frames), fileOf(), { group: 1, sum: 8 })).toThrow(
      /group 2 does not continue the group 1/,
    );
  });

  it('is not searched in what clients stored: no text has the octets that a frame begins with', () => {
    const { octets } = encodeFrame([{ key: 'inner', text: '"never"' }], NO_MARK, SEED);
    const text = JSON.stringify(octets.toString('latin1'));
    const outer = encodeFrame([{ key: 'key/outer', text }], NO_MARK, SEED).octets;
    expect(namesIn(read(fileOf(outer)))).toEqual(['outer']);
    expect(read(fileOf(outer.subarray(0, outer.length - 1))).groups).toEqual([]);
  });
});
