// Random lives of a mesh that follows itself, one seed each: changes on all hosts, crashes, cuts, logs that are trimmed, and in some lives
// altered answers, lost disks, data that is set back, hosts that come and go. Then peace, in which everybody must know everything.
import { changedDigest, EMPTY_DIGEST } from '../../mesh/feed/digest.ts';
import type { IndexRow } from '../../mesh/lookup/index-entry.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Random } from '../../mesh/ports.ts';
import { FeedSimulation, type FeedSimulationOptions } from './feed-simulation.ts';
import type { Faults } from './simulated-links.ts';

const HOSTS = ['cloud', 'mac', 'mini', 'nas', 'pi'] as readonly string[] as readonly HostId[];
const CALM: Faults = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };
const STEPS = 40;

/** `met`: counts what happened, over many lives. */
export async function feedLife(
  seed: number,
  options: FeedSimulationOptions = {},
  met?: Map<string, number>,
): Promise<readonly string[]> {
  return live(new FeedSimulation(seed, HOSTS.slice(0, 2 + (seed % 3)), CALM, { alter: altered, ...options }), met);
}

/** The same where one to three hosts are voters, and the others follow all through them. */
export async function relayLife(
  seed: number,
  options: FeedSimulationOptions = {},
  met?: Map<string, number>,
): Promise<readonly string[]> {
  const voters = HOSTS.slice(0, 1 + (seed % 3));
  return live(new FeedSimulation(seed, HOSTS, CALM, { alter: altered, voters, ...options }), met);
}

async function live(mesh: FeedSimulation, met: Map<string, number> | undefined): Promise<readonly string[]> {
  const { random, hostIds } = mesh;
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item;
  for (const id of hostIds) await mesh.start(id);
  const syncMs = random.next() < 0.5 ? 15 : 200;
  mesh.faults = { loss: 0.3 * random.next() ** 3, repeat: 0.1, delayMs: 5 + 300 * random.next() ** 2, syncMs };
  mesh.alteredShare = random.next() < 0.4 ? 0.2 : 0;
  const losesData = random.next() < 0.5;
  const backups: Backup[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    const [host, chance] = [pick(hostIds), random.next()];
    if (chance < 0.4) mesh.change(host);
    else if (chance < 0.55) await changeInHaste(mesh, host, pick(hostIds));
    else if (chance < 0.6) mesh.crash(host);
    else if (chance < 0.63) mesh.cut(host, pick(hostIds));
    else if (chance < 0.68) mesh.mend();
    else if (chance < 0.73) mesh.trim(host, random.next());
    else if (chance < 0.78) backups.push({ host, restore: mesh.backup(host) });
    else if (chance < 0.85 || !losesData) await mesh.advance(4_000);
    else if (chance < 0.87) mesh.wipe(host);
    else if (chance < 0.97) await setBack(mesh, backups.shift());
    else mesh.list(host, !mesh.isMember(host));
    for (const id of hostIds) if (random.next() < 0.3) await startSome(mesh, id);
    await mesh.advance(random.next() ** 3 * 8_000);
  }
  await mesh.heal();
  for (const [what, count] of mesh.met) met?.set(what, (met.get(what) ?? 0) + count);
  return mesh.faultsFound();
}

interface Backup {
  readonly host: HostId;
  readonly restore: () => void;
}

/** Changes all at once, and a crash in the midst of what they bring. */
async function changeInHaste(mesh: FeedSimulation, host: HostId, crashes: HostId): Promise<void> {
  for (let more = 0; more < 3; more += 1) mesh.change(host);
  await mesh.advance(mesh.random.next() * 250);
  mesh.crash(crashes);
}

/** In half of the cases the host goes on from its old data before anybody else hears of it. */
async function setBack(mesh: FeedSimulation, backup: Backup | undefined): Promise<void> {
  if (backup === undefined || !mesh.isMember(backup.host)) return;
  const { host, restore } = backup;
  restore();
  if (mesh.random.next() < 0.5) return;
  for (const id of mesh.hostIds) mesh.crash(id);
  await mesh.start(host);
  for (let more = 0; more < 3; more += 1) {
    mesh.change(host);
    await mesh.advance(100);
  }
  for (const id of mesh.hostIds) await startSome(mesh, id);
}

async function startSome(mesh: FeedSimulation, id: HostId): Promise<void> {
  if (mesh.isMember(id)) await mesh.start(id);
}

type Told = Readonly<Record<string, unknown>>;

/** An answer about a log as somebody in between would have it, who has no key. */
function altered(body: unknown, random: Random): unknown {
  const answer = body as {
    readonly entries?: readonly Told[];
    readonly agents?: readonly Told[];
    readonly runs?: readonly Run[];
    readonly head: Told;
  };
  const [chance, share] = [random.next(), random.next()];
  if (answer.runs !== undefined) return { ...answer, runs: alteredRuns(answer.runs, chance, share) };
  if (answer.entries !== undefined) return { ...answer, entries: alteredEntries(answer.entries, chance, share) };
  if (answer.agents === undefined) return body;
  // An agent without an address is in no digest: a snapshot comes from its host itself, whose answers are signed whole.
  const rowsOf = (agent: Told) => agent.rows as readonly IndexRow[];
  const left = answer.agents.findIndex((agent) => rowsOf(agent).length > 0);
  const agents = answer.agents.filter((_, place) => place !== left);
  const digest = changedDigest(EMPTY_DIGEST, [], agents.flatMap(rowsOf));
  return { ...answer, agents, ...(chance < 0.5 ? { head: { ...answer.head, digest } } : {}) };
}

interface Run {
  readonly entries: readonly Told[];
  readonly head: Told;
}

/** Runs as a relay would have them that lies, and has no key but its own. */
function alteredRuns(runs: readonly Run[], chance: number, share: number): readonly Run[] {
  const at = Math.floor(share * runs.length);
  const [before, after] = [runs.slice(0, at), runs.slice(at + 1)];
  const run = runs[at];
  if (run === undefined) return runs;
  const { entries, head } = run;
  if (chance < 0.4) return [...before, ...after];
  if (chance < 0.5) return [...before, { entries, head: { ...head, n: Number(head.n) + 1 } }, ...after];
  if (chance < 0.6) return [...before, { entries: entries.slice(1), head }, ...after];
  if (chance < 0.7) return [...before, { entries, head: { ...head, hostId: 'mini' } }, ...after];
  return [...before, { entries: alteredEntries(entries, (chance - 0.7) / 0.3, share), head }, ...after];
}

function alteredEntries(entries: readonly Told[], chance: number, share: number): readonly Told[] {
  const at = Math.floor(share * entries.length);
  const before = entries.slice(0, at);
  const [one, ...after] = entries.slice(at);
  if (one === undefined) return entries;
  if (chance < 0.3) return [...before, ...after];
  if (chance < 0.6) return [...before, { ...one, id: `forged-${String(one.id)}` }, ...after];
  if (chance < 0.8) return [...before, ...after, one];
  return [...before, { ...one, rows: undefined }, ...after];
}
