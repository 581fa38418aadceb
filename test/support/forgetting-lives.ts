// Random lives of a mesh that forgets a host which left: it is evicted, every address is chosen again, and what it had is free, while hosts
// crash, links are cut and names come and go.

import type { AddressKey, HostId } from '../../mesh/names.ts';
import { FRESH_GREETING_MS_MAX } from '../../mesh/state/membership.ts';
import type { Troubles } from './claim-lives.ts';
import { ClaimSimulation, type SimulationOptions } from './claim-simulation.ts';
import { SOON } from './collecting-lives.ts';
import { LONG_GONE } from './forgetting-schedules.ts';
import type { Faults } from './simulated-links.ts';

const FIVE = ['cloud', 'desk', 'lab', 'mac', 'mini'] as string[] as HostId[];
const THREE = ['cloud', 'mac', 'mini'] as string[] as HostId[];
const [desk, mini] = ['desk', 'mini'] as string[] as [HostId, HostId];
const THEIRS = ['a@x.test', 'b@x.test'] as string[] as AddressKey[];
const OTHERS = ['c@x.test', 'd@x.test'] as string[] as AddressKey[];
const CALM: Faults = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };
const PEACE_MS = 60_000;

/** What is wrong with a run, a sentence each; empty when nothing is. */
export function forgetting(seed: number, options: SimulationOptions = {}): Troubles {
  const mesh = new ClaimSimulation(seed, FIVE, CALM, { collecting: SOON, copies: seed % 8 === 0, ...options });
  mesh.formed(THREE, LONG_GONE);
  for (const id of mesh.hostIds) mesh.wish(id, THREE, FIVE);
  for (const id of mesh.hostIds) mesh.start(id);
  mesh.advance(3_000);
  const { random } = mesh;
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item;
  const others = mesh.hostIds.filter((id) => id !== desk);
  mesh.faults = { loss: 0.4 * random.next() ** 2, repeat: 0.1, delayMs: 20 + 100 * random.next(), syncMs: 20 };
  for (const key of THEIRS) mesh.claim(desk, key);
  mesh.advance(random.next() * 1_000);
  // It comes back no more, and no registry of it is left to be counted among the holders.
  mesh.wipe(desk);
  for (const id of others) mesh.wish(id, THREE, ['lab']);
  mesh.advance(random.next() * 15_000);
  for (let step = 0; step < 20; step += 1) {
    const [host, other] = [pick(others), pick(others)];
    const chance = random.next();
    if (step === 5) mesh.command(host, (operation) => ({ type: 'evict', operation, host: desk }));
    else if (chance < 0.3) mesh.claim(host, pick([...THEIRS, ...OTHERS]));
    else if (chance < 0.45) releaseOne(mesh, pick([...THEIRS, ...OTHERS]));
    else if (chance < 0.55) mesh.crash(host);
    else if (chance < 0.62 && host !== other) mesh.cut(host, other);
    else if (chance < 0.75) mesh.mend();
    else if (!mesh.isUp(host)) mesh.start(host);
    mesh.advance(random.next() * 2_000);
  }
  mesh.mend();
  mesh.faults = CALM;
  for (const id of others) if (!mesh.isUp(id)) mesh.start(id);
  mesh.advance(FRESH_GREETING_MS_MAX);
  // Whoever was asked may have crashed before it was durable.
  mesh.command(mini, (operation) => ({ type: 'evict', operation, host: desk }));
  mesh.advance(PEACE_MS);
  return [...mesh.violations, ...namesLeft(mesh), ...claimsInPeace(mesh, others)];
}

function namesLeft(mesh: ClaimSimulation): Troubles {
  const gone = Object.keys(mesh.core(mini)?.membership.config?.gone ?? {});
  return gone.length > Object.keys(LONG_GONE).length ? [`${gone.length} hosts are named that left`] : [];
}

/** Nobody holds what was of the host that left, unless another took it; then that other one alone has it. */
function claimsInPeace(mesh: ClaimSimulation, others: readonly HostId[]): Troubles {
  const troubles: string[] = [];
  for (const key of THEIRS) {
    const holder = others.find((id) => mesh.holds(id, key));
    mesh.claim(mini, key);
    mesh.advance(6_000);
    const last = mesh.outcomes.at(-1);
    const isRight = holder === undefined ? last?.result === 'held' : last?.owner?.hostId === holder || holder === mini;
    if (!isRight)
      troubles.push(`${key} of ${holder ?? 'nobody'} is for mini: ${last?.result} ${last?.owner?.hostId ?? ''}`);
  }
  return troubles;
}

function releaseOne(mesh: ClaimSimulation, key: AddressKey): void {
  const holder = mesh.hostIds.find((id) => mesh.holds(id, key));
  if (holder !== undefined) mesh.release(holder, key);
}
