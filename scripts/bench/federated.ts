// The federated part of the look-up benchmark: one host asks real peers over the real transport. The peers live in a thread of
// their own, answer late by a known time, and one of them hangs; none signs its answers.
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { request } from 'undici';
import { parseIdentityAddress } from '../../mesh/address/identity.ts';
import { parseRoster } from '../../mesh/hosts-json.ts';
import { ANSWER_MS_MAX } from '../../mesh/limits.ts';
import type { Question } from '../../mesh/lookup/index-entry.ts';
import { createLookUps, type LookUps } from '../../mesh/lookup/look-ups.ts';
import { KnownAddresses } from '../../node/dns/known-addresses.ts';
import { createNameResolver } from '../../node/dns/name-resolver.ts';
import { Copy } from '../../node/feed/copy.ts';
import type { PeerKeys } from '../../node/peers/keys/peer-keys.ts';
import { createPeerTransport } from '../../node/peers/peer-transport.ts';
import { systemClock } from '../../node/system/clock.ts';
import { systemRandom } from '../../node/system/random.ts';
import { type Figure, median } from './figure.ts';
import { addressOfHost, type BenchHost, fullIndex, indexApp, indexServices, serveFetch } from './index-server.ts';
import { longestTurnMs, threadCpuMs } from './thread-cpu.ts';

const PEERS: readonly BenchHost[] = [
  { id: 'near', addresses: 1_000, delayMs: 2 },
  { id: 'middle', addresses: 1_000, delayMs: 5 },
  { id: 'far', addresses: 1_000, delayMs: 10 },
];
const HANGING: BenchHost = { id: 'hanging', addresses: 0, hangs: true };
const LIBRARY: BenchHost = { id: 'library', addresses: 100_000 };
const QUESTIONS_PER_ROUND = 50;
/** Over what the slowest peer itself takes. */
const SLOWEST_RATIO_MAX = 1.3;
/** Over the five seconds that a silent peer is waited for. */
const HUNG_MS_MAX = ANSWER_MS_MAX + 200;
const PAUSE_MS_MAX = 50;

const ONE = `federated, one address over ${PEERS.length} peers, p50`;
const ONE_HANGING = 'federated, whole index, one peer hanging';
const LONGEST_PAUSE = `longest pause of the event loop while a peer's ${LIBRARY.addresses.toLocaleString('en')} addresses come in, CPU`;
export const FEDERATED_FIGURES = [ONE, ONE_HANGING, LONGEST_PAUSE];

export async function measureFederated(rounds: number): Promise<readonly Figure[]> {
  const worker = new Worker(new URL('./index-server.ts', import.meta.url), {
    workerData: { peers: [...PEERS, HANGING, LIBRARY] },
  });
  const [origins] = (await once(worker, 'message')) as [readonly string[]];
  const urlOf = (host: BenchHost) => origins[[...PEERS, HANGING, LIBRARY].indexOf(host)] ?? '';
  try {
    return [
      await besideSlowest(rounds, urlOf),
      await withOneHanging(rounds, urlOf),
      await pauseOfLongAnswer(rounds, urlOf),
    ];
  } finally {
    await worker.terminate();
  }
}

type UrlOf = (host: BenchHost) => string;

/** The median time of one address, asked over HTTP of the host and of its slowest peer, in turns. */
async function besideSlowest(rounds: number, urlOf: UrlOf): Promise<Figure> {
  await using asker = await askingHost(PEERS, urlOf);
  const slowest = PEERS[PEERS.length - 1] as BenchHost;
  const [federated, direct]: [number[], number[]] = [[], []];
  for (let question = 0; question < (rounds + 1) * QUESTIONS_PER_ROUND; question += 1) {
    const query = `/api/agents/email-index?address=${encodeURIComponent(addressOfHost(slowest.id, question % 1_000))}`;
    const times = [await timeOf(`${urlOf(slowest)}${query}`), await timeOf(`${asker.origin}${query}&federated=true`)];
    if (question < QUESTIONS_PER_ROUND) continue;
    direct.push(times[0] ?? Number.NaN);
    federated.push(times[1] ?? Number.NaN);
  }
  const baseline = { name: "the slowest peer's own answer", value: median(direct) };
  const value = median(federated);
  return {
    name: ONE,
    value,
    unit: 'ms',
    baseline,
    target: `≤ ${SLOWEST_RATIO_MAX} × the slowest peer`,
    kept: value <= SLOWEST_RATIO_MAX * baseline.value,
  };
}

