// Five simulated hosts, of which some vote, for tests of how that changes.
import type { AddressKey, HostId } from '../../mesh/names.ts';
import { GREETING_MS_MAX } from '../../mesh/peer-silence.ts';
import { ClaimSimulation } from './claim-simulation.ts';
import type { Faults } from './simulated-links.ts';

export const CALM: Faults = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };

export const FIVE = ['cloud', 'desk', 'lab', 'mac', 'mini'];

export const THREE = ['cloud', 'mac', 'mini'];

export const [cloud, desk, lab, mac, mini] = FIVE as [HostId, HostId, HostId, HostId, HostId];

export const key = 'a@x.test' as AddressKey;

/** A recovery asks who is there first; what follows of it takes longer than this. */
export const ASKED_MS = GREETING_MS_MAX + 5;

/** Five hosts, of which the first `voters` have formed a mesh. */
export function formed(seed: number, voters: readonly string[], faults = CALM): ClaimSimulation {
  const mesh = new ClaimSimulation(seed, FIVE, CALM);
  for (const id of mesh.hostIds) mesh.wish(id, voters, FIVE);
  for (const id of mesh.hostIds) mesh.start(id);
  mesh.advance(3_000);
  mesh.faults = faults;
  return mesh;
}

/** Five hosts, of which three vote; `desk` has claimed `key`, and left. */
export function left(seed: number): ClaimSimulation {
  const mesh = formed(seed, THREE);
  mesh.claim(desk, key);
  mesh.advance(1_000);
  mesh.crash(desk);
  for (const id of mesh.hostIds) mesh.wish(id, THREE, [lab]);
  mesh.advance(15_000);
  return mesh;
}

export function evict(mesh: ClaimSimulation, asked: HostId, host = desk) {
  return mesh.command(asked, (operation) => ({ type: 'evict', operation, host }));
}

export function wishAll(mesh: ClaimSimulation, voters: readonly string[]): void {
  for (const id of mesh.hostIds) mesh.wish(id, voters, FIVE);
}
