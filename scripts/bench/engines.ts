// One claim at a time, through a whole node: with all hosts up, with one of three killed, with one of five hung; and with etcd and
// PostgreSQL in place of the hosts. Each beside the same mesh with all hosts up, in the same run.
import { Agent, request } from 'undici';
import { Etcd, Postgres, whyNoEtcd, whyNoPostgres } from '../engines.ts';
import { type HostProcess, ProcessMesh } from '../host-process.ts';
import { type Benchmark, type Figure, median, quantile } from './figure.ts';

const CLAIMS_PER_ROUND = 150;
const ADDRESSES_PER_AGENT = 10;
const THREE = ['cloud', 'mac', 'mini'];
const FIVE = ['cloud', 'desk', 'lab', 'mac', 'mini'];
/** The design's promise: no slower than this, once the first second is over. */
const SLOWER_MAX = 1.5;
const SETTLING_MS = 1_000;

export const engineBenchmark: Benchmark = {
  name: 'engines',
  async run(rounds) {
    const figures: Figure[] = [
      ...(await inTrouble('three hosts, one killed', THREE, rounds, (host) => host.kill())),
      ...(await inTrouble('five hosts, one hung', FIVE, rounds, async (host) => host.signal('SIGSTOP'))),
    ];
    if (whyNoEtcd() === undefined) {
      await using etcd = await Etcd.create();
      figures.push(...(await overEngine('etcd', etcd.url, rounds)));
    }
    if (whyNoPostgres() === undefined) {
      await using postgres = await Postgres.create();
      figures.push(...(await overEngine('PostgreSQL', postgres.url, rounds)));
    }
    return figures;
  },
};

/** The same mesh before and after something befell its last host. */
async function inTrouble(
  name: string,
  ids: readonly string[],
  rounds: number,
  befall: (host: HostProcess) => Promise<unknown>,
): Promise<readonly Figure[]> {
  await using mesh = await started(ids, {});
  const last = mesh.hosts.at(-1);
  const before = await timesMs(mesh, rounds, 'before');
  if (last !== undefined) await befall(last);
  const endMs = performance.now() + SETTLING_MS;
  for (let at = 0; performance.now() < endMs; at += 1) await timesMs(mesh, 0, `settling-${at}`);
  const after = await timesMs(mesh, rounds, 'after');
  last?.signal('SIGCONT');
  const [up, p50] = [median(before), median(after)];
  const kept = { target: `≤ ${SLOWER_MAX} × all up`, kept: p50 <= SLOWER_MAX * up };
  return [
    { name: `${name}, p50`, value: p50, unit: 'ms', baseline: { name: 'all up', value: up }, ...kept },
    {
      name: `${name}, p99`,
      value: quantile(after, 0.99),
      unit: 'ms',
      baseline: { name: 'all up', value: quantile(before, 0.99) },
    },
  ];
}

async function overEngine(name: string, url: string, rounds: number): Promise<readonly Figure[]> {
  await using mesh = await started(['mac'], { MESH_CLAIMS: url });
  await using hosts = await started(THREE, {});
  const [theirs, ours] = [await timesMs(mesh, rounds, 'engine'), await timesMs(hosts, rounds, 'hosts')];
  return [0.5, 0.99].map((q) => ({
    name: `${name}, p${100 * q}`,
    value: quantile(theirs, q),
    unit: 'ms',
    baseline: { name: 'three hosts', value: quantile(ours, q) },
  }));
}

async function started(ids: readonly string[], environment: Readonly<Record<string, string>>): Promise<ProcessMesh> {
  const mesh = await ProcessMesh.create(
    ids.map((id) => ({ id })),
    { environment, flags: ['--log-level', 'error'] },
  );
  await mesh.start();
  return mesh;
}

/** Claims at the first host, one after the other; the first round warms up and does not count. */
async function timesMs(mesh: ProcessMesh, rounds: number, name: string): Promise<readonly number[]> {
  const client = new Agent({ connections: 1 });
  const url = mesh.hosts[0]?.url ?? '';
  const times: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const count = rounds === 0 ? 5 : CLAIMS_PER_ROUND;
    for (let at = 0; at < count; at += 1) {
      const agent = `${name}-${round}-${Math.floor(at / ADDRESSES_PER_AGENT)}`;
      if (at % ADDRESSES_PER_AGENT === 0) await post(client, `${url}/api/agents`, { name: agent, id: agent });
      const address = `a${at}-of-${round}-${name}@bench.example`;
      const startMs = performance.now();
      await post(client, `${url}/api/agents/${agent}/email/addresses`, { address });
      if (round > 0) times.push(performance.now() - startMs);
    }
  }
  await client.close();
  return times;
}

async function post(dispatcher: Agent, url: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await request(url, { method: 'POST', dispatcher, headers, body: JSON.stringify(body) });
  const text = await response.body.text();
  if (response.statusCode !== 201) throw new Error(`POST ${url} was answered ${response.statusCode}: ${text}`);
}
