// How long a backup of a host with 100,000 addresses takes, beside a plain copy of its database, and what claims wait for meanwhile.
import { rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { type HostProcess, ProcessMesh } from '../host-process.ts';
import { type Benchmark, type Figure, median } from './figure.ts';
import { fill } from './start.ts';

const ADDRESSES = 100_000;
const LANES = 4;
const MB = 1_024 * 1_024;
/** What we promise: nobody who claims meanwhile is kept waiting. */
const CLAIM_MS_MAX = 1_000;

const BACKUP = `backup with ${ADDRESSES.toLocaleString('en')} addresses`;
const SIZE = 'its size';
const CLAIMS = `claims meanwhile, ${LANES} at once`;
const CLAIM_P50 = 'such a claim, p50';
const CLAIM_LONGEST = 'the longest such claim';

interface Round {
  readonly backupMs: number;
  readonly megabytes: number;
  readonly copyMs: number;
  /** Figures of claims while the backup was made, and for as long without it. */
  readonly duringMs: readonly number[];
  readonly quietMs: readonly number[];
}

export const backupBenchmark: Benchmark = {
  name: 'backup',
  about:
    'How long a backup of a running host with 100,000 addresses takes, beside a plain copy of its database, and what claims wait for meanwhile.',
  figures: [BACKUP, SIZE, CLAIMS, CLAIM_P50, CLAIM_LONGEST],
  async run(rounds) {
    await using mesh = await ProcessMesh.create([{ id: 'mac' }], { flags: ['--log-level', 'error'] });
    const host = mesh.host('mac');
    await fill(host.dataDirectory, ADDRESSES);
    await host.start();
    const client = new Agent({ connections: LANES + 1, headersTimeout: 0, bodyTimeout: 0 });
    const all: Round[] = [];
    for (let at = 0; at < rounds; at += 1) all.push(await measure(host, client, at));
    await client.close();
    return figures(all);
  },
};

async function measure(host: HostProcess, client: Agent, round: number): Promise<Round> {
  const lanes = Array.from({ length: LANES }, (_, lane) => `claimant-${round}-${lane}`);
  for (const id of lanes) await post(client, `${host.url}/api/agents`, { name: id, id });
  const startMs = performance.now();
  const backup = octetsOf(client, `${host.url}/api/backup`);
  const duringMs = await claimsUntil(backup, host, client, lanes);
  const megabytes = (await backup) / MB;
  const backupMs = performance.now() - startMs;
  const quiet = new Promise((resolve) => setTimeout(resolve, backupMs));
  const quietMs = await claimsUntil(quiet, host, client, lanes);
  return { backupMs, megabytes, copyMs: await copyMs(host.dataDirectory), duringMs, quietMs };
}

/** How long each claim took that began before that ended, in milliseconds. A claim is given up at once, so that an agent never has too many. */
async function claimsUntil(
  ended: Promise<unknown>,
  host: HostProcess,
  client: Agent,
  lanes: readonly string[],
): Promise<readonly number[]> {
  let isOver = false;
  void ended.finally(() => {
    isOver = true;
  });
  const took: number[] = [];
  await Promise.all(
    lanes.map(async (id) => {
      const addresses = `${host.url}/api/agents/${id}/email/addresses`;
      const address = `${id}@bench.example.com`;
      while (!isOver) {
        const sinceMs = performance.now();
        await post(client, addresses, { address });
        took.push(performance.now() - sinceMs);
        const released = await request(`${addresses}/${address}`, { method: 'DELETE', dispatcher: client });
        await released.body.text();
      }
    }),
  );
  return took;
}

async function post(dispatcher: Agent, url: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await request(url, { method: 'POST', headers, body: JSON.stringify(body), dispatcher });
  const text = await answer.body.text();
  if (answer.statusCode !== 201) throw new Error(`${url} answered ${answer.statusCode}: ${text}`);
}

async function octetsOf(dispatcher: Agent, url: string): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const answer = await request(url, { method: 'POST', headers, body: '{}', dispatcher });
  if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}: ${await answer.body.text()}`);
  let octets = 0;
  for await (const piece of answer.body) octets += (piece as Buffer).byteLength;
  return octets;
}

async function copyMs(directory: string): Promise<number> {
  const copy = join(directory, 'bench.copy');
  const sinceMs = performance.now();
  await copyFile(join(directory, 'mesh.sqlite'), copy);
  const tookMs = performance.now() - sinceMs;
  rmSync(copy);
  return tookMs;
}

function figures(all: readonly Round[]): readonly Figure[] {
  const of = (what: (round: Round) => number) => median(all.map(what));
  const [during, quiet] = [all.flatMap(({ duringMs }) => duringMs), all.flatMap(({ quietMs }) => quietMs)];
  const longestMs = Math.max(...during);
  const perSecond = (what: (round: Round) => readonly number[]) =>
    of((round) => (1_000 * what(round).length) / round.backupMs);
  return [
    {
      ...{ name: BACKUP, value: of(({ backupMs }) => backupMs), unit: 'ms' },
      baseline: { name: 'its database copied as a file', value: of(({ copyMs }) => copyMs) },
    },
    { name: SIZE, value: of(({ megabytes }) => megabytes), unit: 'MB' },
    {
      ...{ name: CLAIMS, value: perSecond(({ duringMs }) => duringMs), unit: '1/s' },
      baseline: { name: 'without it', value: perSecond(({ quietMs }) => quietMs) },
    },
    {
      ...{ name: CLAIM_P50, value: median(during), unit: 'ms' },
      baseline: { name: 'without it', value: median(quiet) },
    },
    {
      ...{ name: CLAIM_LONGEST, value: longestMs, unit: 'ms' },
      baseline: { name: 'without it', value: Math.max(...quiet) },
      ...{ target: `≤ ${CLAIM_MS_MAX} ms`, kept: longestMs <= CLAIM_MS_MAX },
    },
  ];
}
