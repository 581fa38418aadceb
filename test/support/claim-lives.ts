// Random lives of a mesh, one seed each, in two sizes: `full` has three or five hosts, three addresses, some fifty steps, and hosts.json
// that is edited, disks that are lost, hosts that come and go; `micro` has one address, three hosts and six steps, and so visits more
// strange places in the same time. Both end in peace: faults stop, hosts are up, files agree.
import type { AddressKey, HostId } from '../../mesh/names.ts';
import { ClaimSimulation, type SimulationOptions } from './claim-simulation.ts';
import type { Faults } from './simulated-links.ts';

const THREE: readonly HostId[] = ['cloud', 'mac', 'mini'] as string[] as HostId[];
const FIVE: readonly HostId[] = ['cloud', 'desk', 'lab', 'mac', 'mini'] as string[] as HostId[];
const KEYS: readonly AddressKey[] = ['a@x.test', 'b@x.test', 'c@x.test'] as string[] as AddressKey[];
const KEY = KEYS[0] as AddressKey;
const CALM: Faults = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };
/** hosts.json is one of these, on each host at its own time. */
const LISTS: readonly (readonly string[])[] = [
  THREE,
  FIVE,
  ['mac'],
  ['cloud', 'desk', 'lab'],
  ['cloud', 'lab', 'mac', 'mini'],
  ['mac', 'mini'],
];
/** An abort that met a silent mesh tries again after so long, and a claim takes 5 s at the most. */
const PEACE_MS = 40_000;
const WIPES_APART_MS = 60_000;

/** What is wrong with a run, a sentence each; empty when nothing is. */
export type Troubles = readonly string[];

export function full(seed: number, options: SimulationOptions = {}, steps = 50): Troubles {
  const isMoving = seed % 2 === 1;
  const voters = seed % 4 < 2 ? THREE : FIVE;
  const mesh = new ClaimSimulation(seed, isMoving ? FIVE : voters, CALM, { copies: seed % 8 === 0, ...options });
  for (const id of mesh.hostIds) mesh.wish(id, voters, isMoving ? FIVE : []);
  for (const id of mesh.hostIds) mesh.start(id);
  mesh.advance(3_000);
  const { random } = mesh;
  mesh.faults = { loss: 0.4 * random.next() ** 3, repeat: 0.1, delayMs: 20 + 150 * random.next(), syncMs: 20 };
  let wished = voters as readonly string[];
  /** In every other life whoever votes no more is no member any more either. Then no disk is lost: a host without data must find the others in its file. */
  const others = seed % 8 < 4 ? FIVE : [];
  let wipedAtMs = -Infinity;
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item;
  for (let step = 0; step < steps; step += 1) {
    const [host, other] = [pick(mesh.hostIds), pick(mesh.hostIds)];
    const chance = random.next();
    if (chance < 0.4) mesh.claim(host, pick(KEYS));
    else if (chance < 0.58) releaseOne(mesh, pick(KEYS));
    else if (chance < 0.64) mesh.crash(host);
    else if (chance < 0.7 && host !== other) mesh.cut(host, other);
    else if (chance < 0.73) mesh.mend();
    else if (chance < 0.78) mesh.read(host, pick(KEYS));
    else if (chance < 0.79) mesh.lookUp(host, pick(KEYS));
    else if (chance < 0.8) mesh.confirm(host, pick(KEYS));
    else if (chance < 0.83 && isMoving) wished = pick(LISTS);
    else if (chance < 0.88 && isMoving) mesh.wish(host, wished, others);
    else if (chance < 0.9 && mesh.nowMs - wipedAtMs > WIPES_APART_MS && others.length > 0 && mayBeWiped(mesh, host)) {
      wipedAtMs = mesh.nowMs;
      mesh.wipe(host);
    } else if (!mesh.isUp(host)) mesh.start(host);
    mesh.advance(random.next() * 400);
  }
  if (isMoving) for (const id of mesh.hostIds) mesh.wish(id, wished, others);
  mesh.heal();
  mesh.advance(PEACE_MS);
  const members = isMoving ? mesh.hostIds.filter((id) => [...wished, ...others].includes(id)) : mesh.hostIds;
  return [...troublesInPeace(mesh, members), ...mesh.faultsFound()];
}

export function micro(seed: number, options: SimulationOptions = {}): Troubles {
  const mesh = new ClaimSimulation(seed, THREE, CALM, { copies: false, ...options });
  mesh.formed(THREE);
  for (const id of mesh.hostIds) mesh.start(id);
  mesh.advance(20);
  const { random } = mesh;
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item;
  mesh.faults = {
    loss: 0.5 * random.next() ** 2,
    repeat: 0.2 * random.next(),
    delayMs: 10 + 90 * random.next(),
    syncMs: 15,
  };
  let wiped = false;
  for (let step = 0; step < 6; step += 1) {
    const host = pick(mesh.hostIds);
    const chance = random.next();
    if (chance < 0.5) mesh.claim(host, KEY);
    else if (chance < 0.7) releaseOne(mesh, KEY);
    else if (chance < 0.82) {
      mesh.crash(host);
      mesh.time.at(random.next() * 200, () => {
        if (!mesh.isUp(host)) mesh.start(host);
      });
    } else if (chance < 0.87) mesh.cut(host, pick(mesh.hostIds));
    else if (chance < 0.91) mesh.read(host, KEY);
    else if (chance < 0.92) {
      for (const id of mesh.hostIds) mesh.confirm(id, KEY);
    } else if (!wiped && mesh.hostIds.every((id) => mesh.isUp(id))) {
      wiped = true;
      mesh.wipe(host);
      mesh.start(host);
    }
    mesh.advance(random.next() ** 2 * 300);
  }
  mesh.heal();
  mesh.advance(500);
  for (const id of mesh.hostIds) mesh.claim(id, KEY);
  mesh.advance(6_000);
  for (const id of mesh.hostIds) mesh.read(id, KEY);
  mesh.advance(1_000);
  return mesh.faultsFound();
}

