import { expect, it } from 'vitest';
import { parseRoster } from '../../../../mesh/hosts-json.ts';
import type { HostId } from '../../../../mesh/names.ts';
import { LegacyPeers } from '../../../../node/peers/legacy/legacy-peers.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { testKeys } from '../../../support/test-keys.ts';

const HOSTS = 300;
const { key } = testKeys('h').h;

async function peersOf(legacy?: string) {
  const ids = Array.from({ length: HOSTS }, (_, at) => `h${at}`);
  const hosts = ids.map((id, at) => ({ id, url: `http://127.0.0.1:${20_000 + at}`, legacy: id === legacy }));
  let roster = parseRoster(JSON.stringify({ hosts }), { id: 'h0', hostName: 'h0' });
  const known = new Set<string>();
  const seen = { asked: 0 };
  const peers = await LegacyPeers.open({
    ...{ mode: 'detect', store: new MemoryStore(), log: new RecordingLog() },
    roster: () => roster,
    keys: {
      known: (id) => {
        seen.asked += 1;
        return known.has(id) ? key : undefined;
      },
    },
    believesLegacy: () => true,
    changed: () => undefined,
  });
  const list = (more: object) => {
    roster = parseRoster(JSON.stringify({ hosts: [...hosts, more] }), { id: 'h0', hostName: 'h0' });
  };
  return { peers, known, seen, list };
}

it('in a settled mesh a claim looks at no peer, however many there are', async () => {
  const { peers, known, seen } = await peersOf();
  expect([peers.unmet().length, peers.listed()]).toEqual([HOSTS - 1, []]);
  for (let at = 0; at < HOSTS; at += 1) known.add(`h${at}`);
  expect(peers.unmet()).toEqual([]);
  seen.asked = 0;
  expect([peers.unmet(), peers.listed(), seen.asked]).toEqual([[], [], 0]);
});

it('a peer that comes with an edit of hosts.json is unmet', async () => {
  const { peers, known, list } = await peersOf();
  for (let at = 0; at < HOSTS; at += 1) known.add(`h${at}`);
  expect(peers.unmet()).toEqual([]);
  list({ id: 'new', url: 'http://127.0.0.1:30000' });
  expect(peers.unmet()).toEqual(['new']);
});

it('one that is declared is listed, and one that was heard without a key is', async () => {
  const { peers, known } = await peersOf('h7');
  for (let at = 10; at < HOSTS; at += 1) known.add(`h${at}`);
  await peers.heard('h8' as HostId, { kind: 'legacy', address: '10.0.0.7', why: 'No hello.' });
  expect(peers.listed()).toEqual(['h7', 'h8']);
  expect(peers.unmet()).toEqual(['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'h9']);
});
