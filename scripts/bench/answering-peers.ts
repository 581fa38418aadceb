// Hosts of a mesh too large for one machine to play whole: each answers what other hosts ask who is there, as a whole node would and by its code
// (hello, greetings, its log, its channel), and has no agent. It asks nobody anything, follows nobody and votes on nothing. What the hosts of one
// thread know of all the others they know together: whole nodes know it once for each pair.
import type { Socket } from 'node:net';
import { request } from 'undici';
import { CHANNEL_PATH } from '../../mesh/channel/handshake.ts';
import { MeshError } from '../../mesh/errors.ts';
import { firstChain } from '../../mesh/feed/chain.ts';
import { EMPTY_DIGEST } from '../../mesh/feed/digest.ts';
import { parseRoster } from '../../mesh/hosts-json.ts';
import type { HostId } from '../../mesh/names.ts';
import { type Roster, rosterOf } from '../../mesh/roster.ts';
import { type PublicKey, parsePublicKey, type Signer } from '../../mesh/signature/ed25519.ts';
import { NonceCache, secondOfNow } from '../../mesh/signature/nonces.ts';
import type { FeedLog } from '../../node/changes/change-log.ts';
import { loadClaims } from '../../node/claims.ts';
import { FeedServer } from '../../node/feed/feed-server.ts';
import { PEER_PATHS } from '../../node/http/paths.ts';
import { createChannelAnswer } from '../../node/http/peers/channel-answer.ts';
import type { Upgrade } from '../../node/http/peers/channel-upgrade.ts';
import { type PeerAuthOptions, peerAuth } from '../../node/http/peers/peer-auth.ts';
import type { PeerRoute } from '../../node/http/peers/peer-message.ts';
import { addPeerRoutes } from '../../node/http/peers/peer-routes.ts';
import { rawHeader } from '../../node/http/raw-headers.ts';
import { claimRoutes } from '../../node/http/routes/claims.ts';
import { feedRoutes } from '../../node/http/routes/feed.ts';
import { helloRoutes } from '../../node/http/routes/hello.ts';
import { createHttpServer, listenOn } from '../../node/http/server/server.ts';
import { createShell } from '../../node/http/shell.ts';
import { ChannelServer } from '../../node/peers/channel/channel-server.ts';
import { systemClock } from '../../node/system/clock.ts';
import { systemRandom } from '../../node/system/random.ts';
import { MemoryStore } from '../../test/support/memory-store.ts';

const LOG = { info: () => {}, warn: () => {}, error: () => {} };
const NO_AGENTS = { holder: () => undefined, isEmpty: () => true, keys: () => [] };
const INDEX = '"empty"';
const LOG_ID_BYTES = 16;
/** Such a host does nothing of its own accord, so no time passes for the part that it has in the claims. */
const STANDING_CLOCK = { ...systemClock, sleep: () => new Promise<void>(() => {}) };

export interface AnsweringPeerOptions {
  readonly id: string;
  readonly signer: Signer;
  /** Told of each request that came: who says to have sent it, and its path. */
  readonly asked: (from: string | null, path: string) => void;
}

/** What starts hosts of that hosts.json, which lists their keys. They end with their thread. */
export function answeringPeers(hosts: string): (options: AnsweringPeerOptions) => Promise<void> {
  const [first] = (JSON.parse(hosts) as { readonly hosts: readonly { readonly id: string }[] }).hosts;
  const all = parseRoster(hosts, { id: first?.id, hostName: '' }).hosts;
  const keys = sharedKeys(all);
  return async ({ id, signer, asked }) => {
    const self = all.find((host) => host.id === id);
    if (self === undefined) throw new Error(`hosts.json does not list '${id}'.`);
    await startAnsweringPeer({ roster: rosterOf(all, self), keys, signer, asked });
  };
}

type Keys = PeerAuthOptions['keys'];

