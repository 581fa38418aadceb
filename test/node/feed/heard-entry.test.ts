import { expect, it } from 'vitest';
import type { FeedEntry } from '../../../mesh/feed/feed-entry.ts';
import type { AgentId, HostId } from '../../../mesh/names.ts';
import { heardEntry, toldEntry } from '../../../node/feed/heard-entry.ts';

const cloud = 'cloud' as HostId;
const entry: FeedEntry = {
  ...{ n: 7, id: 'e7', event: 'agent.updated', timestamp: '2026-01-27T12:00:00.000Z', sequence: 3 },
  agent: { id: 'id-puck' as AgentId, name: 'puck', hostId: cloud },
  changes: { added: [], removed: [], modified: [], current: [] },
  rows: { put: [], drop: [] },
};
const { n, ...told } = entry;
const kept = { ...told, chain: 'c7', origin: { hostId: cloud, logId: 'a'.repeat(32), n } };

it('keeps an entry with its origin and its chain', () => {
  expect(heardEntry(cloud, 'a'.repeat(32), { entry, chain: 'c7' })).toEqual(kept);
});

it.each(['seq', 'place', 'resync', 'heardAt', 'digest', 'email', 'rank'])(
  'lets no member of that host become one of this host: %s',
  (name) => {
    const odd = { ...entry, [name]: 77, agent: { ...entry.agent, [name]: 77 } };
    const { told: asTold, ...rest } = heardEntry(cloud, 'a'.repeat(32), { entry: odd, chain: 'c7' });
    expect(rest).toEqual(kept);
    expect(asTold).toEqual(odd);
  },
);

it.each([
  ['as it was told', entry],
  ['with members that are not known here', { ...entry, rank: 1, agent: { ...entry.agent, rank: 2 } }],
  ['without rows', { ...entry, rows: undefined }],
])('passes on an entry %s', (_, one) => {
  const { rows, ...rest } = one;
  const sent = rows === undefined ? rest : one;
  const kept = { ...heardEntry(cloud, 'a'.repeat(32), { entry: sent, chain: 'c7' }), seq: 1, heardAt: '' };
  expect(toldEntry(kept)).toEqual(sent);
});
