import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../../node/system/random.ts';

describe("the machine's chance", () => {
  it('gives as many octets as asked for, never the same again', () => {
    const drawn = Array.from({ length: 2_000 }, () => Buffer.from(systemRandom.bytes(16)).toString('hex'));
    expect(new Set(drawn).size).toBe(2_000);
    expect(drawn.every((hex) => hex.length === 32)).toBe(true);
    expect(systemRandom.bytes(10_000).length).toBe(10_000);
    expect(systemRandom.bytes(0).length).toBe(0);
  });

  it('keeps what it gave: later draws do not write into it', () => {
    const first = systemRandom.bytes(64);
    const kept = Uint8Array.from(first);
    for (let draw = 0; draw < 200; draw += 1) systemRandom.bytes(64);
    expect(first).toEqual(kept);
  });
});
