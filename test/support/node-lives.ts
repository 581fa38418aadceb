// Random lives of whole hosts, one seed each: three hosts, in every second life beside a legacy host, claims, releases and look-ups,
// crashes and cuts; then peace, in which every look-up must be complete and name the owner.
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Troubles } from './claim-lives.ts';
import { NodeSimulation, type NodeSimulationOptions } from './node-simulation.ts';

const HOSTS = ['cloud', 'mac', 'mini'] as readonly string[] as readonly HostId[];
const KEYS = ['a@x.test', 'b@x.test', 'c@x.test'] as readonly string[] as readonly AddressKey[];
const LEGACY_KEYS = KEYS.slice(2);
const STEPS = 24;
const PEACE_MS = 12_000;

/** `met`: counts what happened, over many lives. */
export async function nodeLife(
  seed: number,
  options: NodeSimulationOptions = {},
  met?: Map<string, number>,
): Promise<Troubles> {
  const hasLegacy = seed % 2 === 1;
  const calm = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };
  const mesh = new NodeSimulation(seed, HOSTS, hasLegacy ? LEGACY_KEYS : [], calm, options);
  for (const id of HOSTS) await mesh.start(id);
  await mesh.advance(2_000);
  const { random } = mesh;
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item;
  mesh.faults = { loss: 0.3 * random.next() ** 3, repeat: 0.1, delayMs: 20 + 130 * random.next(), syncMs: 15 };
  for (let step = 0; step < STEPS; step += 1) {
    const [host, key, chance] = [pick(HOSTS), pick(KEYS), random.next()];
    if (chance < 0.3) mesh.claim(host, key);
    else if (chance < 0.42) mesh.release(key);
    else if (chance < 0.75) mesh.lookUp(host, key);
    else if (chance < 0.8) mesh.crash(host);
    else if (chance < 0.84) mesh.cut(host, pick(HOSTS));
    else if (chance < 0.87) mesh.mend();
    else if (chance < 0.9) mesh.silenceLegacy(random.next() < 0.5);
    else await mesh.start(host);
    await mesh.advance(random.next() ** 2 * 600);
  }
  await mesh.heal();
  await mesh.advance(PEACE_MS);
  const troubles: string[] = [];
  for (const key of KEYS)
    for (const id of HOSTS)
      mesh.lookUp(id, key, ({ emails, meta }) => {
        const owner = HOSTS.find((host) => mesh.holds(host, key));
        const named = emails.get(key)?.entry.hostId;
        const isLegacys = hasLegacy && LEGACY_KEYS.includes(key);
        if (meta.hostsFailed.length > 0) troubles.push(`${id} takes ${meta.hostsFailed} for silent in peace`);
        if (named !== owner && !(isLegacys && owner === undefined && named === 'old'))
          troubles.push(`${id} is told that ${named ?? 'nobody'} has ${key} in peace, which ${owner ?? 'nobody'} has`);
      });
  await mesh.advance(6_000);
  for (const [what, count] of mesh.met) met?.set(what, (met.get(what) ?? 0) + count);
  return [...troubles, ...mesh.faultsFound()];
}
