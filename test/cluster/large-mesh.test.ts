// A host that does not vote, in a mesh too large for everybody to follow everybody; `npm run bench -- relays` has a thousand hosts.
import { expect, it } from 'vitest';
import { largeMeshFigures } from '../support/large-mesh.ts';

const HOSTS = 80;

it('hears of everything with few requests and octets, however many hosts there are', async () => {
  const { follower, voter, faults } = await largeMeshFigures(HOSTS);
  expect(faults).toEqual([]);
  expect(follower.idlePerSecond).toBeLessThan(1);
  expect(follower.idleOctetsPerSecond).toBeLessThan(1_024);
  expect(follower.busyPerSecond).toBeLessThan(5);
  expect(follower.octetsPerChange).toBeLessThan(2_048);
  expect(voter.idlePerSecond).toBeGreaterThan(HOSTS / 60);
});
