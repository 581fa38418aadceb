// What a look-up costs over HTTP: one local address beside a bare route that answers a constant, the whole index beside a bare
// server of as many octets, and the federated question beside the slowest peer's own answer.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { FEDERATED_FIGURES, measureFederated } from './federated.ts';
import type { Benchmark, Figure } from './figure.ts';
import { addressOfHost, fullIndex, serveFetch, serveNode, wholeNode } from './index-server.ts';
import { rates, type Side } from './served-rates.ts';

const FEW_ADDRESSES = 100;
const MANY_ADDRESSES = [100_000] as const;
const MANY_IN_FULL = [1_000, 100_000, 1_000_000] as const;
const WHOLE_INDEX_ADDRESSES = 5_000;
/** What we promise: of the throughput of a server that has nothing to look up, and of one that has as many octets at hand. */
const ONE_RATIO_MIN = 0.95;
const WHOLE_RATIO_MIN = 0.8;
/** … and of the throughput among few addresses. */
const FLAT_RATIO_MIN = 0.9;
const WHOLE = `whole index of ${WHOLE_INDEX_ADDRESSES.toLocaleString('en')}`;
const PATH = '/api/agents/email-index';
const HOST = 'mac';

export const lookupBenchmark: Benchmark = {
  name: 'look-ups',
  about:
    "What a look-up costs over HTTP: one local address beside a bare route that answers a constant, the whole index beside a bare server of as many octets, the federated question beside the slowest peer's own answer.",
  figures: [...localNames(MANY_ADDRESSES), WHOLE, ...FEDERATED_FIGURES],
  figuresInFull: localNames(MANY_IN_FULL),
  async run(rounds, { full = false } = {}) {
    const local = await measureLocal(rounds, full ? MANY_IN_FULL : MANY_ADDRESSES);
    return [...local, ...(await measureWhole(rounds)), ...(await measureFederated(rounds))];
  },
};

function nameOf(size: number): string {
  return `one address among ${size.toLocaleString('en')}`;
}

function flatNameOf(size: number): string {
  return `${nameOf(size)}, beside fewer`;
}

function localNames(many: readonly number[]): readonly string[] {
  return [nameOf(FEW_ADDRESSES), ...many.flatMap((size) => [nameOf(size), flatNameOf(size)])];
}

async function measureLocal(rounds: number, many: readonly number[]): Promise<readonly Figure[]> {
  const one = fullIndex(HOST, 1).answer({})[0];
  if (one === undefined) throw new Error('The index of the benchmark is empty.');
  const constant = one.mapJson;
  const bare = new Hono().get(PATH, (c) => c.body(constant, 200, { 'Content-Type': 'application/json' }));
  const asking = (among: number): Side['load'] => ({
    path: `${PATH}?address=${encodeURIComponent(addressOfHost(HOST, '#')).replace('%23', '#')}`,
    among,
    connections: 32,
    pipelining: 1,
  });
  const sizes = [FEW_ADDRESSES, ...many];
  const sides: Side[] = [{ served: await serveFetch(bare.fetch), load: asking(FEW_ADDRESSES) }];
  for (const size of sizes) sides.push({ served: await serveNode(await wholeNode(HOST, size)), load: asking(size) });
  const [constantRate = 0, ...found] = await rates(rounds, sides);
  const baseline = { name: 'bare route, constant answer', value: constantRate };
  const few = { name: `among ${FEW_ADDRESSES}`, value: found[0] ?? 0 };
  return sizes.flatMap((size, at) => {
    const rate = found[at] ?? 0;
    const beside = atLeast(nameOf(size), rate, ONE_RATIO_MIN, baseline);
    return at === 0 ? [beside] : [beside, atLeast(flatNameOf(size), rate, FLAT_RATIO_MIN, few)];
  });
}

async function measureWhole(rounds: number): Promise<readonly Figure[]> {
  const index = fullIndex(HOST, WHOLE_INDEX_ADDRESSES);
  const bytes = Buffer.from(index.bytes().body);
  const bare = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': bytes.byteLength });
    response.end(bytes);
  });
  bare.listen(0, '127.0.0.1');
  await once(bare, 'listening');
  const origin = `http://127.0.0.1:${(bare.address() as AddressInfo).port}`;
  const close = () => new Promise<void>((closed) => void bare.close(() => closed()));
  const load = { path: PATH, connections: 4, pipelining: 1 };
  const [bareRate = 0, real = 0] = await rates(rounds, [
    { served: { origin, close }, load },
    { served: await serveNode(await wholeNode(HOST, WHOLE_INDEX_ADDRESSES)), load },
  ]);
  return [atLeast(WHOLE, real, WHOLE_RATIO_MIN, { name: 'bare server, as many octets', value: bareRate })];
}

function atLeast(name: string, value: number, ratio: number, baseline: NonNullable<Figure['baseline']>): Figure {
  const kept = value >= ratio * baseline.value;
  return { name, value, unit: '1/s of CPU', baseline, target: `≥ ${ratio} × ${baseline.name}`, kept };
}
