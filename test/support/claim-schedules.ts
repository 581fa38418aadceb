// Schedules made by hand, for what chance does not find: who hears what, and when.

import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Event } from '../../mesh/state/events.ts';
import { BEGINNING_SCHEDULES } from './beginning-schedules.ts';
import type { Troubles } from './claim-lives.ts';
import { ClaimSimulation, type SimulationOptions } from './claim-simulation.ts';
import { COLLECTING_SCHEDULES } from './collecting-schedules.ts';
import { FORGETTING_SCHEDULES } from './forgetting-schedules.ts';
import { GUEST_SCHEDULES } from './guest-schedules.ts';
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
const isAsked = (said: unknown): boolean =>
  typeof said === 'object' && said !== null && 'type' in said && said.type === 'asked';
const saysAbout = (said: unknown, about: string): boolean => JSON.stringify(said).includes(`"about":"${about}"`);
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

/**
 * `mac` is started again, and so knows nobody's profile. What it asks of `cloud` is lost, and for a while so are the whole greetings of
 * `cloud`, which goes by what it heard of `mac` before.
 */
function forgottenProfile(options: SimulationOptions): Troubles {
  const mesh = begun(options);
  mesh.advance(25_000);
  mesh.crash(mac);
  let short = 0;
  mesh.links.delayOf = (from, to, said) => {
    if (from === mac && to === cloud) return isAsked(said) ? 'lost' : 1;
    if (from !== cloud || to !== mac) return 1;
    if (saysAbout(said, 'again')) short += 1;
    return saysAbout(said, 'greeting') && mesh.nowMs < 50_000 ? 'lost' : 1;
  };
  mesh.start(mac);
  mesh.advance(20_000);
  const early = mesh.core(mac)?.membership.greetings.has(cloud) ? ['mac believes what it was not told'] : [];
  mesh.advance(25_000);
  const heard = mesh.core(mac)?.membership.greetings.has(cloud) ? [] : [`${mac} has not heard ${cloud}`];
  const often = short > 5 ? [`${cloud} told ${mac} ${short} times by its name what ${mac} did not know`] : [];
  return [...early, ...heard, ...often, ...atPeace(mesh)];
}

/** The wish of `cloud` changes and changes back, and what it said in between comes late to `mac`, which `cloud` does not hear meanwhile. */
function backAndForth(options: SimulationOptions): Troubles {
  const mesh = begun(options);
  mesh.advance(25_000);
  mesh.links.delayOf = (from, to, said) => {
    if (from === mac && to === cloud) return 'lost';
    return from === cloud && to === mac && saysAbout(said, 'greeting') ? 500 : 1;
  };
  mesh.wish(cloud, [cloud, mac]);
  mesh.advance(10);
  mesh.wish(cloud, THREE, FIVE);
  mesh.advance(15_000);
  return atPeace(mesh);
}

/** `desk` and `lab` join one after the other, and `mini` loses its disk: each of them changes what a host says of itself. */
function otherProfiles(options: SimulationOptions): Troubles {
  const mesh = begun(options);
  mesh.advance(25_000);
  for (const voters of [[...THREE, desk], FIVE]) {
    for (const id of mesh.hostIds) mesh.wish(id, voters, FIVE);
    mesh.advance(15_000);
  }
  mesh.wipe(mini);
  mesh.start(mini);
  mesh.advance(25_000);
  mesh.claim(mini, KEY);
  mesh.advance(5_000);
  const epochs = new Set(mesh.hostIds.map((id) => mesh.epochOf(id).epoch));
  const apart = epochs.size === 1 ? [] : [`the hosts go by the epochs ${[...epochs].join(', ')}`];
  return [...apart, ...atPeace(mesh)];
}

export const SCHEDULES = {
  ...{ leftBehind, toldLate, askedAlone, forgottenProfile, backAndForth, otherProfiles },
  ...BEGINNING_SCHEDULES,
  ...COLLECTING_SCHEDULES,
  ...FORGETTING_SCHEDULES,
  ...GUEST_SCHEDULES,
};
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
