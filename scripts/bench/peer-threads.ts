// The hosts of a mesh, played by threads: each that votes has one to itself, as it has a machine to itself elsewhere, for it does the work of all;
// the others share some. Were one event loop to play them all, everything would wait for everything.
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Counted, Orders, PeersPlayed, PlayedPeer, Progress } from './peer-thread.ts';

/** Threads that play the hosts without a vote. */
const OTHERS_THREADS = 4;

/** Where a node keeps the compiled form of its modules too. */
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/mesh', import.meta.url));
/** Where the benchmarks of this version lie. */
export const OWN_BENCHMARKS = new URL('./', import.meta.url).href;

export interface ThreadedPeer extends PlayedPeer {
  readonly voter: boolean;
}

export interface PeerThreads extends AsyncDisposable {
  /** Starts the hosts that vote, those that do not, or all; resolves when they listen. */
  start(which: 'voters' | 'others' | 'all'): Promise<void>;
  counted(): Promise<Counted>;
  progress(): Promise<Progress>;
}

/** A key for a host, as its thread takes it, and as hosts.json tells it. */
export function newPeerKey(): Pick<PlayedPeer, 'key'> & { readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { key, publicKey: publicKey.export({ format: 'jwk' }).x ?? '' };
}

/** Resolves when all threads have loaded the code. */
export async function loadPeerThreads(
  peers: readonly ThreadedPeer[],
  play: Omit<PeersPlayed, 'peers'>,
): Promise<PeerThreads> {
  await using stack = new AsyncDisposableStack();
  // Else each thread would strip the types of all modules anew.
  const env = { ...process.env, NODE_COMPILE_CACHE: COMPILED };
  const threads = groupsOf(peers).map((group) => {
    const workerData: PeersPlayed = { ...play, peers: group };
    const thread = new Worker(new URL('./peer-thread.ts', import.meta.url), { workerData, env });
    // Nothing of them is to be kept.
    stack.defer(() => thread.terminate().then(() => undefined));
    return { thread, isVoter: group.some(({ voter }) => voter) };
  });
  await Promise.all(threads.map(({ thread }) => once(thread, 'message')));
  const owned = stack.move();
  const askAll = <Order extends keyof Orders>(order: Order) =>
    Promise.all(threads.map(({ thread }) => answerOf(thread, order)));
  return {
    start: async (which) => {
      const chosen = threads.filter(({ isVoter }) => which === 'all' || isVoter === (which === 'voters'));
      await Promise.all(chosen.map(({ thread }) => answerOf(thread, 'start')));
    },
    counted: async () => {
      const asked: Record<string, number> = {};
      let cpuMs = 0;
      for (const one of await askAll('count')) {
        for (const [path, count] of Object.entries(one.asked)) asked[path] = (asked[path] ?? 0) + count;
        cpuMs += one.cpuMs;
      }
      return { asked, cpuMs };
    },
    progress: async () => {
      const each = await askAll('look');
      const sum = (of: keyof Progress) => each.reduce((all, one) => all + one[of], 0);
      return { formed: sum('formed'), ready: sum('ready') };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function groupsOf(peers: readonly ThreadedPeer[]): readonly (readonly ThreadedPeer[])[] {
  const others = peers.filter(({ voter }) => !voter);
  const size = Math.ceil(others.length / OTHERS_THREADS);
  const shared = Array.from({ length: OTHERS_THREADS }, (_, at) => others.slice(at * size, (at + 1) * size));
  return [...peers.filter(({ voter }) => voter).map((voter) => [voter]), ...shared].filter(({ length }) => length > 0);
}

/** Rejects with the thread's error when it ends instead. */
function answerOf<Order extends keyof Orders>(thread: Worker, order: Order): Promise<Orders[Order]> {
  const { promise, resolve, reject } = Promise.withResolvers<Orders[Order]>();
  const hear = (answer: { readonly order: keyof Orders; readonly said: Orders[Order] }) => {
    if (answer.order === order) resolve(answer.said);
  };
  thread.on('message', hear);
  thread.once('error', reject);
  thread.postMessage(order);
  return promise.finally(() => thread.off('message', hear).off('error', reject));
}
