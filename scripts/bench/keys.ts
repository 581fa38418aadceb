// What it costs that a client shows a key: the same look-up of the same node, with a key and with nothing, and of a node that has no keys.
import type { Benchmark, Figure } from './figure.ts';
import { addressOfHost, serveNode, wholeNode } from './index-server.ts';
import { rates } from './served-rates.ts';

const ADDRESSES = 1_000;
const KEYS = 100;
/** What we promise: of the CPU of a look-up where nothing is shown. */
const COST_RATIO_MAX = 1.1;
const PATH = '/api/agents/email-index';
const HOST = 'mac';
const TOKEN = 'the-token-of-the-benchmark';

export const keyBenchmark: Benchmark = {
  name: 'keys',
  async run(rounds) {
    const withKeys = await wholeNode(HOST, ADDRESSES, [], TOKEN);
    const secrets = await Promise.all(Array.from({ length: KEYS }, (_, at) => madeKey(withKeys.fetch, `reader-${at}`)));
    const load = {
      path: `${PATH}?address=${encodeURIComponent(addressOfHost(HOST, '#')).replace('%23', '#')}`,
      among: ADDRESSES,
      connections: 32,
      pipelining: 1,
    };
    const [bare = 0, shown = 0] = await rates(rounds, [
      { served: await serveNode(await wholeNode(HOST, ADDRESSES)), load },
      { served: await serveNode(withKeys), load: { ...load, headers: { authorization: `Bearer ${secrets[0]}` } } },
    ]);
    return [cost('CPU of a look-up with a key, one of 100', shown, bare)];
  },
};

/** The two sides, in answers for each second of CPU. */
function cost(name: string, rate: number, bareRate: number): Figure {
  const [value, bare] = [1e6 / rate, 1e6 / bareRate];
  return {
    name,
    value,
    unit: 'µs',
    baseline: { name: 'on a node without keys', value: bare },
    target: `≤ ${COST_RATIO_MAX} × without`,
    kept: value <= COST_RATIO_MAX * bare,
  };
}

async function madeKey(fetch: (request: Request) => Response | Promise<Response>, name: string): Promise<string> {
  const response = await fetch(
    new Request('http://localhost/api/keys', {
      method: 'POST',
      headers: { host: 'localhost', 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({ name, scopes: ['read'] }),
    }),
  );
  const { secret } = (await response.json()) as { readonly secret?: string };
  if (secret === undefined) throw new Error(`No key was made: ${response.status}.`);
  return secret;
}
