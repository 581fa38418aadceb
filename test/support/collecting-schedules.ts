// Schedules made by hand for the collecting of released names: a message from before arrives after, or a voter was left out.
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Item } from '../../mesh/register/item.ts';
import type { Config } from '../../mesh/state/config.ts';
import type { Event } from '../../mesh/state/events.ts';
import type { Troubles } from './claim-lives.ts';
import { ClaimSimulation, type SimulationOptions } from './claim-simulation.ts';
import { SOON } from './collecting-lives.ts';
import { withEarlierVoters } from './earlier-voters.ts';
import type { Faults } from './simulated-links.ts';

const QUICK: Faults = { loss: 0, repeat: 0, delayMs: 1, syncMs: 1 };
const FIVE = ['cloud', 'desk', 'lab', 'mac', 'mini'];
const [cloud, desk, lab, mac, mini] = FIVE as string[] as [HostId, HostId, HostId, HostId, HostId];
const THREE = [cloud, mac, mini];
const KEY = 'a@x.test' as AddressKey;
const LATE_MS = 20_000;
/** Several times what it takes. */
const ASKED_MS_MAX = 10_000;
type Plan = (from: HostId, to: HostId, said: unknown) => number | 'lost' | undefined;

/**
 * An `accept` of mac's claim arrives when that claim was released and its register collected, at voters that were started again since:
 * it must give nobody the address.
 */
function arrivesLate(options: SimulationOptions): Troubles {
  const mesh = begun(options);
  const late = new Set<HostId>();
  mesh.links.delayOf = (from, to, said) => {
    if (from !== mac || late.has(to) || itemOf(said)?.kind !== 'accept') return 1;
    late.add(to);
    return LATE_MS;
  };
  mesh.claim(mac, KEY);
  mesh.advance(1_000);
  mesh.release(mac, KEY);
  mesh.advance(5_000);
  for (const id of [cloud, mini]) {
    mesh.crash(id);
    mesh.start(id);
  }
  mesh.advance(LATE_MS);
  mesh.claim(mini, KEY);
  mesh.advance(6_000);
  return atPeace(mesh, 'mini');
}

/**
 * `mini` alone still has the register of a released name when the mesh moves to it and two new voters, which hear of the name from nobody.
 * Ballots that are older than the release must decide nothing among them.
 */
function handedOn(options: SimulationOptions): Troubles {
  return moveOf(begun(options), () => false);
}

/**
 * The same, where one of the two new voters is of the version before floors, and the other hears from it alone which configuration ended the
 * move: without the floor. It must take the floor over from who tells it afterwards, in the same epoch.
 */
function passedOnWithout(options: SimulationOptions): Troubles {
  const mesh = begun({ ...options, step: withEarlierVoters((host) => host === lab) });
  const hasMoved = () => mesh.epochOf(desk).epoch > 1 && !mesh.epochOf(desk).isMoving;
  return moveOf(mesh, (from, to, said) => to === desk && from !== lab && !hasMoved() && isSettled(configOf(said)));
}

/** `isHidden`: what never arrives while the mesh moves. */
function moveOf(mesh: ClaimSimulation, isHidden: (from: HostId, to: HostId, said: unknown) => boolean): Troubles {
  // So that ballots of the release are above those that `desk` begins with.
  for (let turn = 0; turn < 20; turn += 1) {
    mesh.claim(cloud, KEY);
    mesh.advance(20);
    mesh.release(cloud, KEY);
    mesh.advance(20);
  }
  let hasEnded = false;
  mesh.links.delayOf = (from, to, said) => {
    const isMini = from === mini || to === mini;
    if (to === mini && aboutOf(said) === 'collect') return 'lost';
    if (from === mini && (aboutOf(said) === 'released' || kindOf(said) === 'keys')) return 'lost';
    if (!hasEnded && isHidden(from, to, said)) return 'lost';
    return hasEnded && isMini && (from === desk || to === desk) && isOfClaims(said) ? 'lost' : 1;
  };
  mesh.advance(2_000);
  for (const id of mesh.hostIds) mesh.wish(id, [desk, lab, mini], FIVE);
  mesh.advance(30_000);
  hasEnded = true;
  mesh.claim(desk, KEY);
  mesh.advance(100);
  mesh.claim(mini, KEY);
  mesh.advance(6_000);
  return atPeace(mesh);
}

/**
 * `cloud` was left out of a claim and of its release, and still has the release before that. Once it has told so, it hears of the claim: what the
 * others drop must not leave that as the newest word.
 */
