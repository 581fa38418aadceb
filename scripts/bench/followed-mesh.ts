// What following brings to a mesh of ten real hosts: how soon an address that was claimed on one host stands in another host's index, and what
// a look-up costs that the owner alone confirms, beside the owner's own answer to the same question.
import { Agent, request } from 'undici';
import { ProcessMesh } from '../host-process.ts';
import { type Figure, median, quantile } from './figure.ts';

const HOSTS = 10;
const VOTERS = 3;
const CHANGES_PER_ROUND = 100;
const LOOK_UPS_PER_ROUND = 200;
/** Between two looks at the other host's index: what is measured is too long by half of it. */
const LOOK_EVERY_MS = 2;
const STALE_P99_MS_MAX = 250;
/** Over one round trip to the owner. */
const VERIFY_OVER_MS_MAX = 3;
const FOLLOWED_MS_MAX = 60_000;
const INDEX = '/api/agents/email-index';

const STALE = `a claim in another host's index, ${HOSTS} hosts, p99`;
const VERIFY = 'mode=verify, one address, p50';
export const FOLLOWING_FIGURES = [STALE, VERIFY];

export async function measureFollowing(rounds: number): Promise<readonly Figure[]> {
  const specs = Array.from({ length: HOSTS }, (_, at) => ({ id: `h${at}`, entry: { voter: at < VOTERS } }));
  await using mesh = await ProcessMesh.create(specs, { flags: ['--log-level', 'error'] });
  // One by one: ten at once take longer on a small machine than a start may.
  for (const host of mesh.hosts) await host.start();
  const urls = mesh.hosts.map(({ url }) => url);
  const client = new Agent({ pipelining: 1 });
  try {
    for (const url of urls) await followsAll(client, url);
    const stale = await staleTimes(client, urls, rounds * CHANGES_PER_ROUND);
    return [staleness(stale), verified(await verifyTimes(client, urls, rounds * LOOK_UPS_PER_ROUND))];
  } finally {
    await client.close();
  }
}

async function followsAll(client: Agent, url: string): Promise<void> {
  const untilMs = performance.now() + FOLLOWED_MS_MAX;
  for (;;) {
    const { hosts } = (await get(client, `${url}/api/hosts`)) as {
      readonly hosts: readonly { readonly feed?: { readonly state: string } }[];
    };
    if (hosts.filter(({ feed }) => feed?.state === 'following').length === HOSTS - 1) return;
    if (performance.now() > untilMs) throw new Error(`${url} does not follow every host after ${FOLLOWED_MS_MAX} ms.`);
    await pause(100);
  }
}

/** From the answer to a claim until the host after the claiming one shows the address. Each host claims in its turn. */
async function staleTimes(client: Agent, urls: readonly string[], changes: number): Promise<readonly number[]> {
  for (const [at, url] of urls.entries())
    await post(client, `${url}/api/agents`, { id: `follow-${at}`, name: `follow-${at}` });
  const times: number[] = [];
  for (let change = 0; change < changes; change += 1) {
    const at = change % urls.length;
    const [url, other] = [urls[at] ?? '', urls[(at + 1 + (change % (HOSTS - 1))) % HOSTS] ?? ''];
    const address = `change${change}@follow.example`;
    const path = `${url}/api/agents/follow-${at}/email/addresses`;
    await post(client, path, { address });
    const sinceMs = performance.now();
    const asked = `${other}${INDEX}?address=${encodeURIComponent(address)}&federated=true&mode=index`;
    while (!(await shows(client, asked))) await pause(LOOK_EVERY_MS);
    times.push(performance.now() - sinceMs);
    // Agents have few addresses; the last one stays for the look-ups.
    if (change < changes - HOSTS) await remove(client, `${path}/${encodeURIComponent(address)}`);
  }
  return times;
}

interface Verified {
  /** The time of the owner's own answer. */
  readonly direct: readonly number[];
  readonly verified: readonly number[];
}

/** In turns, asked of a host that has the address in its copy alone. */
async function verifyTimes(client: Agent, urls: readonly string[], lookUps: number): Promise<Verified> {
  const [owner = '', asker = ''] = urls;
  const [address] = Object.keys((await get(client, `${owner}${INDEX}`)) as object);
  if (address === undefined) throw new Error('The owner of the benchmark has no address.');
  const query = `${INDEX}?address=${encodeURIComponent(address)}`;
  const [direct, verified]: [number[], number[]] = [[], []];
  for (let lookUp = 0; lookUp < lookUps; lookUp += 1) {
    const times = [
      await timedMs(() => get(client, `${owner}${query}`)),
      await timedMs(() => shows(client, `${asker}${query}&federated=true&mode=verify`)),
    ];
    direct.push(times[0] ?? Number.NaN);
    verified.push(times[1] ?? Number.NaN);
  }
  return { direct, verified };
}

function staleness(times: readonly number[]): Figure {
  const value = quantile(times, 0.99);
  return {
    name: STALE,
    value,
    unit: 'ms',
    baseline: { name: 'p50', value: median(times) },
    target: `≤ ${STALE_P99_MS_MAX} ms`,
    kept: value <= STALE_P99_MS_MAX,
  };
}

function verified({ direct, verified: times }: Verified): Figure {
  const baseline = { name: "the owner's own answer", value: median(direct) };
  const value = median(times);
  return {
    ...{ name: VERIFY, value, unit: 'ms', baseline },
    target: `≤ the owner's own answer + ${VERIFY_OVER_MS_MAX} ms`,
    kept: value <= baseline.value + VERIFY_OVER_MS_MAX,
  };
}

async function shows(client: Agent, url: string): Promise<boolean> {
  const { emails } = (await get(client, url)) as { readonly emails: object };
  return Object.keys(emails).length > 0;
}

async function get(client: Agent, url: string): Promise<unknown> {
  const { statusCode, body } = await request(url, { dispatcher: client });
  const answer = await body.json();
  if (statusCode !== 200) throw new Error(`GET ${url} was answered ${statusCode}: ${JSON.stringify(answer)}`);
  return answer;
}

async function post(client: Agent, url: string, value: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const { statusCode, body } = await request(url, {
    ...{ method: 'POST', dispatcher: client, headers, body: JSON.stringify(value) },
  });
  const answer = await body.text();
  if (statusCode !== 201) throw new Error(`POST ${url} was answered ${statusCode}: ${answer}`);
}

async function remove(client: Agent, url: string): Promise<void> {
  const { statusCode, body } = await request(url, { method: 'DELETE', dispatcher: client });
  await body.dump();
  if (statusCode >= 300) throw new Error(`DELETE ${url} was answered ${statusCode}.`);
}

async function timedMs(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
