// What a durable claim costs, through the whole of a real node process: beside a bare Hono route that makes one small commit in
// the same kind of store, which is the least that any durable answer costs, and beside one fsync of this machine's disk.
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { ProcessMesh } from '../host-process.ts';
import { startDurableRoute } from './durable-route.ts';
import { type Benchmark, type Figure, median, quantile } from './figure.ts';

const AT_ONCE = 64;
const CLAIMS_PER_ROUND = 2_560;
const SINGLE_CLAIMS_PER_ROUND = 150;
const ADDRESSES_PER_AGENT = 10;

const FSYNC = 'one write and fsync';

export const claimBenchmark: Benchmark = {
  name: 'claims',
  about:
    'What a durable claim costs through whole node processes: many at once beside a bare route that makes one small commit, one at a time beside one sync and one bare round trip.',
  figures: [...['one host', 'three hosts'].flatMap(namesOfMesh), FSYNC],
  async run(rounds) {
    const fsyncMs = median(Array.from({ length: 100 }, measureFsync));
    const one = await measureMesh(rounds, ['mac']);
    const three = await measureMesh(rounds, ['mac', 'cloud', 'mini']);
    return [
      ...figuresOf('one host', one, { ofBare: 0.8 }),
      ...figuresOf('three hosts', three, { ofBare: 0.45, ofLeast: 4 }),
      { name: FSYNC, value: fsyncMs, unit: 'ms' },
    ];
  },
};

interface Measured {
  readonly perSecond: number;
  /** The bare durable route, in turns with the claims. */
  readonly barePerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** One sync and one round trip over loopback to a route that does nothing, in turns with the claims one at a time. */
  readonly leastMs: number;
}

async function measureMesh(rounds: number, ids: readonly string[]): Promise<Measured> {
  await using mesh = await ProcessMesh.create(
    ids.map((id) => ({ id })),
    { flags: ['--log-level', 'error'] },
  );
  await mesh.start();
  await using bare = await startDurableRoute();
  const client = new Agent({ connections: AT_ONCE, pipelining: 1 });
  const [url, measured] = [
    mesh.hosts[0]?.url ?? '',
    { rates: [] as number[], bareRates: [] as number[], singlesMs: [] as number[], leastsMs: [] as number[] },
  ];
  for (let round = 0; round <= rounds; round += 1) {
    const claims = await prepareClaims(client, url, round, CLAIMS_PER_ROUND);
    const rate = await perSecond(claims.map((claim) => () => post(client, claim.url, claim.body)));
    const bareRate = await perSecond(
      claims.map(
        ({ body }) =>
          () =>
            post(client, bare.url, body),
      ),
    );
    const singles = await prepareClaims(client, url, `single-${round}`, SINGLE_CLAIMS_PER_ROUND);
    const alone = await oneAtATime(client, singles, `${bare.url}nothing`);
    // The first round warms both sides up.
    if (round === 0) continue;
    measured.rates.push(rate);
    measured.bareRates.push(bareRate);
    measured.singlesMs.push(...alone.timesMs);
    measured.leastsMs.push(alone.leastMs);
  }
  await client.close();
  const { rates, bareRates, singlesMs, leastsMs } = measured;
  return {
    perSecond: median(rates),
    barePerSecond: median(bareRates),
    p50Ms: median(singlesMs),
    p99Ms: quantile(singlesMs, 0.99),
    leastMs: median(leastsMs),
  };
}

/** Each claim, and in turns with them the least that one costs. */
async function oneAtATime(
  client: Agent,
  claims: readonly { readonly url: string; readonly body: string }[],
  nothing: string,
): Promise<{ readonly timesMs: readonly number[]; readonly leastMs: number }> {
  const [timesMs, tripsMs, syncsMs]: [number[], number[], number[]] = [[], [], []];
  for (const { url, body } of claims) {
    timesMs.push(await timedMs(() => post(client, url, body)));
    tripsMs.push(await timedMs(() => post(client, nothing, body)));
    syncsMs.push(measureFsync());
  }
  return { timesMs, leastMs: median(syncsMs) + median(tripsMs) };
}

function namesOfMesh(mesh: string): readonly [atOnce: string, p50: string, p99: string] {
  const alone = `${mesh}, one claim at a time`;
  return [`${mesh}, ${AT_ONCE} claims at once`, `${alone}, p50`, `${alone}, p99`];
}

function figuresOf(
  mesh: string,
  measured: Measured,
  { ofBare, ofLeast }: { readonly ofBare: number; readonly ofLeast?: number },
): readonly Figure[] {
  const { perSecond: rate, barePerSecond, p50Ms, p99Ms, leastMs } = measured;
  const [atOnce, p50, p99] = namesOfMesh(mesh);
  const least = { name: 'one sync and one bare round trip', value: leastMs };
  return [
    {
      name: atOnce,
      value: rate,
      unit: '1/s',
      baseline: { name: 'bare route, one commit', value: barePerSecond },
      target: `≥ ${ofBare} ×`,
      kept: rate >= ofBare * barePerSecond,
    },
    {
      name: p50,
      value: p50Ms,
      unit: 'ms',
      baseline: least,
      ...(ofLeast === undefined ? {} : { target: `≤ ${ofLeast} ×`, kept: p50Ms <= ofLeast * leastMs }),
    },
    { name: p99, value: p99Ms, unit: 'ms', baseline: least },
  ];
}

/** Agents without addresses, and the claims to be made for them. */
async function prepareClaims(
  client: Agent,
  url: string,
  round: number | string,
  count: number,
): Promise<{ url: string; body: string }[]> {
  const agents = Array.from(
    { length: Math.ceil(count / ADDRESSES_PER_AGENT) },
    (_, index) => `bench-${round}-${index}`,
  );
  await inLanes(agents.map((id) => () => post(client, `${url}/api/agents`, JSON.stringify({ name: id, id }))));
  // Round robin, so that claims at once are of different agents, as they would be.
  return Array.from({ length: count }, (_, index) => {
    const agent = agents[index % agents.length];
    return {
      url: `${url}/api/agents/${agent}/email/addresses`,
      body: JSON.stringify({ address: `a${index}-of-${round}@bench.example` }),
    };
  });
}

async function perSecond(tasks: readonly (() => Promise<void>)[]): Promise<number> {
  return (1_000 * tasks.length) / (await timedMs(() => inLanes(tasks)));
}

/** `AT_ONCE` lanes, each one request after the other. */
async function inLanes(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) await task();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

async function post(dispatcher: Agent, url: string, body: string): Promise<void> {
  const response = await request(url, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'application/json' },
    body,
  });
  const text = await response.body.text();
  if (response.statusCode !== 201) throw new Error(`POST ${url} ${body} was answered ${response.statusCode}: ${text}`);
}

async function timedMs(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

function measureFsync(): number {
  const path = join(tmpdir(), `agent-email-mesh-fsync-${process.pid}`);
  const file = openSync(path, 'w');
  const startMs = performance.now();
  writeSync(file, Buffer.alloc(4_096, 1));
  fsyncSync(file);
  const tookMs = performance.now() - startMs;
  closeSync(file);
  rmSync(path);
  return tookMs;
}
