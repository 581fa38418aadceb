// What it costs that a client shows a key: the same look-up of the same node, with a key and with nothing, and of a node that has no keys.
import type { Benchmark, Figure } from './figure.ts';
import { addressOfHost, serveNode, wholeNode } from './index-server.ts';
import { rates } from './served-rates.ts';

const ADDRESSES = 1_000;
const KEYS = 100;
/** What we promise: of the CPU of a look-up where nothing is shown. */
const COST_RATIO_MAX = 1.1;
const SHOWN = `CPU of a look-up with a key, one of ${KEYS}`;
const SHOWN_BESIDE_AS_LONG = `${SHOWN}, beside as long a request`;
const PATH = '/api/agents/email-index';
const HOST = 'mac';
const TOKEN = 'the-token-of-the-benchmark';

export const keyBenchmark: Benchmark = {
  name: 'keys',
  about:
    'What it costs that a client shows a key: a look-up on a node that has keys, beside the same on a node that has none, without the field and with one as long that means nothing.',
  figures: [SHOWN, SHOWN_BESIDE_AS_LONG],
  async run(rounds) {
    const withKeys = await wholeNode(HOST, ADDRESSES, [], TOKEN);
    const secrets = await Promise.all(Array.from({ length: KEYS }, (_, at) => madeKey(withKeys.fetch, `reader-${at}`)));
    const load = {
      path: `${PATH}?address=${encodeURIComponent(addressOfHost(HOST, '#')).replace('%23', '#')}`,
      among: ADDRESSES,
      connections: 32,
      pipelining: 1,
    };
    const shown = `Bearer ${secrets[0]}`;
    const [bare = 0, withKey = 0, withText = 0] = await rates(rounds, [
      { served: await serveNode(await wholeNode(HOST, ADDRESSES)), load },
      { served: await serveNode(withKeys), load: { ...load, headers: { authorization: shown } } },
      // As long, and without a meaning: what it costs to read a longer request is no price of keys.
      {
        served: await serveNode(await wholeNode(HOST, ADDRESSES)),
        load: { ...load, headers: { 'x-other-field': shown } },
      },
    ]);
    return [
      cost(SHOWN, withKey, { name: 'on a node without keys', rate: bare }),
      cost(SHOWN_BESIDE_AS_LONG, withKey, { name: 'on a node without keys, with another field', rate: withText }),
    ];
  },
};

interface Side {
  readonly name: string;
  /** Answers for each second of CPU. */
  readonly rate: number;
}

function cost(name: string, rate: number, beside: Side): Figure {
  return {
    name,
    value: 1e6 / rate,
    unit: 'µs',
    baseline: { name: beside.name, value: 1e6 / beside.rate },
    target: `≤ ${COST_RATIO_MAX} × without`,
    kept: beside.rate <= COST_RATIO_MAX * rate,
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
