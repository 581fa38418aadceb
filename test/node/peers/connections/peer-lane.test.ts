import { expect, it } from 'vitest';
import type { HostId } from '../../../../mesh/names.ts';
import { Lane, PEER_CONNECTIONS_ALL_MAX, PEER_CONNECTIONS_MIN } from '../../../../node/peers/connections/peer-lane.ts';
import { PEER_CONNECTIONS_MAX, PeerPools } from '../../../../node/peers/connections/peer-pools.ts';

const ADDRESSES = { lookup: () => undefined, forget: () => undefined };

/** Places that each of so many peers has. */
function placesOf(peers: number, asksMax = PEER_CONNECTIONS_MAX): readonly number[] {
  const lane = new Lane(new PeerPools(ADDRESSES), asksMax);
  const ids = Array.from({ length: peers }, (_, at) => `h${at}` as HostId);
  for (const id of ids) lane.towards(id);
  return [...new Set(ids.map((id) => lane.towards(id).concurrency))];
}

it.each([
  [1, PEER_CONNECTIONS_MAX],
  [PEER_CONNECTIONS_ALL_MAX / PEER_CONNECTIONS_MAX, PEER_CONNECTIONS_MAX],
  [100, 40],
  [1_000, 4],
  [PEER_CONNECTIONS_ALL_MAX, PEER_CONNECTIONS_MIN],
])('of %i peers each has %i places, those that were asked first as well', (peers, places) => {
  expect(placesOf(peers)).toEqual([places]);
});

it('a kind of question that has few places for a peer has no more where few are asked', () => {
  expect([placesOf(1, 2), placesOf(1_000, 2), placesOf(1, 1)]).toEqual([[2], [2], [1]]);
});

it('a peer that is no more leaves its places to the others', () => {
  const lane = new Lane(new PeerPools(ADDRESSES), PEER_CONNECTIONS_MAX);
  const ids = Array.from({ length: 1_000 }, (_, at) => `h${at}` as HostId);
  for (const id of ids) lane.towards(id);
  for (const id of ids.slice(100)) lane.forget(id);
  expect([[...lane.hosts()].length, lane.towards('h0' as HostId).concurrency]).toEqual([100, 40]);
  for (const id of ids) lane.forget(id);
  expect([[...lane.hosts()], lane.towards('h0' as HostId).concurrency]).toEqual([[], PEER_CONNECTIONS_MAX]);
});
