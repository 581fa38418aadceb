// A thread that plays some hosts of a mesh, of this version or an earlier one. It loads the code, says so, and then does what it is told: it starts
// them, and says what it has counted.
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import type { Signer } from '../../mesh/signature/ed25519.ts';
import { systemClock } from '../../node/system/clock.ts';
import { answeringPeers } from './answering-peers.ts';
import type { IdlePeer, startIdlePeer } from './idle-peers.ts';
import { meshClock } from './mesh-clock.ts';
import type { sendingOffPorts } from './sending-off.ts';
import { threadCpuMs } from './thread-cpu.ts';

/** One host, as a thread is told of it. */
export interface PlayedPeer {
  readonly id: string;
  readonly url: string;
  /** Ed25519, as PKCS 8 in PEM. */
  readonly key: string;
  /** Whether it only answers (answering-peers.ts); else it is a whole node. */
  readonly onlyAnswers: boolean;
}

/** What the thread is to play. */
export interface PeersPlayed {
  /** Where the version's benchmarks lie: the URL of a directory, with a slash at its end. */
  readonly code: string;
  readonly peers: readonly PlayedPeer[];
  /** The text of hosts.json. */
  readonly hosts: string;
  /** The hosts that each peer speaks with, and that speak with everybody; absent: all. */
  readonly heard: readonly string[] | undefined;
  /** The host whose requests are counted; absent: those of all. */
  readonly countedOf: string | undefined;
  /** What `meshClock` takes; absent: the system's clock counts. */
  readonly clock: { readonly memory: SharedArrayBuffer; readonly beganMs: number } | undefined;
  /** Whether all start in the same moment; else one after the other. */
  readonly areAtOnce: boolean;
}

/** What it has counted since the start. */
export interface Counted {
  /** Requests that came, by their path. */
  readonly asked: Readonly<Record<string, number>>;
  readonly cpuMs: number;
}

/** How far the hosts are. An earlier version can't say. */
export interface Progress {
  /** Hosts that know of the mesh. */
  readonly formed: number;
  /** Hosts that could claim now. */
  readonly ready: number;
}

/** What each order is answered with, once it is done. */
export interface Orders {
  readonly start: undefined;
  readonly count: Counted;
  readonly look: Progress;
}

const { code, peers, hosts, heard, countedOf, clock, areAtOnce }: PeersPlayed = workerData;
const idlePeers: { readonly startIdlePeer: typeof startIdlePeer } = await import(new URL('idle-peers.ts', code).href);
const sending: { readonly sendingOffPorts: typeof sendingOffPorts } = await import(
  new URL('sending-off.ts', code).href
);
const speaksWith = heard && new Set(heard);
const started: IdlePeer[] = [];
const asked: Record<string, number> = {};
let formed = 0;

const carryOut: { readonly [Order in keyof Orders]: () => Orders[Order] | Promise<Orders[Order]> } = {
  start,
  count: () => ({ asked, cpuMs: threadCpuMs() }),
  look: () => ({ formed, ready: started.filter((peer) => peer.whyNoClaims() === undefined).length }),
};
parentPort?.on('message', async (order: keyof Orders) => {
  // A thread in which a host can't start ends with its error.
  const said = await carryOut[order]();
  parentPort?.postMessage({ order, said });
});
parentPort?.postMessage('loaded');

async function start(): Promise<undefined> {
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const sendingOff = await sending.sendingOffPorts(systemClock, silent);
  const ownClock = clock === undefined ? {} : { clock: meshClock(clock.memory, clock.beganMs) };
  const log = {
    ...silent,
    info: (event: string) => {
      if (event === 'mesh.formed') formed += 1;
    },
  };
  const heardOf = (from: string | null, path: string) => {
    if (countedOf === undefined || from === countedOf) asked[path] = (asked[path] ?? 0) + 1;
  };
  const startAnswering = peers.some(({ onlyAnswers }) => onlyAnswers) ? answeringPeers(hosts) : undefined;
  const startOne = async ({ id, url, key, onlyAnswers }: PlayedPeer) => {
    if (onlyAnswers) return await startAnswering?.({ id, signer: signerOf(key), asked: heardOf });
    const speaks = (other: string) => speaksWith === undefined || speaksWith.has(id) || speaksWith.has(other);
    const own = { ...ownClock, hosts, sendingOff, log, asked: heardOf };
    started.push(await idlePeers.startIdlePeer({ ...own, id, url, signer: signerOf(key), heard: speaks }));
    return undefined;
  };
  if (areAtOnce) await Promise.all(peers.map(startOne));
  else for (const peer of peers) await startOne(peer);
  return undefined;
}

function signerOf(key: string): Signer {
  const privateKey = createPrivateKey(key);
  const publicKey = createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '';
  return { publicKey, sign: (bytes: Uint8Array) => sign(null, bytes, privateKey) };
}
