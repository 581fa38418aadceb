// Random lives of a mesh that begins: three new hosts, of which one lists itself alone at first, and only looks up what its own mesh has. The
// others list all three or each other. In the end everybody lists everybody: nobody may have given out an address apart from the others.
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Troubles } from './claim-lives.ts';
import { ClaimSimulation, type SimulationOptions } from './claim-simulation.ts';
import type { Faults } from './simulated-links.ts';

const HOSTS = ['cloud', 'mac', 'mini'] as string[] as HostId[];
const KEYS = ['a@x.test', 'b@x.test'] as string[] as AddressKey[];
/** What a mesh of one knows says nothing of what others have, so it is asked about this alone. */
const NOBODYS = 'nobodys@x.test' as AddressKey;
const CALM: Faults = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };
const STEPS = 24;
const PEACE_MS = 40_000;

/** What is wrong with a run, a sentence each; empty when nothing is. */
export function beginnings(seed: number, options: SimulationOptions = {}): Troubles {
  const mesh = new ClaimSimulation(seed, HOSTS, CALM, { copies: seed % 8 === 0, ...options });
  const { random } = mesh;
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item;
  const first = pick(HOSTS);
  const others = HOSTS.filter((id) => id !== first);
  mesh.wish(first, [first]);
  for (const id of others) mesh.wish(id, random.next() < 0.5 ? HOSTS : others);
  mesh.faults = { loss: 0.4 * random.next() ** 2, repeat: 0.1, delayMs: 20 + 400 * random.next() ** 2, syncMs: 20 };
  const unlisted = new Set(HOSTS);
  for (let step = 0; step < STEPS; step += 1) {
    const [host, other] = [pick(HOSTS), pick(HOSTS)];
    const chance = random.next();
    const isAlone = host === first && unlisted.has(first);
    if (!mesh.isUp(host)) mesh.start(host);
    else if (chance < 0.3) isAlone ? mesh.read(host, NOBODYS) : mesh.claim(host, pick(KEYS));
    else if (chance < 0.4) releaseOne(mesh, pick(KEYS));
    else if (chance < 0.55) listAll(mesh, host, unlisted);
    else if (chance < 0.65) mesh.crash(host);
    else if (chance < 0.72 && host !== other) mesh.cut(host, other);
    else if (chance < 0.8) mesh.mend();
    mesh.advance(random.next() ** 2 * 3_000);
  }
  for (const id of HOSTS) listAll(mesh, id, unlisted);
  mesh.heal();
  mesh.advance(PEACE_MS);
  return [...apartInPeace(mesh), ...mesh.faultsFound()];
}

function listAll(mesh: ClaimSimulation, host: HostId, unlisted: Set<HostId>): void {
  unlisted.delete(host);
  mesh.wish(host, HOSTS);
}

function releaseOne(mesh: ClaimSimulation, key: AddressKey): void {
  const holder = mesh.hostIds.find((id) => mesh.holds(id, key));
  if (holder !== undefined) mesh.release(holder, key);
}

/** They are one mesh, each can claim, and no address is held twice. */
function apartInPeace(mesh: ClaimSimulation): Troubles {
  const troubles: string[] = [];
  const meshes = new Set(HOSTS.map((id) => mesh.core(id)?.membership.config?.mesh));
  if (meshes.size > 1) troubles.push(`the hosts are in ${meshes.size} meshes`);
  for (const key of KEYS) {
    const holders = HOSTS.filter((id) => mesh.holds(id, key));
    if (holders.length > 1) troubles.push(`${key} is held by ${holders.join(' and ')} in peace`);
  }
  for (const id of HOSTS) {
    mesh.claim(id, `of-${id}@x.test` as AddressKey);
    mesh.advance(6_000);
    const last = mesh.outcomes.at(-1);
    if (last?.host !== id || last.result !== 'held') troubles.push(`${id} claims nothing in peace: ${last?.result}`);
  }
  return troubles;
}
