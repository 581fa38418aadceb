// What look-ups cost that ask nobody, or the owner alone, and how far the copy that they stand on is behind: `mode=index` beside the local
// look-up of the same server, with a hundred hosts known; `mode=verify` beside the owner's own answer; and the time from a change's answer
// on one host until another host's index shows it, in a mesh of ten real hosts.
import { parseIdentityAddress } from '../../mesh/address/identity.ts';
import { parseRoster } from '../../mesh/hosts-json.ts';
import { createLookUps } from '../../mesh/lookup/look-ups.ts';
import { parseAgentId, parseHostId } from '../../mesh/names.ts';
import { Copy } from '../../node/feed/copy.ts';
import { createGate } from '../../node/http/gate/gate.ts';
import { createShortLookUp } from '../../node/http/lookup/short-look-up.ts';
import { systemClock } from '../../node/system/clock.ts';
import { systemRandom } from '../../node/system/random.ts';
import type { Benchmark, Figure } from './figure.ts';
import { FOLLOWING_FIGURES, measureFollowing } from './followed-mesh.ts';
import { addressOfHost, fullIndex, indexApp, indexServices, serveNode } from './index-server.ts';
import { rates } from './served-rates.ts';

const HOSTS = 100;
const ADDRESSES = 100;
const ADDRESSES_PER_AGENT = 10;
const SELF = 'mac';
const CONFIRMED_EACH_MS = 10_000;
/** What we promise: of the throughput of the local look-up. */
const THROUGHPUT_RATIO_MIN = 0.8;
const INDEX_MODE = `mode=index, one address, ${HOSTS} hosts with ${ADDRESSES} addresses known`;
const PATH = '/api/agents/email-index?address=';

export const copyBenchmark: Benchmark = {
  name: 'copies',
  about:
    "What look-ups cost that ask nobody (`mode=index`), or the owner alone (`mode=verify`), and how soon a claim on one host stands in another's index, in a mesh of ten real hosts.",
  figures: [INDEX_MODE, ...FOLLOWING_FIGURES],
  async run(rounds) {
    return [await measureIndexMode(rounds), ...(await measureFollowing(rounds))];
  },
};

/** The real routes over a copy that every host has just confirmed; the local look-up is asked of the same server. */
async function measureIndexMode(rounds: number): Promise<Figure> {
  const ids = Array.from({ length: HOSTS }, (_, at) => (at === 0 ? SELF : `host-${at}`));
  const hosts = ids.map((id) => ({ id, url: `http://${id}.example:23000` }));
  const roster = parseRoster(JSON.stringify({ hosts }), { id: SELF, hostName: SELF });
  const copy = new Copy(systemClock);
  for (const id of ids.slice(1)) fill(copy, id);
  const index = fullIndex(SELF, ADDRESSES);
  const lookUps = createLookUps({
    ...{ clock: systemClock, random: systemRandom, roster: () => roster, parseAddress: parseIdentityAddress, copy },
    ...{ isLegacy: () => false, isDown: () => false, local: (question) => index.answer(question) },
    transport: { ask: () => Promise.reject(new Error('Nobody is asked in this benchmark.')) },
  });
  const emailIndex = indexServices(index, lookUps);
  const gate = createGate({
    ...{ roster: () => roster, secrets: { token: undefined, readToken: undefined }, clock: systemClock },
    ...{ keys: { actorOf: () => undefined }, aliases: [], origins: [] },
  });
  const { fetch } = indexApp(emailIndex);
  const door = { fetch, shortLookUp: createShortLookUp({ gate, emailIndex }) };
  const asking = (host: string, query: string) => ({
    path: `${PATH}${encodeURIComponent(addressOfHost(host, '#')).replace('%23', '#')}${query}`,
    ...{ among: ADDRESSES, connections: 32, pipelining: 1 },
  });
  // The copy stays as fresh as feeds and greetings keep it.
  const confirming = setInterval(() => {
    for (const id of ids.slice(1)) confirm(copy, id);
  }, CONFIRMED_EACH_MS);
  const [local = 0, known = 0] = await rates(rounds, [
    { served: await serveNode(door), load: asking(SELF, '') },
    { served: await serveNode(door), load: asking(`host-${HOSTS / 2}`, '&federated=true&mode=index') },
  ]);
  clearInterval(confirming);
  return {
    name: INDEX_MODE,
    value: known,
    unit: '1/s of CPU',
    baseline: { name: 'the local look-up', value: local },
    target: `≥ ${THROUGHPUT_RATIO_MIN} × the local look-up`,
    kept: known >= THROUGHPUT_RATIO_MIN * local,
  };
}

function fill(copy: Copy, id: string): void {
  const hostId = parseHostId(id);
  if (!hostId) throw new Error(`'${id}' is no host id.`);
  const put = Array.from({ length: ADDRESSES }, (_, number) => {
    const parsed = parseIdentityAddress(addressOfHost(id, number));
    const first = number - (number % ADDRESSES_PER_AGENT);
    const agentId = parseAgentId(`7f9c2d1e-${id}-${first}`);
    if (!parsed.valid || !agentId) throw new Error(`Address ${number} of '${id}' is none.`);
    const { address, key } = parsed;
    return {
      ...{ hostId, agentId, agentName: `agent-${first}`, address, key, displayName: `Agent ${number}` },
      ...{ primary: number === first, metadata: { tenant: '23blocks' } },
    };
  });
  copy.change(hostId, { drop: [], put });
  copy.confirm(hostId);
}

function confirm(copy: Copy, id: string): void {
  const hostId = parseHostId(id);
  if (hostId) copy.confirm(hostId);
}
