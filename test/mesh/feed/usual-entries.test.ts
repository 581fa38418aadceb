import { describe, expect, it } from 'vitest';
import { CHANGED_ADDRESSES_MAX } from '../../../mesh/feed/limits.ts';
import { feedEntrySchema } from '../../../mesh/feed/messages.ts';
import { isUsualEntry } from '../../../mesh/feed/usual-entries.ts';
import { METADATA_KEYS_MAX } from '../../../mesh/limits.ts';
import { changedJson } from '../../support/changed-json.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const ROW = {
  ...{ address: 'puck@x.com', key: 'puck@x.com', agentId: 'p1', agentName: 'puck', hostId: 'cloud', primary: true },
  ...{ displayName: 'Puck', metadata: { team: 'fairies' } },
};
const ENTRY = {
  ...{ n: 1, id: 'e1', event: 'agent.promoted', timestamp: '2026-01-27T12:00:00.000Z', sequence: 1 },
  agent: { id: 'p1', name: 'puck', hostId: 'cloud' },
  changes: { added: ['puck@x.com'], removed: [], modified: ['a@x.com'], current: ['puck@x.com', 'a@x.com'] },
  rows: { put: [ROW, { ...ROW, displayName: undefined, metadata: undefined }], drop: ['b@x.com'] },
};

const members = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, nth) => [`k${nth}`, 'v']));
/** What a member may be replaced with: bounds, one beyond each, other types, names that objects inherit. */
const ODD: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 1, 1.5, 2 ** 53 - 1, 2 ** 53, '', 'a', 'ab', 'abc', ' Mac ', 'MAC', 'constructor'],
  ...['a b', '-a', 'a\nb', 'a.b', 'email.sent', 'agent.email.changed', 'π', '💌'.repeat(64), '💌'.repeat(65)],
  ...[64, 65, 128, 129, 320, 321, 1_024, 1_025, 2_048, 2_049].map((length) => 'a'.repeat(length)),
  ...['2026-02-28T00:00:00Z', '2026-02-29T00:00:00Z', '2028-02-29T23:59:59.1Z', '2026-01-27T24:00:00Z', '2026-01-27'],
  ...['2026-01-27T12:00:00+01:00', `2026-01-27T12:00:00.${'0'.repeat(30)}Z`],
  ...[[], {}, ['a@x.com'], [7], [ROW], ROW, { constructor: 'v' }, { a: 7 }],
  ...[CHANGED_ADDRESSES_MAX, CHANGED_ADDRESSES_MAX + 1].map((length) => Array(length).fill('a@x.com')),
  ...[METADATA_KEYS_MAX, METADATA_KEYS_MAX + 1].map(members),
];

describe('a usual entry', () => {
  it.each([
    ['as hosts send it', ENTRY],
    ['with members that are not known here', { ...ENTRY, rank: 7, agent: { ...ENTRY.agent, rank: 8 } }],
    ['that changes no address', { ...ENTRY, rows: undefined }],
  ])('%s is told by hand', (_, entry) => {
    expect([isUsualEntry(entry), feedEntrySchema.safeParse(entry).success]).toEqual([true, true]);
  });

  it('is told by hand only where the schema lets it in, whatever is in it', () => {
    const random = seededRandom(1);
    const seen = { both: 0, schemaAlone: 0, neither: 0 };
    for (let run = 0; run < 8_000; run += 1) {
      let value: unknown = ENTRY;
      for (let times = 0; times <= random.next() * 2; times += 1) value = changedJson(value, random, ODD);
      const sent = JSON.parse(JSON.stringify(value)) as unknown;
      const isLetIn = feedEntrySchema.safeParse(sent).success;
      if (isUsualEntry(sent)) {
        expect(isLetIn, JSON.stringify(sent)).toBe(true);
        seen.both += 1;
      } else if (isLetIn) seen.schemaAlone += 1;
      else seen.neither += 1;
    }
    // The search reached both sides, and nothing is left to the schema alone.
    expect(seen.both).toBeGreaterThan(500);
    expect(seen.neither).toBeGreaterThan(500);
    expect(seen.schemaAlone).toBe(0);
  });
});