function leftOut(options: SimulationOptions): Troubles {
  const mesh = begun(options);
  let isOut = false;
  const plan: Plan = (from, to, said) => {
    if (aboutOf(said) === 'released' && (isOut || from === cloud)) return 'lost';
    if (aboutOf(said) === 'collect' && to === cloud) return LATE_MS;
    if (isOut && (from === cloud || to === cloud) && isOfClaims(said))
      return to === cloud && itemOf(said)?.kind === 'accept' && givenBy(said) !== null ? 3_000 : 'lost';
    return 1;
  };
  mesh.links.delayOf = (from, to, said) => (aboutOf(said) === 'released' ? 'lost' : plan(from, to, said));
  mesh.claim(mac, KEY);
  mesh.advance(100);
  mesh.release(mac, KEY);
  mesh.advance(100);
  isOut = true;
  mesh.claim(mac, KEY);
  mesh.advance(300);
  mesh.release(mac, KEY);
  mesh.advance(1_000);
  isOut = false;
  mesh.links.delayOf = plan;
  mesh.advance(10_000);
  mesh.links.delayOf = (from, to, said) => ((from === mac || to === mac) && isOfClaims(said) ? 'lost' : 1);
  mesh.claim(mini, KEY);
  mesh.advance(6_000);
  return atPeace(mesh, 'mini');
}

/** Between the question about a released name and its end `mini` claims it, without `cloud`, which asked. */
function takenMeanwhile(options: SimulationOptions): Troubles {
  const mesh = begun(options);
  let isAsked = false;
  let cutOff: HostId = cloud;
  mesh.links.delayOf = (from, to, said) => {
    if (aboutOf(said) === 'released') isAsked = true;
    if (aboutOf(said) === 'collect') return 2_000;
    const isCut = [from, to].includes(cutOff) && [from, to].includes(mini);
    return isAsked && isCut && isOfClaims(said) ? 'lost' : 1;
  };
  mesh.claim(cloud, KEY);
  mesh.advance(20);
  mesh.release(cloud, KEY);
  for (let ms = 0; !isAsked && ms < ASKED_MS_MAX; ms += 1) mesh.advance(1);
  if (!isAsked) return [`nobody has asked whether ${KEY} is released, ${ASKED_MS_MAX} ms after it was`];
  mesh.advance(5);
  mesh.claim(mini, KEY);
  mesh.advance(3_000);
  cutOff = mac;
  mesh.claim(mac, KEY);
  mesh.advance(6_000);
  return atPeace(mesh);
}

export const COLLECTING_SCHEDULES = { arrivesLate, handedOn, passedOnWithout, leftOut, takenMeanwhile };

function begun(options: SimulationOptions): ClaimSimulation {
  const mesh = new ClaimSimulation(1, FIVE, QUICK, { collecting: SOON, ...options });
  mesh.formed(THREE);
  for (const id of mesh.hostIds) mesh.wish(id, THREE, FIVE);
  for (const id of mesh.hostIds) mesh.start(id);
  mesh.advance(100);
  return mesh;
}

/** `winner`: who must have won the last claim. */
function atPeace(mesh: ClaimSimulation, winner?: string): Troubles {
  const last = mesh.outcomes.at(-1);
  const lost = winner !== undefined && (last?.host !== winner || last.result !== 'held');
  mesh.heal();
  mesh.advance(30_000);
  for (const id of mesh.hostIds) mesh.read(id, KEY);
  mesh.advance(1_000);
  const holders = mesh.hostIds.filter((id) => mesh.holds(id, KEY));
  return [
    ...(lost ? [`${KEY} is not free for ${winner}: ${last?.result}`] : []),
    ...(holders.length > 1 ? [`${KEY} is held by ${holders.join(' and ')}`] : []),
    ...mesh.faultsFound(),
  ];
}

function itemOf(said: unknown): Item | undefined {
  const event = said as Partial<Event & { type: 'received' }>;
  return event.type === 'received' ? event.message?.items[0] : undefined;
}

function givenBy(said: unknown) {
  const item = itemOf(said);
  return item?.kind === 'accept' ? item.value : undefined;
}

function aboutOf(said: unknown): string | undefined {
  const event = said as Partial<Event & { type: 'asked' }>;
  return event.type === 'asked' ? event.question?.about : undefined;
}

function configOf(said: unknown): Config | undefined {
  const { question, config } = said as { readonly question?: { readonly config?: Config }; readonly config?: Config };
  return question?.config ?? config;
}

/** Whether it is a configuration that ended a move. */
function isSettled(config: Config | undefined): boolean {
  return config !== undefined && config.epoch > 1 && config.old === undefined;
}

function kindOf(said: unknown): string | undefined {
  return (said as { readonly kind?: string }).kind;
}

/** Whether it is a message about registers, or its answer. */
function isOfClaims(said: unknown): boolean {
  return itemOf(said) !== undefined || kindOf(said) === 'items';
}
