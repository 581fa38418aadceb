// Held against a map of texts, through whatever comes and goes.
import { describe, expect, it } from 'vitest';
import { hashedKey, KeyTable } from '../../../node/registry/key-table.ts';
import { keyedHash } from '../../../node/registry/keyed-hash.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const hash = keyedHash(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
const hashed = (text: string) => hashedKey(text, hash);

function tableOf() {
  const truth = new Map<string, number>();
  const table = new KeyTable((holder, key) => truth.get(key) === holder);
  const add = (key: string, holder: number) => {
    if (!truth.has(key)) truth.set(key, holder);
    return table.add(hashed(key), holder);
  };
  const remove = (key: string) => {
    table.delete(hashed(key));
    truth.delete(key);
  };
  return { table, truth, add, remove };
}

/** Texts of one hash: there are some among a few hundred thousand. */
function twins(): readonly [string, string] {
  const seen = new Map<number, string>();
  for (let at = 0; ; at += 1) {
    const text = `a${at}@x.com`;
    const twin = seen.get(hash.text(text));
    if (twin !== undefined) return [twin, text];
    seen.set(hash.text(text), text);
  }
}

describe('the table of holders', () => {
  it('knows who holds what, and of nobody else', () => {
    const { table, add } = tableOf();
    expect(table.find(hashed('a@x.com'))).toBeUndefined();
    expect(add('a@x.com', 0)).toBe(0);
    expect([table.find(hashed('a@x.com')), table.find(hashed('b@x.com')), table.size]).toEqual([0, undefined, 1]);
  });

  it('leaves a key with who holds it', () => {
    const { table, add } = tableOf();
    add('a@x.com', 7);
    expect(add('a@x.com', 8)).toBe(7);
    expect([table.find(hashed('a@x.com')), table.size]).toEqual([7, 1]);
  });

  it('tells keys of one hash from each other', () => {
    const [one, other] = twins();
    const { table, add, remove } = tableOf();
    add(one, 1);
    expect(table.find(hashed(other))).toBeUndefined();
    expect(add(other, 2)).toBe(2);
    expect([table.find(hashed(one)), table.find(hashed(other))]).toEqual([1, 2]);
    remove(one);
    expect([table.find(hashed(one)), table.find(hashed(other)), table.size]).toEqual([undefined, 2, 1]);
  });

  it.each([1, 2, 3])('is a map, whatever comes and goes (seed %i)', (seed) => {
    const { table, truth, add, remove } = tableOf();
    const random = seededRandom(seed);
    for (let step = 0; step < 20_000; step += 1) {
      const key = `a${Math.floor(random.next() * 700)}@x.com`;
      if (random.next() < 0.5) add(key, Math.floor(random.next() * 50));
      else remove(key);
    }
    expect(truth.size).toBeGreaterThan(200);
    expect(table.size).toBe(truth.size);
    for (let at = 0; at < 700; at += 1) expect(table.find(hashed(`a${at}@x.com`))).toBe(truth.get(`a${at}@x.com`));
  });
});
