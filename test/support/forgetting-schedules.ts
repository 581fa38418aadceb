// Schedules made by hand for hosts that left long ago: what they had is free, nothing of theirs comes back, and they are forgotten.
import type { AddressKey, HostId } from '../../mesh/names.ts';
import { EVICTED } from '../../mesh/state/config.ts';
import type { Event } from '../../mesh/state/events.ts';
import type { Troubles } from './claim-lives.ts';
import { ClaimSimulation, type SimulationOptions } from './claim-simulation.ts';
import { SOON } from './collecting-lives.ts';
import type { Faults } from './simulated-links.ts';

const QUICK: Faults = { loss: 0, repeat: 0, delayMs: 1, syncMs: 1 };
const FIVE = ['cloud', 'desk', 'lab', 'mac', 'mini'];
const [cloud, desk, lab, mac, mini] = FIVE as string[] as [HostId, HostId, HostId, HostId, HostId];
const THREE = [cloud, mac, mini];
const KEY = 'a@x.test' as AddressKey;
/** With one more, so many are forgotten. */
export const LONG_GONE = Object.fromEntries(Array.from({ length: 64 }, (_, at) => [`gone-${at}`, EVICTED]));

/** What `desk` had is free once the mesh knows nothing of `desk` any more. */
function longGone(options: SimulationOptions): Troubles {
  const mesh = begun(options);
  mesh.claim(desk, KEY);
  mesh.advance(100);
  forget(mesh);
  mesh.advance(30_000);
  return [...stillNamed(mesh), ...claimedBy(mesh, mini)];
}

/**
 * A claim of `desk` was accepted by `mini` alone, and the others have collected what they promised of it. `mini` tells nobody: as long as that
 * is so, `desk` must not be forgotten.
 */
function knownToOne(options: SimulationOptions): Troubles {
  const mesh = begun({ collecting: SOON, ...options });
  mesh.links.delayOf = (from, to, said) => (from === desk && to !== mini && isAccept(said) ? 'lost' : 1);
  mesh.claim(desk, KEY);
  mesh.advance(50);
  mesh.crash(desk);
  mesh.links.delayOf = (from, _, said) => (from === mini && isAboutKeys(said) ? 'lost' : 1);
  mesh.advance(60_000);
  forget(mesh);
  mesh.advance(90_000);
  mesh.links.delayOf = undefined;
  mesh.crash(cloud);
  return claimedBy(mesh, mac);
}

/** `desk` comes back with what it had, which is another's by now: it must ask about it. */
function comesHome(options: SimulationOptions): Troubles {
  const mesh = begun(options);
  mesh.claim(desk, KEY);
  mesh.advance(100);
  forget(mesh);
  mesh.advance(30_000);
  for (const id of mesh.hostIds) mesh.wish(id, THREE, FIVE);
  mesh.start(desk);
  mesh.advance(30_000);
  const isMember = mesh.core(desk)?.membership.config?.members.includes(desk) === true;
  return [
    ...stillNamed(mesh),
    ...(isMember ? [] : ['desk is no member']),
    ...(mesh.doubting.includes(desk) ? [] : ['desk takes what it had for its own']),
  ];
}

/**
 * `desk`, which does not vote, is evicted while it is down, and listed again. The mesh need not have forgotten it, nor moved to other voters: what it
 * had is another's by now, and it must ask about it.
 */
function comesBack(options: SimulationOptions): Troubles {
  const mesh = begun(options, {});
  mesh.claim(desk, KEY);
  mesh.advance(100);
  forget(mesh);
  mesh.advance(5_000);
  const taken = claimedBy(mesh, mini);
  for (const id of mesh.hostIds) mesh.wish(id, THREE, FIVE);
  mesh.advance(15_000);
  mesh.start(desk);
  mesh.advance(30_000);
  const { config } = mesh.core(desk)?.membership ?? {};
  return [
    ...taken,
    ...(config?.members.includes(desk) ? [] : ['desk is no member']),
    ...(config?.settled === undefined ? [] : ['the voters changed']),
    ...(mesh.doubting.includes(desk) ? [] : ['desk takes what it had for its own']),
  ];
}

export const FORGETTING_SCHEDULES = { longGone, knownToOne, comesHome, comesBack };

function begun(options: SimulationOptions, gone = LONG_GONE): ClaimSimulation {
  const mesh = new ClaimSimulation(1, FIVE, QUICK, options);
  mesh.formed(THREE, gone);
  for (const id of mesh.hostIds) mesh.wish(id, THREE, FIVE);
  for (const id of mesh.hostIds) mesh.start(id);
  mesh.advance(100);
  return mesh;
}

/** `desk` leaves, and is evicted. */
function forget(mesh: ClaimSimulation): void {
  mesh.crash(desk);
  for (const id of mesh.hostIds) mesh.wish(id, THREE, [lab]);
  mesh.advance(15_000);
  mesh.command(mac, (operation) => ({ type: 'evict', operation, host: desk }));
  mesh.advance(1_000);
}

function claimedBy(mesh: ClaimSimulation, host: HostId): Troubles {
  mesh.claim(host, KEY);
  mesh.advance(6_000);
  const last = mesh.outcomes.at(-1);
  return last?.host === host && last.result === 'held' ? [] : [`${KEY} is not free for ${host}: ${last?.result}`];
}

function stillNamed(mesh: ClaimSimulation): Troubles {
  const named = Object.keys(mesh.core(mac)?.membership.config?.gone ?? {});
  return named.length === 0 ? [] : [`${named.length} hosts that left are still named`];
}

function isAccept(said: unknown): boolean {
  const event = said as Partial<Event & { type: 'received' }>;
  return event.type === 'received' && event.message?.items[0]?.kind === 'accept';
}

/** Whether it asks for keys, or tells them. */
function isAboutKeys(said: unknown): boolean {
  const { kind, question } = said as Partial<Event & { type: 'asked' }> & { readonly kind?: string };
  return kind === 'keys' || question?.about === 'keys';
}
