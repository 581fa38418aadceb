import { describe, expect, it } from 'vitest';
import { compareKeys, type RecordText } from '../../../node/store/record.ts';
import { layOver, type Slice } from '../../../node/store/slice.ts';
import { Unapplied } from '../../../node/store/unapplied.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const random = seededRandom(4);
const KEYS = ['a', 'a/', 'a/1', 'a/2', 'a/10', 'a/\ue000', 'a/🦊', 'b', 'b/1', 'é'];

function someRecords(): ReadonlyMap<string, string | undefined> {
  const some = KEYS.filter(() => random.next() < 0.5);
  return new Map(some.map((key) => [key, random.next() < 0.3 ? undefined : String(random.next())]));
}

function sliceOf(all: ReadonlyMap<string, string | undefined>, prefix: string, after: string, limit: number): Slice {
  const records = [...all].map(([key, text]) => ({ key, text }));
  const inside = records.filter(({ key }) => key.startsWith(prefix) && compareKeys(key, after) > 0);
  inside.sort((one, other) => compareKeys(one.key, other.key));
  return { records: inside.slice(0, limit), isWhole: inside.length <= limit };
}

describe('records that are not in the database yet', () => {
  it('are found in key order, however they came and whenever somebody asked meanwhile', () => {
    for (let run = 0; run < 300; run += 1) {
      const unapplied = new Unapplied();
      const all = new Map<string, string | undefined>();
      for (let step = 0; step < 4; step += 1) {
        for (const [key, text] of [...someRecords()].sort(() => random.next() - 0.5)) {
          unapplied.put({ key, text });
          all.set(key, text);
        }
        const prefix = ['', 'a/', 'b', 'z'][step] ?? '';
        const after = random.next() < 0.5 ? '' : (KEYS[Math.floor(random.next() * KEYS.length)] ?? '');
        const limit = 1 + Math.floor(random.next() * 6);
        expect(unapplied.slice(prefix, after, limit)).toEqual(sliceOf(all, prefix, after, limit));
      }
      for (const key of KEYS) expect(unapplied.find(key)?.text).toBe(all.get(key));
    }
  });
});

describe('a newer slice over an older one', () => {
  it('is what both have, the newer one first, as far as both know', () => {
    for (let run = 0; run < 2_000; run += 1) {
      const [newer, older] = [someRecords(), someRecords()];
      const limit = () => 1 + Math.floor(random.next() * 5);
      const [top, base] = [sliceOf(newer, '', '', limit()), sliceOf(older, '', '', limit())];
      const all: readonly RecordText[] = sliceOf(new Map([...older, ...newer]), '', '', 100).records;
      const found = layOver(top, base);
      expect(found.records).toEqual(all.slice(0, found.records.length));
      if (found.isWhole) expect(found.records).toHaveLength(all.length);
      else expect(found.records.length).toBeGreaterThan(0);
      expect(found.isWhole).toBe(top.isWhole && base.isWhole);
    }
  });
});
