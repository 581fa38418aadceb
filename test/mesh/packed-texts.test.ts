// Packed texts beside a plain map, found among pages of any size.
import { describe, expect, it } from 'vitest';
import { packTexts, SealedTexts } from '../../mesh/packed-texts.ts';
import { compareKeys } from '../../node/store/record.ts';
import { seededRandom } from '../support/seeded-random.ts';

function sealed(...pages: readonly (readonly string[])[]): SealedTexts {
  const texts = new SealedTexts();
  for (const page of pages) texts.add(packTexts(page));
  return texts;
}

describe('sealed texts', () => {
  it.each([0, 1, 2, 7, 40])('are found among pages of %i', (pageSize) => {
    const random = seededRandom(pageSize);
    const drawn = () =>
      `${['a', 'ü', '\u{1f98a}', '\uffee'][Math.floor(random.next() * 4)]}${Math.floor(random.next() * 90)}`;
    const map = new Map(Array.from({ length: 120 }, () => [drawn(), `text ü of ${drawn()}`]));
    const ordered = [...map].sort(([one], [other]) => compareKeys(one, other));
    const texts = new SealedTexts();
    for (let at = 0; at < ordered.length; at += pageSize || 120) {
      if (pageSize === 0) texts.add(packTexts([]));
      texts.add(packTexts(ordered.slice(at, at + (pageSize || 120)).flat()));
    }
    for (let asked = 0; asked < 400; asked += 1) {
      const key = drawn();
      expect([key, texts.get(key), texts.has(key)]).toEqual([key, map.get(key), map.has(key)]);
    }
    expect([texts.size, [...texts.keys()]]).toEqual([map.size, ordered.map(([key]) => key)]);
    expect([texts.get(''), texts.get('\u{10ffff}')]).toEqual([undefined, undefined]);
  });

  it('are told apart by how they end; one that is shorter than the end does not end so', () => {
    const texts = sealed(['a', 'x--', 'b', '-'], ['c', '--', 'd', '--x']);
    expect([...texts.keysOfEnd('--')]).toEqual(['a', 'c']);
  });

  it('come in order: what does not is a bug of the caller', () => {
    expect(() => sealed(['b', ''], ['b', ''])).toThrow("Texts under 'b' came behind those of a key that is not less.");
    expect(() => sealed(['b', ''], ['a', ''])).toThrow("'a'");
  });

  it('are none once they were cleared', () => {
    const texts = sealed(['a', 'x']);
    texts.clear();
    expect([texts.size, texts.get('a')]).toEqual([0, undefined]);
  });
});
