// Random lives of a mesh that collects released names within moments, where a node takes minutes: one address comes and goes on hosts that
// crash, lose disks, and are cut off, while messages arrive long after they were sent. In every other life the voters change too.
import type { AddressKey, HostId } from '../../mesh/names.ts';
import { mayBeWiped, type Troubles } from './claim-lives.ts';
import { ClaimSimulation, type SimulationOptions } from './claim-simulation.ts';

const FIVE = ['cloud', 'desk', 'lab', 'mac', 'mini'];
const THREE = ['cloud', 'mac', 'mini'];
/** Of two voters none may lose its disk: a move that is under way when one does could end there. */
const LISTS: readonly (readonly string[])[] = [
  THREE,
  ['desk', 'lab', 'mac'],
  ['lab', 'mac', 'mini'],
  ['cloud', 'desk', 'mac'],
];
const KEY = 'a@x.test' as AddressKey;
export const SOON = { afterMs: 200, everyMs: 100 } as const;
const STEPS = 24;
const PEACE_MS = 40_000;

export function collecting(seed: number, options: SimulationOptions = {}): Troubles {
  const isMoving = seed % 2 === 1;
  const calm = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };
  const mesh = new ClaimSimulation(seed, isMoving ? FIVE : THREE, calm, {
    ...{ copies: seed % 8 === 0, collecting: SOON },
    ...options,
  });
  mesh.formed(THREE);
  for (const id of mesh.hostIds) mesh.wish(id, THREE, isMoving ? FIVE : []);
  for (const id of mesh.hostIds) mesh.start(id);
  mesh.advance(3_000);
  const { random } = mesh;
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item;
  const faults = {
    loss: 0.3 * random.next() ** 2,
    repeat: 0.4 * random.next(),
    delayMs: 10 + 1_500 * random.next() ** 3,
    syncMs: 15,
  };
  mesh.faults = faults;
  let wished: readonly string[] = THREE;
  let wiped = false;
  for (let step = 0; step < STEPS; step += 1) {
    const [host, other] = [pick(mesh.hostIds), pick(mesh.hostIds)];
    const chance = random.next();
    if (chance < 0.35) mesh.claim(host, KEY);
    else if (chance < 0.65) releaseAll(mesh);
    else if (chance < 0.73) {
      mesh.crash(host);
      mesh.time.at(random.next() * 1_000, () => {
        if (!mesh.isUp(host)) mesh.start(host);
      });
    } else if (chance < 0.79 && host !== other) mesh.cut(host, other);
    else if (chance < 0.85) mesh.mend();
    else if (chance < 0.88) mesh.read(host, KEY);
    else if (chance < 0.96 && isMoving) {
      wished = pick(LISTS);
      for (const id of mesh.hostIds) if (random.next() < 0.8) mesh.wish(id, wished, FIVE);
    } else if (!wiped && mayBeWiped(mesh, host)) {
      wiped = true;
      mesh.wipe(host);
      mesh.start(host);
    }
    mesh.advance(random.next() ** 2 * 900);
  }
  for (const id of mesh.hostIds) if (isMoving) mesh.wish(id, wished, FIVE);
  mesh.heal();
  mesh.advance(PEACE_MS);
  return [...troublesInPeace(mesh), ...mesh.faultsFound()];
}

/** Every host can have the address in its turn, and what was released leaves nothing behind. */
function troublesInPeace(mesh: ClaimSimulation): Troubles {
  const troubles: string[] = [];
  for (const id of mesh.hostIds) {
    releaseAll(mesh);
    mesh.advance(2_000);
    mesh.claim(id, KEY);
    mesh.advance(6_000);
    for (const other of mesh.hostIds) mesh.read(other, KEY);
    mesh.advance(500);
  }
  releaseAll(mesh);
  mesh.advance(20_000);
  for (const id of mesh.hostIds) {
    const kept = mesh.core(id)?.registers.get(KEY);
    if (kept !== undefined && mesh.epochOf(id).voters.includes(id))
      troubles.push(`${id} still has a register of ${KEY}: ${JSON.stringify(kept)}`);
    if (mesh.unsettled(id) > 0) troubles.push(`${id} still has ${mesh.unsettled(id)} claims or releases to settle`);
  }
  return troubles;
}

function releaseAll(mesh: ClaimSimulation): void {
  for (const id of mesh.hostIds as readonly HostId[]) if (mesh.holds(id, KEY)) mesh.release(id, KEY);
}
