// Schedules made by hand for guests: hosts that have an address in a mesh which has not taken them in.
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Troubles } from './claim-lives.ts';
import { ClaimSimulation, type SimulationOptions } from './claim-simulation.ts';
import type { Faults } from './simulated-links.ts';

const QUICK: Faults = { loss: 0, repeat: 0, delayMs: 1, syncMs: 1 };
const FOUR = ['cloud', 'desk', 'mac', 'mini'];
const [cloud, desk, mac, mini] = FOUR as string[] as [HostId, HostId, HostId, HostId];
const THREE = [cloud, mac, mini];
const KEY = 'a@x.test' as AddressKey;
const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * `desk` is a guest of the mesh of `cloud`, `mac` and `mini`, with an address: it is listed by two of them, and by no file any more when it goes.
 * Those who voted for it are started again in between.
 */
export function withGuest(options: SimulationOptions = {}): ClaimSimulation {
  const mesh = new ClaimSimulation(1, FOUR, QUICK, options);
  for (const id of THREE) mesh.wish(id, THREE);
  for (const id of THREE) mesh.start(id);
  mesh.advance(5_000);
  for (const id of [cloud, mac, desk]) mesh.wish(id, THREE, [desk]);
  mesh.start(desk);
  mesh.advance(5_000);
  mesh.claim(desk, KEY);
  mesh.advance(1_000);
  mesh.crash(desk);
  for (const id of [cloud, mac]) {
    mesh.crash(id);
    mesh.start(id);
  }
  mesh.advance(5_000);
  return mesh;
}

/** hosts.json of each of the three lists `desk` no more. */
export function takeOut(mesh: ClaimSimulation): void {
  for (const id of THREE) mesh.wish(id, THREE);
}

/** A day after `desk` was taken out, what it had is anybody's. Nobody asks for it before: a voter that hears of it then would remember it. */
function neverTakenIn(options: SimulationOptions): Troubles {
  const mesh = withGuest(options);
  const isMember = mesh.core(mac)?.membership.config?.members.includes(desk) === true;
  const [had] = mesh.outcomes;
  takeOut(mesh);
  mesh.advance(15_000);
  for (const id of THREE) mesh.crash(id);
  mesh.advance(DAY_MS);
  for (const id of THREE) mesh.start(id);
  mesh.advance(5_000);
  const late = resultOf(mesh, mini);
  return [
    ...(isMember || had?.host !== desk || had.result !== 'held' ? ['desk is no guest with an address'] : []),
    ...(late === 'held' ? [] : [`mini is told ${late} a day after desk left`]),
  ];
}

export const GUEST_SCHEDULES = { neverTakenIn };

function resultOf(mesh: ClaimSimulation, host: HostId) {
  mesh.outcomes.length = 0;
  mesh.claim(host, KEY);
  mesh.advance(6_000);
  return mesh.outcomes.at(-1)?.result;
}