/**
 * A host that left is evicted through any of the others, while hosts crash and links are cut: its address is free in the end. In every other
 * life it was a guest, of which only those know that gave it an address.
 */
export function evicting(seed: number, options: SimulationOptions = {}): Troubles {
  const mesh = new ClaimSimulation(seed, FIVE, CALM, options);
  const [cloud, desk, lab, mac, mini] = FIVE as [HostId, HostId, HostId, HostId, HostId];
  const isGuest = seed % 2 === 0;
  mesh.formed(THREE, {}, isGuest ? [cloud, lab, mac, mini] : FIVE);
  for (const id of mesh.hostIds) mesh.wish(id, THREE, FIVE);
  if (isGuest) mesh.wish(mini, THREE, [lab]);
  for (const id of mesh.hostIds) mesh.start(id);
  mesh.advance(3_000);
  mesh.claim(desk, KEY);
  mesh.advance(1_000);
  mesh.crash(desk);
  const others = mesh.hostIds.filter((id) => id !== desk);
  const { random } = mesh;
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item;
  mesh.faults = { loss: 0.4 * random.next() ** 2, repeat: 0.1, delayMs: 20 + 100 * random.next(), syncMs: 20 };
  for (const id of others) mesh.wish(id, THREE, [lab]);
  mesh.advance(random.next() * 20_000);
  const asked = pick(isGuest ? [cloud, mac] : others);
  let kept = false;
  for (let step = 0; step < 12; step += 1) {
    const [host, other] = [pick(others), pick(others)];
    const chance = random.next();
    if (step === 3) {
      if (!mesh.isUp(asked)) mesh.start(asked);
      mesh.command(asked, (operation) => ({ type: 'evict', operation, host: desk }));
      // Until it is on the disk, a crash may forget it: nobody was answered.
      mesh.advance(25);
      kept = true;
    } else if (chance < 0.4) mesh.crash(kept && random.next() < 0.5 ? asked : host);
    else if (chance < 0.6 && host !== other) mesh.cut(host, other);
    else if (chance < 0.7) mesh.mend();
    else if (!mesh.isUp(host)) mesh.start(host);
    mesh.advance(random.next() * 2_000);
  }
  mesh.mend();
  mesh.faults = CALM;
  for (const id of others) if (!mesh.isUp(id)) mesh.start(id);
  mesh.advance(PEACE_MS);
  mesh.claim(mini, KEY);
  mesh.advance(6_000);
  const last = mesh.outcomes.at(-1);
  return last?.result === 'held' && last.host === mini ? [] : [`the address of ${desk} is not free: ${last?.result}`];
}

function releaseOne(mesh: ClaimSimulation, key: AddressKey): void {
  const holder = mesh.hostIds.find((id) => mesh.holds(id, key));
  if (holder !== undefined) mesh.release(holder, key);
}

/** One disk may be lost at a time, of three or more voters, while the mesh rests: more is the operator's loss to accept. */
export function mayBeWiped(mesh: ClaimSimulation, host: HostId): boolean {
  if (!mesh.hostIds.every((id) => mesh.isUp(id))) return false;
  const views = mesh.hostIds.map((id) => mesh.epochOf(id));
  const latest = Math.max(...views.map(({ epoch }) => epoch));
  const isAtRest = views.every(({ epoch, isMoving, voters }) => epoch === latest && !isMoving && voters.length >= 3);
  return isAtRest && !mesh.isJoining(host);
}

/** What must hold once faults have ended: nothing is left in hand, one owner is known everywhere, every host can claim. */
function troublesInPeace(mesh: ClaimSimulation, members: readonly HostId[]): Troubles {
  const troubles: string[] = [];
  for (const id of members)
    if (mesh.unsettled(id) > 0) troubles.push(`${id} still has ${mesh.unsettled(id)} claims or releases to end`);
  for (const key of KEYS) {
    const holders = mesh.hostIds.filter((id) => mesh.holds(id, key));
    if (holders.length > 1) troubles.push(`${key} is held by ${holders.join(' and ')} in peace`);
    const owner = holders[0] === undefined ? undefined : mesh.holds(holders[0], key);
    for (const id of members)
      mesh.read(id, key, (result) => {
        const seen = result.kind === 'read' ? result.owner?.claimId : result.kind;
        // A host that lost its disk forgot what it held: the register still names it, and only it can take the address up again.
        if (result.kind !== 'read' || (owner !== undefined && seen !== owner.claimId))
          troubles.push(
            `${id} takes ${seen ?? 'nobody'} for the owner of ${key}, which ${owner?.claimId ?? 'nobody'} is`,
          );
      });
  }
  mesh.advance(5_000);
  for (const [index, id] of members.entries()) {
    const before = mesh.outcomes.length;
    mesh.claim(id, `fresh-${index}@x.test` as AddressKey);
    mesh.advance(5_000);
    const ended = mesh.outcomes.slice(before).map(({ result }) => result);
    if (ended.join() !== 'held') troubles.push(`a claim of ${id} in peace ends as ${ended.join() || 'nothing'}`);
  }
  return troubles;
}
