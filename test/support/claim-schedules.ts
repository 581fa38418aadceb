// Schedules made by hand, for what chance does not find: who hears what, and when.

import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Event } from '../../mesh/state/events.ts';
import type { Troubles } from './claim-lives.ts';
import { ClaimSimulation, type SimulationOptions } from './claim-simulation.ts';
import { COLLECTING_SCHEDULES } from './collecting-schedules.ts';
import type { Faults } from './simulated-links.ts';

const QUICK: Faults = { loss: 0, repeat: 0, delayMs: 1, syncMs: 1 };
const THREE = ['cloud', 'mac', 'mini'];
const FIVE = ['cloud', 'desk', 'lab', 'mac', 'mini'];
const [cloud, desk, lab, mac, mini] = FIVE as string[] as [HostId, HostId, HostId, HostId, HostId];
const KEY = 'a@x.test' as AddressKey;

const isItems = (said: unknown): said is Event & { type: 'received' } =>
  typeof said === 'object' && said !== null && 'type' in said && said.type === 'received';
const isAnswer = (said: unknown): boolean =>
  typeof said === 'object' &&
  said !== null &&
  'kind' in said &&
  ['items', 'ahead', 'behind'].includes(String(said.kind));
const isConfigTold = (said: unknown): boolean => JSON.stringify(said).includes('"config"');

/**
 * The mesh grows from three to five while `mini` hears of nothing but the claims of `mac`. Then it claims with the votes of the old
 * voters, while the new ones give the address to `cloud`.
 */
function leftBehind(options: SimulationOptions): Troubles {
  const mesh = begun(options);
  const lost = (from: HostId, to: HostId, said: unknown) => {
    const isBetween = (one: HostId, other: HostId) => (from === one && to === other) || (from === other && to === one);
    if (isBetween(mini, mac)) return isConfigTold(said) || !(isItems(said) || isAnswer(said)) ? 'lost' : 1;
    if (from === mini || to === mini) return 'lost';
    return isBetween(cloud, mac) && isItems(said) && mesh.epochOf(cloud).epoch >= 3 ? 'lost' : 1;
  };
  mesh.links.delayOf = lost;
  grow(mesh);
  mesh.advance(30_000);
  mesh.claim(cloud, KEY);
  mesh.advance(100);
  mesh.claim(mini, KEY);
  mesh.advance(6_000);
  return atPeace(mesh);
}

/**
 * The mesh grows from three to five. `mac` is told late of the joint configuration: what it answers to those who have it already, and
 * to those who do not, must not be two truths.
 */
function toldLate(options: SimulationOptions): Troubles {
  const mesh = begun(options);
  let isMacTold = false;
  mesh.links.delayOf = (from, to, said) => {
    const isMini = from === mini || to === mini;
    const isMac = from === mac || to === mac;
    if (isMini && !isMac) return 'lost';
    if (isMini) return isConfigTold(said) || !(isItems(said) || isAnswer(said)) ? 'lost' : 1;
    if (to === mac && !isMacTold && isConfigTold(said) && mesh.epochOf(cloud).epoch >= 2) return 'lost';
    const isSettled = mesh.epochOf(cloud).epoch >= 3;
    return isMac && isSettled && isItems(said) ? 'lost' : 1;
  };
  grow(mesh);
  // Until its keys are asked for; then the old voters give the address away, and only afterwards it hears of the move.
  mesh.advance(1_500);
  mesh.claim(mini, KEY);
  mesh.advance(1_000);
  isMacTold = true;
  mesh.advance(30_000);
  mesh.claim(cloud, KEY);
  mesh.advance(6_000);
  return atPeace(mesh);
}

/** `lab`, which does not vote and reaches nobody, is asked to evict `desk`; then it is started again, and later it reaches the others. */
function askedAlone(options: SimulationOptions): Troubles {
  const mesh = begun(options);
  mesh.claim(desk, KEY);
  mesh.advance(1_000);
  mesh.crash(desk);
  for (const id of mesh.hostIds) mesh.wish(id, THREE, [lab]);
  mesh.advance(15_000);
  for (const id of THREE as HostId[]) {
    mesh.cut(lab, id);
    mesh.cut(id, lab);
  }
  mesh.command(lab, (operation) => ({ type: 'evict', operation, host: desk }));
  mesh.advance(100);
  mesh.crash(lab);
  mesh.start(lab);
  mesh.mend();
  mesh.advance(15_000);
  mesh.claim(mac, KEY);
  mesh.advance(1_000);
  const last = mesh.outcomes.at(-1);
  return last?.host === mac && last.result === 'held' ? [] : [`${KEY} is not free after the eviction: ${last?.result}`];
}

export const SCHEDULES = { leftBehind, toldLate, askedAlone, ...COLLECTING_SCHEDULES };
export type ScheduleName = keyof typeof SCHEDULES;

function begun(options: SimulationOptions): ClaimSimulation {
  const mesh = new ClaimSimulation(1, FIVE, QUICK, options);
  mesh.formed(THREE);
  for (const id of mesh.hostIds) mesh.wish(id, THREE, FIVE);
  for (const id of mesh.hostIds) mesh.start(id);
  mesh.advance(100);
  return mesh;
}

function grow(mesh: ClaimSimulation): void {
  // `mini` has heard of it, which is all that is asked of it.
  const plan = mesh.links.delayOf;
  mesh.links.delayOf = undefined;
  mesh.wish(mini, FIVE);
  mesh.advance(20);
  mesh.links.delayOf = plan;
  for (const id of mesh.hostIds) if (id !== mini) mesh.wish(id, FIVE);
}

function atPeace(mesh: ClaimSimulation): Troubles {
  mesh.heal();
  mesh.advance(30_000);
  for (const id of mesh.hostIds) mesh.read(id, KEY);
  mesh.advance(1_000);
  const holders = mesh.hostIds.filter((id) => mesh.holds(id, KEY));
  const doubled = holders.length > 1 ? [`${KEY} is held by ${holders.join(' and ')}`] : [];
  return [...doubled, ...mesh.faultsFound()];
}
