// A host whose agent holds two addresses, with its conflicts and its search for them: what tests of both begin with.
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { PeerAnswer, PeerRequest } from '../../mesh/ports.ts';
import { ConflictSearch } from '../../node/conflicts/conflict-search.ts';
import { Conflicts } from '../../node/conflicts/conflicts.ts';
import { RestoredClaims } from '../../node/registry/restored-claims.ts';
import { call, type TestRegistry, testRegistry } from './test-registry.ts';

export const KEY = 'a@x.com' as AddressKey;
export const OTHER: Owner = {
  hostId: 'cloud' as HostId,
  agentId: 'o1' as never,
  agentName: 'oberon',
  claimId: 'claim-of-oberon' as never,
  since: '2026-01-01T00:00:00Z',
};

const TITANIA = {
  id: 'a1',
  name: 'titania',
  tools: { email: { addresses: [{ address: 'a@x.com', displayName: 'Titania' }, { address: 'b@x.com' }] } },
};

/** A host whose agent holds `a@x.com` and `b@x.com`, and its conflicts, opened after `prepare`. */
export async function conflictWorld(prepare: (world: TestRegistry) => Promise<void> = async () => undefined) {
  const world = {
    ...(await testRegistry()),
    isOutside: false,
    peers: ['cloud' as HostId],
    said: undefined as string | undefined,
    place: undefined as string | undefined,
  };
  await call(world.app, 'POST', '/api/agents', TITANIA);
  const { store, registry, clock, log, claims, index } = world;
  await prepare(world);
  const restored = await RestoredClaims.load(store);
  const conflicts = await Conflicts.open({ store, registry, restored, clock, log });
  const asked: PeerRequest[] = [];
  let answer: () => PeerAnswer | Promise<PeerAnswer> = () => ({ status: 200, body: {}, etag: '"1"' });
  const search = new ConflictSearch({
    ...{ store, conflicts, clock, log },
    keys: () => index.keys(),
    holds: (key) => index.holder(key) !== undefined,
    isReady: () => claims.outage === undefined,
    keyOf: (address) => address.toLowerCase() as AddressKey,
    peers: () => world.peers,
    isOutside: () => world.isOutside,
    version: () => index.version,
    indexOf: () => world.said,
    placeOf: () => world.place,
    transport: {
      ask: async (request) => {
        asked.push(request);
        return answer();
      },
    },
  });
  const answering = (next: typeof answer) => {
    answer = next;
  };
  const stop = new AbortController();
  const start = () => {
    search.doubt('rejoined');
    void search.run(stop.signal);
  };
  return { ...world, ...changesOf(world), restored, conflicts, search, asked, answering, start, stop };
}

/** What a test makes of the peer. */
function changesOf(world: { isOutside: boolean; said: string | undefined; place: string | undefined }) {
  return {
    outside: () => {
      world.isOutside = true;
    },
    /** By itself, in the heartbeat. */
    says: (index: string | undefined) => {
      world.said = index;
    },
    /** By its log, as relays tell. */
    standsAt: (place: string) => {
      world.place = place;
    },
  };
}

export const listed = (conflicts: Conflicts) => conflicts.page({ limit: 100 });
export const held = (index: { keys(): readonly AddressKey[] }) => [...index.keys()].sort();
