// A host of a mesh that is played by threads (peer-thread.ts): a whole node over real HTTP, with its store in memory. It speaks with the hosts
// that `heard` names, and waits for every other host without end: a hundred hosts that all speak with each other are ten thousand
// conversations, and more than one machine carries.
import type { Server } from 'node:http';
import { MeshError } from '../../mesh/errors.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Signer } from '../../mesh/signature/ed25519.ts';
import { KnownAddresses } from '../../node/dns/known-addresses.ts';
import { createNameResolver } from '../../node/dns/name-resolver.ts';
import type { Upgrade } from '../../node/http/peers/channel-upgrade.ts';
import { rawHeader } from '../../node/http/raw-headers.ts';
import { closeServer, createHttpServer, listenOn } from '../../node/http/server/server.ts';
import type { Log } from '../../node/log.ts';
import { createNode, type MeshNode } from '../../node/node.ts';
import type { NodeOptions } from '../../node/node-ports.ts';
import { Channels } from '../../node/peers/channel/channels.ts';
import { createCallOnce } from '../../node/peers/connections/call-once.ts';
import { createPeerTransport } from '../../node/peers/peer-transport.ts';
import { RosterWatch } from '../../node/peers/roster-watch.ts';
import { SENDING_OFF } from '../../node/send/account.ts';
import { systemClock } from '../../node/system/clock.ts';
import { systemRandom } from '../../node/system/random.ts';
import { MemoryStore } from '../../test/support/memory-store.ts';
import type { sendingOffPorts } from './sending-off.ts';

interface IdlePeerOptions {
  readonly id: string;
  readonly url: string;
  /** The text of hosts.json. Whose key it says is not asked who it is. */
  readonly hosts: string;
  readonly signer: Signer;
  readonly sendingOff: Awaited<ReturnType<typeof sendingOffPorts>>;
  /** Whether this host speaks with the one of that id. */
  readonly heard: (id: string) => boolean;
  /** Whether this host asks that one anything once it knows its key; absent: whenever it speaks with it. */
  readonly asks?: (id: string) => boolean;
  /** Told of each request that came: who says to have sent it, and its path. */
  readonly asked: (from: string | null, path: string) => void;
  /** Absent: nobody reads what the host logs. */
  readonly log?: Log;
  /** Absent: the system's. */
  readonly clock?: Clock;
}

export interface IdlePeer extends AsyncDisposable {
  /** Whether it can't claim, and why: a sentence. */
  whyNoClaims(): string | undefined;
}

const CONFIG: NodeOptions['config'] = {
  allowSingleLabel: false,
  allowIpLiteral: false,
  webhookAllow: [],
  logDays: 7,
  indexScope: 'host',
  legacy: 'detect',
  peerChannel: true,
};
const SILENT = { info: () => {}, warn: () => {}, error: () => {} };
/** The handshake of a channel is over by then: whoever listens before would take octets from it. */
const CHANNEL_OPEN_MS = 1_000;

/** Starts one host; disposing ends it. */
export async function startIdlePeer(options: IdlePeerOptions): Promise<IdlePeer> {
  const { log = SILENT, clock = systemClock } = options;
  await using stack = new AsyncDisposableStack();
  const roster = new RosterWatch(options.hosts, { id: options.id, hostName: options.id }, log);
  const { hostname, port } = new URL(options.url);
  const listening = { ip: hostname, port: Number(port) };
  const asks = options.asks ?? options.heard;
  const idOf = new Map(roster.current().hosts.map(({ id, url }) => [url, id]));
  const addresses = new KnownAddresses(createNameResolver({ clock }), clock);
  const callOnce = createCallOnce(addresses);
  const ports = {
    ...{ store: new MemoryStore(), clock, random: systemRandom, log, signer: options.signer, addresses },
    resolveOutside: createNameResolver({ clock }),
    ...options.sendingOff,
  };
  const node = stack.use(
    await createNode(
      {
        secrets: { token: undefined, readToken: undefined, meshSecret: undefined },
        ...{ config: CONFIG, send: SENDING_OFF, roster, version: '0', listening: () => listening },
      },
      {
        ...ports,
        callOnce: async (call, signal) =>
          options.heard(idOf.get(call.origin) ?? '') ? await callOnce(call, signal) : await silence(signal),
        transport: (keys, hostOf, start, channelLost) => {
          const own = { ...ports, self: roster.current().self.id, keys };
          const channels = new Channels({ ...own, start, secret: undefined, lost: channelLost });
          const transport = createPeerTransport({ ...own, hostOf, channels });
          return {
            ask: async (request, signal) =>
              asks(request.to) ? await transport.ask(request, signal) : await silence(signal),
            [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
          };
        },
      },
    ),
  );
  const server = serverOf(node, options.asked, clock);
  await listenOn(server, listening);
  stack.defer(() => closeServer(server, clock));
  // Channels end first: no server closes while it has any.
  stack.defer(() => node.quiesce());
  node.start();
  const owned = stack.move();
  return { whyNoClaims: () => node.whyNoClaims(), [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function serverOf(node: MeshNode, asked: IdlePeerOptions['asked'], clock: Clock): Server {
  const fetch: MeshNode['fetch'] = (request, environment) => {
    asked(request.headers.get('mesh-from'), new URL(request.url).pathname);
    return node.fetch(request, environment);
  };
  return createHttpServer(fetch, { clock, upgrade: node.upgrade && counted(node.upgrade, asked) });
}

/** What comes of an idle host in one piece over a channel is one question, or says that more may be asked. */
function counted(upgrade: Upgrade, asked: IdlePeerOptions['asked']): Upgrade {
  return {
    isOffer: (incoming) => upgrade.isOffer(incoming),
    accept: (incoming, socket, head) => {
      const from = rawHeader(incoming, 'mesh-from') ?? null;
      setTimeout(() => socket.on('data', () => asked(from, 'over a channel')), CHANNEL_OPEN_MS).unref();
      upgrade.accept(incoming, socket, head);
    },
  };
}

/** Lasts until the question is given up: what failed at once would be asked again and again, by each of so many hosts. */
function silence(signal: AbortSignal | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new MeshError('peer_silent', 'It is left out of this measurement.'));
  if (signal?.aborted) giveUp();
  signal?.addEventListener('abort', giveUp, { once: true });
  return promise;
}
