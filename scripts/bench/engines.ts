// One claim at a time, through a whole node of a real mesh: with all hosts up, with one of three killed, with one of five hung, each of
// the last two beside the same mesh with all hosts up; the claims kept by the hosts themselves, by etcd, and by PostgreSQL.
import { Agent, request } from 'undici';
import { Etcd, Postgres, whyNoEtcd, whyNoPostgres } from '../engines.ts';
import { type HostProcess, ProcessMesh } from '../host-process.ts';
import { type Benchmark, type Figure, quantile } from './figure.ts';

const CLAIMS_PER_ROUND = 150;
const ADDRESSES_PER_AGENT = 10;
const THREE = ['cloud', 'mac', 'mini'];
const FIVE = ['cloud', 'desk', 'lab', 'mac', 'mini'];
/** What is promised: no slower than this, once the first second is over. */
const SLOWER_MAX = 1.5;
const SETTLING_MS = 1_000;

const QUANTILES = [0.5, 0.99] as const;
const allUp = (engine: string) => `${engine}, three hosts, all up`;
const oneKilled = (prefix: string) => `${prefix}three hosts, one killed`;
const oneHung = (prefix: string) => `${prefix}five hosts, one hung`;

interface Trouble {
  befall(host: HostProcess): Promise<unknown>;
  mend(host: HostProcess): Promise<unknown>;
}

const KILLED: Trouble = { befall: (host) => host.kill(), mend: (host) => host.start() };
const HUNG: Trouble = {
  befall: async (host) => host.signal('SIGSTOP'),
  mend: async (host) => host.signal('SIGCONT'),
};

type Environment = Readonly<Record<string, string>>;

export const engineBenchmark: Benchmark = {
  name: 'engines',
  about:
    'One claim at a time through a whole node of a real mesh: with all hosts up, with one of three killed, with one of five hung; the claims kept by the hosts themselves, by etcd, and by PostgreSQL, each one process on the same machine.',
  figures: [
    ...keeperNames(''),
    ...['etcd', 'PostgreSQL'].flatMap((engine) => [...quantileNames(allUp(engine)), ...keeperNames(`${engine}, `)]),
  ],
  async run(rounds) {
    const own = await overKeeper('', {}, rounds);
    const figures = [...own.figures];
    const beside = async (name: string, url: string) => {
      const { up, figures: theirs } = await overKeeper(`${name}, `, { MESH_CLAIMS: url }, rounds);
      figures.push(...quantiles(allUp(name), up, { name: 'without an engine', times: own.up }));
      figures.push(...theirs);
    };
    if (whyNoEtcd() === undefined) {
      await using etcd = await Etcd.create();
      await beside('etcd', etcd.url);
    }
    if (whyNoPostgres() === undefined) {
      await using postgres = await Postgres.create();
      await beside('PostgreSQL', postgres.url);
    }
    return figures;
  },
};

/** `up`: claims of three hosts, while all are up. */
async function overKeeper(
  prefix: string,
  environment: Environment,
  rounds: number,
): Promise<{ readonly up: readonly number[]; readonly figures: readonly Figure[] }> {
  const three = await inTurns(THREE, environment, rounds, KILLED);
  const five = await inTurns(FIVE, environment, rounds, HUNG);
  const figures = [
    ...quantiles(oneKilled(prefix), three.after, { name: 'all up', times: three.up }, SLOWER_MAX),
    ...quantiles(oneHung(prefix), five.after, { name: 'all up', times: five.up }, SLOWER_MAX),
  ];
  return { up: three.up, figures };
}

/** Measures one mesh, in turns with all hosts up and with its last one in trouble; the first turn warms up and does not count. */
async function inTurns(
  ids: readonly string[],
  environment: Environment,
  rounds: number,
  { befall, mend }: Trouble,
): Promise<{ readonly up: readonly number[]; readonly after: readonly number[] }> {
  await using mesh = await started(ids, environment);
  const last = mesh.hosts.at(-1) as HostProcess;
  const [up, after]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round += 1) {
    await settle(mesh, `up-${round}`);
    const upMs = await timesMs(mesh, CLAIMS_PER_ROUND, `up-${round}`);
    await befall(last);
    await settle(mesh, `after-${round}`);
    const afterMs = await timesMs(mesh, CLAIMS_PER_ROUND, `after-${round}`);
    await mend(last);
    if (round === 0) continue;
    up.push(...upMs);
    after.push(...afterMs);
  }
  return { up, after };
}

async function settle(mesh: ProcessMesh, name: string): Promise<void> {
  const endMs = performance.now() + SETTLING_MS;
  for (let at = 0; performance.now() < endMs; at += 1) await timesMs(mesh, 5, `settling-${at}-${name}`);
}

function keeperNames(prefix: string): readonly string[] {
  return [oneKilled(prefix), oneHung(prefix)].flatMap(quantileNames);
}

function quantileNames(name: string): readonly string[] {
  return QUANTILES.map((q) => `${name}, p${100 * q}`);
}

function quantiles(
  name: string,
  times: readonly number[],
  baseline: { readonly name: string; readonly times: readonly number[] },
  slowerMax?: number,
): readonly Figure[] {
  return QUANTILES.map((q, at) => {
    const [value, beside] = [quantile(times, q), quantile(baseline.times, q)];
    const isPromised = q === 0.5 && slowerMax !== undefined;
    return {
      name: quantileNames(name)[at] ?? name,
      value,
      unit: 'ms',
      baseline: { name: baseline.name, value: beside },
      ...(isPromised ? { target: `≤ ${slowerMax} × ${baseline.name}`, kept: value <= slowerMax * beside } : {}),
    };
  });
}

async function started(ids: readonly string[], environment: Environment): Promise<ProcessMesh> {
  const mesh = await ProcessMesh.create(
    ids.map((id) => ({ id })),
    { environment, flags: ['--log-level', 'error'] },
  );
  await mesh.start();
  return mesh;
}

/** Claims at the first host, one after the other. */
async function timesMs(mesh: ProcessMesh, count: number, name: string): Promise<readonly number[]> {
  const client = new Agent({ connections: 1 });
  const url = mesh.hosts[0]?.url ?? '';
  const times: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const agent = `${name}-${Math.floor(at / ADDRESSES_PER_AGENT)}`;
    if (at % ADDRESSES_PER_AGENT === 0) await post(client, `${url}/api/agents`, { name: agent, id: agent });
    const startMs = performance.now();
    await post(client, `${url}/api/agents/${agent}/email/addresses`, { address: `a${at}-${name}@bench.example` });
    times.push(performance.now() - startMs);
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