/** The median time of a question when a peer never answers; the other peers' entries must be there. */
async function withOneHanging(rounds: number, urlOf: UrlOf): Promise<Figure> {
  await using asker = await askingHost([...PEERS, HANGING], urlOf);
  const expected = PEERS.reduce((sum, { addresses }) => sum + addresses, 0);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { answer, tookMs } = await timed(() => asker.lookUps.everybody({}));
    if (answer.emails.size !== expected || answer.meta.hostsFailed.join() !== HANGING.id)
      throw new Error(`With one peer hanging ${answer.emails.size} of ${expected} entries came.`);
    times.push(tookMs);
  }
  const value = median(times);
  return {
    name: ONE_HANGING,
    value,
    unit: 'ms',
    baseline: { name: 'time given to a peer', value: ANSWER_MS_MAX },
    target: `≤ ${HUNG_MS_MAX} ms, with everything the others hold`,
    kept: value <= HUNG_MS_MAX,
  };
}

/** The longest time for which a long answer keeps the thread from everything else. */
async function pauseOfLongAnswer(rounds: number, urlOf: UrlOf): Promise<Figure> {
  await using asker = await askingHost([LIBRARY], urlOf);
  const bytes = await (await request(`${urlOf(LIBRARY)}/api/agents/email-index`)).body.bytes();
  const pauses: number[] = [];
  const readings: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const startMs = threadCpuMs();
    JSON.parse(new TextDecoder().decode(bytes));
    const readingMs = threadCpuMs() - startMs;
    let entries = 0;
    const pauseMs = await longestTurnMs(async () => {
      entries = (await asker.lookUps.everybody({})).emails.size;
    });
    // The first round warms up; an answer that a busy machine did not bring in time says nothing of the pauses.
    if (round === 0 || entries !== LIBRARY.addresses) continue;
    readings.push(readingMs);
    pauses.push(pauseMs);
  }
  const baseline = { name: 'reading as many octets of JSON', value: median(readings) };
  const value = median(pauses);
  return {
    name: LONGEST_PAUSE,
    value,
    unit: 'ms',
    baseline,
    target: `≤ ${PAUSE_MS_MAX} ms`,
    kept: value <= PAUSE_MS_MAX,
  };
}

interface Asker extends AsyncDisposable {
  readonly origin: string;
  readonly lookUps: LookUps;
}

/** A host without agents of its own whose peers these are. */
async function askingHost(peers: readonly BenchHost[], urlOf: UrlOf): Promise<Asker> {
  const hosts = [
    { id: 'asker', url: 'http://127.0.0.1:1' },
    ...peers.map((peer) => ({ id: peer.id, url: urlOf(peer) })),
  ];
  const roster = parseRoster(JSON.stringify({ hosts }), { id: 'asker', hostName: 'asker' });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const signer = {
    publicKey: publicKey.export({ format: 'jwk' }).x ?? '',
    sign: (bytes: Uint8Array) => sign(null, bytes, privateKey),
  };
  const ports = { clock: systemClock, random: systemRandom, roster: () => roster };
  const transport = createPeerTransport({
    ...ports,
    addresses: new KnownAddresses(createNameResolver(ports), systemClock),
    self: roster.self.id,
    hostOf: (id) => roster.get(id),
    signer,
    keys: noKeys,
  });
  const index = fullIndex('asker', 0);
  const local = (question: Question) => index.answer(question);
  const lookUps = createLookUps({
    ...ports,
    ...{ transport, local, parseAddress: parseIdentityAddress, isLegacy: () => false, isDown: () => false },
    copy: new Copy(systemClock),
  });
  const served = await serveFetch(indexApp(indexServices(index, lookUps)).fetch);
  return {
    origin: served.origin,
    lookUps,
    async [Symbol.asyncDispose]() {
      await served.close();
      await transport[Symbol.asyncDispose]();
    },
  };
}

/** Peers of the kind that signs nothing. */
const noKeys: PeerKeys = {
  known: () => undefined,
  learn: () => Promise.reject(new Error('No key is learned in this benchmark.')),
  confirm: () => {},
  suspect: () => {},
  status: () => ({ state: 'unknown' }),
  believesUnsigned: () => true,
  recheck: async () => {},
};

async function timeOf(url: string): Promise<number> {
  const { answer, tookMs } = await timed(async () => {
    const { statusCode, body } = await request(url);
    return { statusCode, text: await body.text() };
  });
  if (answer.statusCode !== 200 || !answer.text.includes('agentId')) throw new Error(`${url} answered ${answer.text}`);
  return tookMs;
}

async function timed<Result>(work: () => Promise<Result>): Promise<{ answer: Result; tookMs: number }> {
  const startMs = performance.now();
  const answer = await work();
  return { answer, tookMs: performance.now() - startMs };
}
