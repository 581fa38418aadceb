import { describe, expect, it } from 'vitest';
import { newUuid, timedUuidsFrom, uuidsFrom } from '../../mesh/uuid.ts';
import { seededRandom } from '../support/seeded-random.ts';

describe('ids', () => {
  it('are version 4 UUIDs, each another one, over many draws', () => {
    const random = seededRandom(1);
    const ids = [newUuid(random), newUuid(random), ...Array.from({ length: 1_000 }, uuidsFrom(random))];
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(1_002);
  });

  it('of version 7 sort by the time at which they were made, each another one within a millisecond', () => {
    let nowMs = Date.UTC(2026, 10, 29);
    const newId = timedUuidsFrom(seededRandom(1), { wallMs: () => nowMs });
    const [first, second] = [newId(), newId()];
    nowMs += 0.9;
    const third = newId();
    nowMs += 1;
    const later = newId();
    for (const id of [first, second, third, later])
      expect(id).toMatch(/^01a22499-f80[01]-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set([first, second, third].map((id) => id.slice(0, 13))).size).toBe(1);
    expect(new Set([first, second, third]).size).toBe(3);
    expect([first, second, third].every((id) => id < later)).toBe(true);
  });
});
