// Random lives of hosts that follow each other, one seed each: changes, crashes, cuts, a host that is wiped, set back or leaves; then peace, in
// which every copy must be what its owner shows, and every reader must have been told all of it.
import type { HostId } from '../../mesh/names.ts';
import type { Troubles } from './claim-lives.ts';
import { FeedSimulation, type FeedSimulationOptions } from './feed-simulation.ts';
import type { MemoryDisk } from './memory-store.ts';

const HOSTS = ['cloud', 'mac', 'mini'] as readonly string[] as readonly HostId[];
const STEPS = 40;
/** Longer than a refused feed rests, twice, and than the hosts that are gone are looked for. */
const PEACE_MS = 150_000;

/** A host whose data is set back, and that has written as much again when its followers next hear of it: with the same addresses. */
async function setBackUnseen(mesh: FeedSimulation): Promise<void> {
  await mesh.create('cloud' as HostId);
  await mesh.advance(1_000);
  const disk = mesh.diskOf('cloud' as HostId);
  await mesh.create('cloud' as HostId);
  await mesh.advance(1_000);
  for (const id of HOSTS) mesh.crash(id);
  await mesh.start('cloud' as HostId, disk);
  await mesh.create('cloud' as HostId);
  for (const id of HOSTS) await mesh.start(id);
  await mesh.advance(1_000);
}

/** A host that begins with nothing, and is stopped in the midst of the snapshots that it takes, on a slow disk. */
async function snapshotCut(mesh: FeedSimulation): Promise<void> {
  for (let count = 0; count < 8; count += 1) await mesh.create('mac' as HostId);
  mesh.faults = { loss: 0, repeat: 0, delayMs: 5, syncMs: 300 };
  for (let time = 0; time < 3; time += 1) {
    mesh.crash('mini' as HostId);
    await mesh.start('mini' as HostId, 'nothing');
    await mesh.advance(100 + 600 * mesh.random.next());
    mesh.crash('mini' as HostId);
    await mesh.start('mini' as HostId);
    await mesh.advance(1_000);
  }
}

/** A host that is stopped in the midst of what it hears, on a slow disk. */
async function chunkCut(mesh: FeedSimulation): Promise<void> {
  mesh.faults = { loss: 0, repeat: 0, delayMs: 5, syncMs: 300 };
  for (let time = 0; time < 5; time += 1) {
    mesh.mutate('mac' as HostId);
    await mesh.advance(100 + 700 * mesh.random.next());
    mesh.crash('mini' as HostId);
    await mesh.start('mini' as HostId);
    await mesh.advance(500);
  }
}

/** `met`: counts what happened, over many lives. */
export async function feedLife(
  seed: number,
  options: FeedSimulationOptions = {},
  met?: Map<string, number>,
): Promise<Troubles> {
  const calm = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };
  const mesh = new FeedSimulation(seed, HOSTS, calm, options);
  const { random } = mesh;
  for (const id of HOSTS) await mesh.start(id);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item;
  if (seed % 4 === 0) await setBackUnseen(mesh);
  if (seed % 4 === 1) await snapshotCut(mesh);
  if (seed % 4 === 2) await chunkCut(mesh);
  const syncMs = random.next() < 0.5 ? 15 : 200;
  mesh.faults = { loss: 0.3 * random.next() ** 3, repeat: 0.1, delayMs: 20 + 130 * random.next(), syncMs };
  let older: { readonly id: HostId; readonly disk: MemoryDisk } | undefined;
  const leaver = random.next() < 0.2 ? pick(HOSTS) : undefined;
  for (let step = 0; step < STEPS; step += 1) {
    const [host, chance] = [pick(HOSTS), random.next()];
    if (chance < 0.35) for (let more = 0; more < 3; more += 1) mesh.mutate(host);
    else if (chance < 0.6) {
      // A crash in the midst of what a change brings.
      for (let more = 0; more < 3; more += 1) mesh.mutate(host);
      await mesh.advance(random.next() * 200);
      mesh.crash(pick(HOSTS));
    } else if (chance < 0.7) mesh.crash(host);
    else if (chance < 0.75) mesh.cut(host, pick(HOSTS));
    else if (chance < 0.8) mesh.mend();
    else if (chance < 0.83) older ??= { id: host, disk: mesh.diskOf(host) };
    else if (chance < 0.86 && older !== undefined) {
      mesh.crash(older.id);
      await mesh.start(older.id, older.disk);
      older = undefined;
    } else if (chance < 0.88) {
      mesh.crash(host);
      await mesh.start(host, 'nothing');
    } else await mesh.start(host);
    await mesh.advance(random.next() ** 2 * 1_500);
  }
  if (leaver !== undefined) mesh.leave(leaver);
  await mesh.heal();
  await mesh.advance(PEACE_MS);
  await mesh.expectPeace();
  for (const [what, count] of mesh.met) met?.set(what, (met.get(what) ?? 0) + count);
  return mesh.violations;
}
