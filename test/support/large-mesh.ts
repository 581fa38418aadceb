// What a host asks for in a mesh too large for everybody to follow everybody: counted in the simulation, where requests and octets are exact.
// Two hosts vote, and follow everybody; a third follows through them. The others only answer.
import type { HostId } from '../../mesh/names.ts';
import { FeedSimulation } from './feed-simulation.ts';

const SETTLED_MS = 90_000;
const MEASURED_MS = 60_000;
const CHANGES = 120;

interface Asked {
  readonly idlePerSecond: number;
  /** Of questions and answers while nothing changes. Bodies only. */
  readonly idleOctetsPerSecond: number;
  readonly busyPerSecond: number;
  /** Of questions and answers while there are changes, divided by these. Bodies only. */
  readonly octetsPerChange: number;
}

export interface LargeMeshFigures {
  readonly follower: Asked;
  readonly voter: Asked;
  /** What was wrong on the way, and what the follower does not know at the end. */
  readonly faults: readonly string[];
}

/** A minute in which nothing happens, and one with two changes a second, each on some host. */
export async function largeMeshFigures(count: number): Promise<LargeMeshFigures> {
  const ids = Array.from({ length: count }, (_, at) => `host-${String(at).padStart(4, '0')}` as string as HostId);
  const [voter, second, follower, ...others] = ids;
  if (voter === undefined || second === undefined || follower === undefined) throw new Error('Too few hosts.');
  const mesh = new FeedSimulation(
    1,
    ids,
    { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 },
    { voters: [voter, second], followers: [voter, second, follower] },
  );
  for (const id of ids) await mesh.start(id);
  await mesh.advance(SETTLED_MS);
  const counted = () => [mesh.traffic(follower), mesh.traffic(voter)] as const;
  const settled = counted();
  await mesh.advance(MEASURED_MS);
  const idle = counted();
  for (let change = 0; change < CHANGES; change += 1) {
    const changing = others[Math.floor(mesh.random.next() * others.length)];
    if (changing !== undefined) mesh.change(changing);
    await mesh.advance(MEASURED_MS / CHANGES);
  }
  const busy = counted();
  await mesh.advance(SETTLED_MS);
  const askedBy = (at: 0 | 1): Asked => ({
    idlePerSecond: ((idle[at].requests - settled[at].requests) * 1_000) / MEASURED_MS,
    idleOctetsPerSecond: ((idle[at].octets - settled[at].octets) * 1_000) / MEASURED_MS,
    busyPerSecond: ((busy[at].requests - idle[at].requests) * 1_000) / MEASURED_MS,
    octetsPerChange: (busy[at].octets - idle[at].octets) / CHANGES,
  });
  const faults = [...mesh.violations, ...ids.slice(3).flatMap((id) => mesh.missing(follower, id))];
  return { follower: askedBy(0), voter: askedBy(1), faults };
}
