// The hosts of a mesh, played by threads: each that votes has one to itself, as it has a machine to itself elsewhere, for it does the work of all;
// the others share some. Were one event loop to play them all, everything would wait for everything.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../../node/system/clock.ts';
import { keepMeshClock, meshClock } from './mesh-clock.ts';
import type { Counted, Order, PeersPlayed } from './peer-thread.ts';

/** Threads that play the hosts without a vote. */
const OTHERS_THREADS = 4;

interface Peer {
  readonly id: string;
  readonly url: string;
  readonly voter: boolean;
}

/** Begins them all; `heard`: the hosts that each speaks with, absent: all. */
export async function startPeerThreads(peers: readonly Peer[], heard: readonly string[] | undefined) {
  await using stack = new AsyncDisposableStack();
  const { memory } = stack.use(keepMeshClock());
  const clock = { memory, beganMs: systemClock.wallMs() };
  const hosts = JSON.stringify({ hosts: peers });
  const groups = groupsOf(peers).map((group): PeersPlayed => ({ peers: group, hosts, heard, clock }));
  const threads = groups.map((workerData) => {
    const thread = new Worker(new URL('./peer-thread.ts', import.meta.url), { workerData });
    // Nothing of them is to be kept.
    stack.defer(() => thread.terminate().then(() => undefined));
    return thread;
  });
  await Promise.all(threads.map((thread) => once(thread, 'message')));
  for (const thread of threads) thread.postMessage('start' satisfies Order);
  const owned = stack.move();
  return {
    clock: meshClock(memory, clock.beganMs),
    counted: async (): Promise<Counted> => {
      const each = await Promise.all(threads.map(countedBy));
      const sum = (of: keyof Counted) => each.reduce((all, one) => all + one[of], 0);
      return {
        ...{ formed: sum('formed'), ready: sum('ready') },
        ...{ questions: sum('questions'), hellos: sum('hellos'), cpuMs: sum('cpuMs') },
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function groupsOf(peers: readonly Peer[]): readonly (readonly Peer[])[] {
  const others = peers.filter(({ voter }) => !voter);
  const size = Math.ceil(others.length / OTHERS_THREADS);
  const shared = Array.from({ length: OTHERS_THREADS }, (_, at) => others.slice(at * size, (at + 1) * size));
  return [...peers.filter(({ voter }) => voter).map((voter) => [voter]), ...shared].filter(({ length }) => length > 0);
}

async function countedBy(thread: Worker): Promise<Counted> {
  const answer = once(thread, 'message');
  thread.postMessage('count' satisfies Order);
  const [counted] = await answer;
  return counted as Counted;
}