/** Those of hosts.json; the one of the host that is measured is asked for when it first signs something. */
function sharedKeys(hosts: Roster['hosts']): Keys {
  const known = new Map<HostId, PublicKey>();
  const note = (id: HostId, text: string | undefined) => {
    const key = text === undefined ? undefined : parsePublicKey(text);
    if (key !== undefined) known.set(id, key);
    return key;
  };
  for (const { id, publicKey } of hosts) note(id, publicKey);
  const urls = new Map(hosts.map(({ id, url }) => [id, url]));
  return {
    known: (id) => known.get(id),
    learn: async (id) => {
      const { body } = await request(`${urls.get(id)}/api/hosts/identity`);
      const { publicKey } = (await body.json()) as { readonly publicKey?: string };
      const key = known.get(id) ?? note(id, publicKey);
      return key === undefined ? { kind: 'silent', why: `Host '${id}' tells no key.` } : { kind: 'known', key };
    },
    confirm: () => {},
    suspect: () => {},
  };
}

interface Parts extends Omit<AnsweringPeerOptions, 'id'> {
  readonly roster: Roster;
  readonly keys: Keys;
}

async function startAnsweringPeer({ roster, keys, signer, asked }: Parts): Promise<void> {
  const { id: self, url } = roster.self;
  const own = { self, keys, signer, clock: systemClock, mayClaim: (id: HostId) => roster.get(id) !== undefined };
  const { routes, start } = await openRoutes(roster, signer);
  const app = createShell(LOG);
  helloRoutes(app, { roster: () => roster, signer, clock: systemClock, software: 'agent-email-mesh/0' });
  const nonces = new NonceCache({ sinceSeconds: secondOfNow(systemClock) });
  app.use(`${PEER_PATHS}*`, peerAuth({ ...own, roster: () => roster, nonces }));
  addPeerRoutes(app, routes);
  const answer = createChannelAnswer({ routes, fetch: app.fetch, log: LOG });
  const channels = new ChannelServer({ ...own, random: systemRandom, log: LOG, secret: undefined, start, answer });
  const fetch: typeof app.fetch = (asking, environment) => {
    asked(asking.headers.get('mesh-from'), new URL(asking.url).pathname);
    return app.fetch(asking, environment);
  };
  const server = createHttpServer(fetch, { clock: systemClock, upgrade: upgradeTo(channels) });
  const { hostname, port } = new URL(url);
  await listenOn(server, { ip: hostname, port: Number(port) });
}

/** What it is asked: its part in the claims, and its log. `start`: what it says of its own start. */
async function openRoutes(
  roster: Roster,
  signer: Signer,
): Promise<{ readonly routes: readonly PeerRoute[]; readonly start: () => string | undefined }> {
  const { id: self } = roster.self;
  const common = { random: systemRandom, log: LOG };
  const loaded = await loadClaims({
    ...{ ...common, self, roster, registry: NO_AGENTS, store: new MemoryStore(), clock: STANDING_CLOCK },
    ...{ isNoVoter: () => false, engine: undefined },
  });
  const { voter, start } = await loaded.open({
    transport: { ask: () => new Promise(() => {}) },
    conversation: { carries: () => true, index: () => INDEX, greeted: () => {}, heard: () => {} },
    doubted: () => {},
  });
  start();
  const [changes, agents, index] = [emptyLog(), () => [], () => INDEX];
  const server = new FeedServer({ ...common, hostId: self, changes, agents, index, signer, clock: systemClock });
  const relay = { answer: () => Promise.reject(new MeshError('not_found', 'This host is no relay.')) };
  const stopping = new AbortController().signal;
  return {
    routes: [...claimRoutes(voter), ...feedRoutes({ server, relay, stopping })],
    start: () => loaded.startName(),
  };
}

function emptyLog(): FeedLog {
  const logId = Buffer.from(systemRandom.bytes(LOG_ID_BYTES)).toString('hex');
  const nothing = async () => undefined;
  return {
    ...{ logId, head: 0, ownHead: { logId, n: 0, chain: firstChain(logId), digest: EMPTY_DIGEST } },
    ...{ read: async () => [], own: async () => [], subscribe: () => () => {} },
    ...{ saveEnd: nothing, renew: nothing, hear: nothing },
  };
}

function upgradeTo(channels: ChannelServer): Upgrade {
  return {
    isOffer: ({ url }) => url === CHANNEL_PATH,
    accept: (incoming, socket: Socket, head) => {
      socket.on('error', () => undefined);
      // Whoever offered it asks over HTTP then.
      channels.accept((name) => rawHeader(incoming, name), socket, head).catch(() => socket.destroy());
    },
  };
}
