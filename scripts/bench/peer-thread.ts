// A thread that plays some hosts of a mesh whose hosts all start at once. It loads its code, says so, starts them when it is told to, and from then
// on says what it has counted whenever it is asked.
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../node/system/clock.ts';
import { type IdlePeer, newSigner, startIdlePeer } from './idle-peers.ts';
import { meshClock } from './mesh-clock.ts';
import { sendingOffPorts } from './sending-off.ts';
import { threadCpuMs } from './thread-cpu.ts';

/** What the thread is to play. */
export interface PeersPlayed {
  readonly peers: readonly { readonly id: string; readonly url: string }[];
  /** The text of hosts.json. */
  readonly hosts: string;
  /** The hosts that each peer speaks with; absent: all. */
  readonly heard: readonly string[] | undefined;
  /** What `meshClock` takes. */
  readonly clock: { readonly memory: SharedArrayBuffer; readonly beganMs: number };
}

/** What it has counted since the start. */
export interface Counted {
  /** Hosts that know of the mesh. */
  readonly formed: number;
  /** Hosts that could claim now. */
  readonly ready: number;
  readonly questions: number;
  /** Hellos among them. */
  readonly hellos: number;
  readonly cpuMs: number;
}

export type Order = 'start' | 'count';

const { peers, hosts, heard, clock }: PeersPlayed = workerData;
const speaksWith = heard && new Set(heard);
const started: IdlePeer[] = [];
let [formed, questions, hellos] = [0, 0, 0];

parentPort?.on('message', (order: Order) => {
  if (order === 'count') parentPort?.postMessage(count());
  // A thread in which a host can't start ends with its error.
  else void start();
});
parentPort?.postMessage('loaded');

function count(): Counted {
  const ready = started.filter((peer) => peer.whyNoClaims() === undefined).length;
  return { formed, ready, questions, hellos, cpuMs: threadCpuMs() };
}

async function start(): Promise<void> {
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const sendingOff = await sendingOffPorts(systemClock, silent);
  const own = { hosts, sendingOff, clock: meshClock(clock.memory, clock.beganMs) };
  const log = {
    ...silent,
    info: (event: string) => {
      if (event === 'mesh.formed') formed += 1;
    },
  };
  const asked = (_: string | null, path: string) => {
    questions += 1;
    if (path.endsWith('/hello')) hellos += 1;
  };
  const startOne = async ({ id, url }: PeersPlayed['peers'][number]) => {
    const speaks = (other: string) => speaksWith === undefined || speaksWith.has(id) || speaksWith.has(other);
    started.push(await startIdlePeer({ ...own, id, url, signer: newSigner(), heard: speaks, asked, log }));
  };
  await Promise.all(peers.map(startOne));
}
