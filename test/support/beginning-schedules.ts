// Schedules made by hand for hosts that begin alone: by their hosts.json at first, or as the only voter.
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Troubles } from './claim-lives.ts';
import { ClaimSimulation, type SimulationOptions } from './claim-simulation.ts';
import { SOON } from './collecting-lives.ts';
import type { Faults } from './simulated-links.ts';

const QUICK: Faults = { loss: 0, repeat: 0, delayMs: 1, syncMs: 1 };
const FIVE = ['cloud', 'desk', 'lab', 'mac', 'mini'];
const THREE = ['cloud', 'mac', 'mini'] as string[] as HostId[];
const [cloud, desk, lab, mac] = FIVE as string[] as [HostId, HostId, HostId, HostId];
const [KEY, OTHER_KEY] = ['a@x.test', 'b@x.test'] as string[] as [AddressKey, AddressKey];
/** From one host to another: long after each was asked for an address. */
const FAR_MS = 300;

/**
 * `desk`, alone by its hosts.json, has asked its own mesh about an address when it is listed with the three hosts of another one. Both are asked
 * for that address before they hear each other.
 */
function listedLater(options: SimulationOptions): Troubles {
  const mesh = new ClaimSimulation(1, FIVE, QUICK, options);
  for (const id of THREE) mesh.wish(id, THREE);
  mesh.wish(desk, [desk]);
  for (const id of [...THREE, desk]) mesh.start(id);
  mesh.read(desk, KEY);
  mesh.advance(5_000);
  const formed = [desk, cloud].map((id) => mesh.epochOf(id).epoch);
  mesh.links.delayOf = (from, to) => (from === desk || to === desk ? FAR_MS : 1);
  for (const id of [...THREE, desk]) mesh.wish(id, [...THREE, desk]);
  for (const id of [desk, cloud]) mesh.claim(id, KEY);
  mesh.advance(10_000);
  mesh.links.delayOf = undefined;
  mesh.advance(20_000);
  const apart = new Set([desk, cloud].map((id) => mesh.core(id)?.membership.config?.mesh)).size > 1;
  return [
    ...(formed.join() === '1,1' ? [] : [`the two meshes have the epochs ${formed.join()} before`]),
    ...(apart ? ['desk stays apart'] : []),
    ...claimedBy(mesh, desk, OTHER_KEY),
    ...mesh.faultsFound(),
  ];
}

/** `desk` gave out an address while it was alone. Listed with hosts that are not there, it goes on at once, after a restart too. */
function goesOnAlone(options: SimulationOptions): Troubles {
  const mesh = alone(options);
  mesh.wish(desk, [cloud, desk]);
  const before = claimedBy(mesh, desk, OTHER_KEY, 100);
  mesh.crash(desk);
  mesh.start(desk);
  mesh.advance(10);
  return [...before, ...claimedBy(mesh, desk, 'c@x.test' as AddressKey, 100), ...mesh.faultsFound()];
}

/**
 * `lab` heard of the mesh in which `desk` is alone, and was not heard itself. Until it is there again, what `desk` had given out is released,
 * and collected.
 */
function toldBefore(options: SimulationOptions): Troubles {
  const mesh = alone({ collecting: SOON, ...options });
  mesh.links.delayOf = (from) => (from === lab ? 'lost' : 1);
  for (const id of [desk, lab]) mesh.wish(id, [desk, lab]);
  mesh.start(lab);
  mesh.advance(12_000);
  const isTold = mesh.epochOf(lab).voters.join() === desk;
  mesh.crash(lab);
  mesh.links.delayOf = undefined;
  mesh.release(desk, KEY);
  mesh.advance(5_000);
  const isCollected = mesh.core(desk)?.registers.size === 0;
  mesh.crash(desk);
  mesh.start(desk);
  mesh.advance(1_000);
  mesh.start(lab);
  mesh.advance(30_000);
  return [
    ...(isTold ? [] : ['lab was not told']),
    ...(isCollected ? [] : ['nothing was collected']),
    ...claimedBy(mesh, lab, KEY),
    ...claimedBy(mesh, desk, OTHER_KEY),
    ...mesh.faultsFound(),
  ];
}

/** `mac` alone votes, and loses its disk: `lab`, which does not vote, has an address by its former votes. */
function lostItsDisk(options: SimulationOptions): Troubles {
  const mesh = new ClaimSimulation(1, FIVE, QUICK, options);
  for (const id of [mac, lab]) mesh.wish(id, [mac], [lab]);
  for (const id of [mac, lab]) mesh.start(id);
  mesh.advance(5_000);
  const before = [...claimedBy(mesh, mac, OTHER_KEY), ...claimedBy(mesh, lab, KEY)];
  mesh.wipe(mac);
  mesh.links.delayOf = () => FAR_MS;
  mesh.start(mac);
  mesh.claim(mac, KEY);
  mesh.advance(10_000);
  const last = mesh.outcomes.at(-1);
  const isRefused = last?.host === mac && last.result === 'unavailable';
  return [...before, ...(isRefused ? [] : [`mac is told ${last?.result}`]), ...mesh.faultsFound()];
}

export const BEGINNING_SCHEDULES = { listedLater, goesOnAlone, toldBefore, lostItsDisk };

/** `desk` alone by its file, with an address. */
function alone(options: SimulationOptions): ClaimSimulation {
  const mesh = new ClaimSimulation(1, FIVE, QUICK, options);
  mesh.wish(desk, [desk]);
  mesh.start(desk);
  mesh.claim(desk, KEY);
  mesh.advance(100);
  return mesh;
}

function claimedBy(mesh: ClaimSimulation, host: HostId, key: AddressKey, withinMs = 6_000): Troubles {
  mesh.claim(host, key);
  mesh.advance(withinMs);
  const last = mesh.outcomes.at(-1);
  return last?.host === host && last.key === key && last.result === 'held'
    ? []
    : [`${host} does not get ${key}: ${last?.result}`];
}
