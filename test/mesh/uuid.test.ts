import { describe, expect, it } from 'vitest';
import { newUuid, uuidsFrom } from '../../mesh/uuid.ts';
import { seededRandom } from '../support/seeded-random.ts';

describe('ids', () => {
  it('are version 4 UUIDs, each another one, over many draws', () => {
    const random = seededRandom(1);
    const ids = [newUuid(random), newUuid(random), ...Array.from({ length: 1_000 }, uuidsFrom(random))];
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(1_002);
  });
});
