// A mesh whose voters change: hosts are added and removed, and one loses its disk. Under faults and by chance: search.test.ts.
import { describe, expect, it } from 'vitest';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import { ClaimSimulation } from '../support/claim-simulation.ts';
import type { Faults } from '../support/simulated-links.ts';

const CALM: Faults = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };
const FIVE = ['cloud', 'desk', 'lab', 'mac', 'mini'];
const THREE = ['cloud', 'mac', 'mini'];
const [cloud, desk, lab, mac, mini] = FIVE as [HostId, HostId, HostId, HostId, HostId];
const key = 'a@x.test' as AddressKey;

/** Five hosts, of which the first `voters` have formed a mesh. */
function formed(seed: number, voters: readonly string[], faults = CALM): ClaimSimulation {
  const mesh = new ClaimSimulation(seed, FIVE, CALM);
  for (const id of mesh.hostIds) mesh.wish(id, voters, FIVE);
  for (const id of mesh.hostIds) mesh.start(id);
  mesh.advance(3_000);
  mesh.faults = faults;
  return mesh;
}

function wishAll(mesh: ClaimSimulation, voters: readonly string[]): void {
  for (const id of mesh.hostIds) mesh.wish(id, voters, FIVE);
}

describe('moving a mesh', () => {
  it('grows from three to five and back, and knows every claim all the while', () => {
    const mesh = formed(1, THREE);
    mesh.claim(mac, key);
    mesh.advance(1_000);
    wishAll(mesh, FIVE);
    mesh.advance(10_000);
    expect(mesh.hostIds.map((id) => mesh.epochOf(id).voters)).toEqual(FIVE.map(() => FIVE));
    for (const id of [cloud, desk, lab]) mesh.claim(id, key);
    mesh.advance(1_000);
    wishAll(mesh, ['desk', 'lab', 'mini']);
    mesh.advance(10_000);
    expect(mesh.hostIds.map((id) => mesh.epochOf(id).voters)).toEqual(FIVE.map(() => ['desk', 'lab', 'mini']));
    for (const id of [cloud, desk, lab]) mesh.claim(id, key);
    mesh.advance(1_000);
    expect(mesh.outcomes.map(({ result }) => result)).toEqual(['held', ...Array(6).fill('conflict')]);
  });

  it('brings a host that lost its disk in again by itself', () => {
    const mesh = formed(1, THREE);
    mesh.claim(mac, key);
    mesh.advance(1_000);
    mesh.wipe(cloud);
    mesh.start(cloud);
    mesh.advance(30_000);
    mesh.crash(mac);
    mesh.claim(mini, key);
    mesh.advance(6_000);
    expect(mesh.outcomes.map(({ host, result }) => [host, result])).toEqual([
      [mac, 'held'],
      [mini, 'conflict'],
    ]);
  });
});
