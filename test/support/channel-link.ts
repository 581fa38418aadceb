// mac and cloud over real sockets on loopback: cloud behind the node's own HTTP server, which takes channels, and answers what it is asked with
// what a test says. Deadlines are by a virtual clock.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import type { ChannelAnswer, ChannelQuestion } from '../../mesh/channel/message.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Roster } from '../../mesh/roster.ts';
import { createGate } from '../../node/http/gate/gate.ts';
import { acceptBehindGate, type Upgrade } from '../../node/http/peers/channel-upgrade.ts';
import { closeServer, createHttpServer, listenOn } from '../../node/http/server/server.ts';
import { ChannelServer, type ChannelServerOptions } from '../../node/peers/channel/channel-server.ts';
import { Channels, type ChannelsOptions } from '../../node/peers/channel/channels.ts';
import { createPeerTransport, type PeerLines } from '../../node/peers/peer-transport.ts';
import { systemClock } from '../../node/system/clock.ts';
import { RecordingLog } from './recording-log.ts';
import { seededRandom } from './seeded-random.ts';
import { systemAddresses } from './system-names.ts';
import { testKeys } from './test-keys.ts';
import { trustingHosts } from './trusting-hosts.ts';
import { VirtualClock } from './virtual-clock.ts';

/** `stranger` is listed nowhere. */
export const { stranger } = testKeys('stranger');

interface Asked extends ChannelQuestion {
  readonly from: HostId;
  readonly signal: () => AbortSignal;
}

export interface ChannelLinkOptions {
  readonly answer?: (asked: Asked) => ChannelAnswer | Promise<ChannelAnswer>;
  readonly cloud?: Partial<ChannelServerOptions>;
  readonly mac?: Partial<ChannelsOptions>;
  /** Whether cloud is of a version without channels. */
  readonly isOld?: boolean;
}

export interface ChannelLink {
  readonly transport: PeerLines;
  readonly channels: Channels;
  readonly server: ChannelServer;
  readonly clock: VirtualClock;
  readonly log: RecordingLog;
  /** What came over a channel. */
  readonly asked: Asked[];
  /** Paths of what came by requests. */
  readonly requested: string[];
  /** Connections that carry a channel at cloud, those that ended too. */
  readonly sockets: Socket[];
  readonly url: string;
  readonly cloudId: HostId;
  /** Resolves when mac has a channel to cloud. */
  opened(): Promise<void>;
}

const TURNS_MAX = 20_000;

export async function channelLink(options: ChannelLinkOptions = {}): Promise<ChannelLink> {
  const { mac, cloud } = trustingHosts('mac', 'cloud');
  const [clock, log, random] = [new VirtualClock(), new RecordingLog(), seededRandom(1)];
  const [asked, requested, sockets]: [Asked[], string[], Socket[]] = [[], [], []];
  const answer = options.answer ?? (() => ({ status: 200, body: Buffer.from('{"over":"channel"}') }));
  const stack = new AsyncDisposableStack();
  onTestFinished(() => stack.disposeAsync());
  const server = new ChannelServer({
    ...{ self: cloud.id, keys: cloud.keys, signer: cloud.signer, clock, random, log, secret: undefined },
    mayClaim: (id) => cloud.roster().get(id)?.enabled === true,
    start: () => 'cloud.1.a',
    answer: async (from, question, signal) => {
      const said = { ...question, from, signal };
      asked.push(said);
      return await answer(said);
    },
    ...options.cloud,
  });
  const upgrade = upgradeOf({ server, roster: cloud.roster, clock, log }, sockets);
  const fetch = (request: Request) => {
    requested.push(new URL(request.url).pathname);
    return Response.json({ over: 'HTTP' });
  };
  const http = createHttpServer(fetch, { clock: systemClock, ...(options.isOld ? {} : { upgrade }) });
  const { port } = await listenOn(http, { ip: '127.0.0.1', port: 0 });
  stack.defer(() => closeServer(http, systemClock));
  stack.use(server);
  const url = `http://127.0.0.1:${port}`;
  cloud.listensAt(url);

  // Requests are answered unsigned here, which counts as long as no key is known; channels know one.
  const keys = { ...mac.keys, known: () => undefined, believesUnsigned: () => true };
  const own = { self: mac.id, signer: mac.signer, clock, random, addresses: systemAddresses };
  const channels = new Channels({
    ...{ ...own, keys: mac.keys, log, secret: undefined, start: () => 'mac.1.a', lost: () => undefined },
    ...options.mac,
  });
  const hostOf = (id: HostId) => mac.roster().get(id);
  const transport = stack.use(createPeerTransport({ ...own, keys, hostOf, channels }));
  const opened = async () => {
    const host = hostOf(cloud.id);
    if (host === undefined) throw new Error('mac lists cloud');
    channels.towards(host, 0);
    for (let turn = 0; !channels.has(cloud.id); turn += 1) {
      if (turn > TURNS_MAX) throw new Error(`No channel was opened: ${JSON.stringify(log.events)}`);
      await clock.settle();
    }
  };
  return { transport, channels, server, clock, log, asked, requested, sockets, url, cloudId: cloud.id, opened };
}

/** How connections become channels at cloud; `sockets` gains each of them. */
function upgradeOf(
  { server, roster, clock, log }: Pick<ChannelLink, 'server' | 'clock' | 'log'> & { readonly roster: () => Roster },
  sockets: Socket[],
): Upgrade {
  const secrets = { token: undefined, readToken: undefined };
  const gate = createGate({
    ...{ roster, secrets, clock, keys: { actorOf: () => undefined }, aliases: [], origins: [] },
  });
  const behind = acceptBehindGate({ gate, channels: server, doors: [], clock, log });
  return {
    ...behind,
    accept: (incoming: IncomingMessage, socket: Socket, head: Uint8Array) => {
      sockets.push(socket);
      behind.accept(incoming, socket, head);
    },
  };
}

/** A link on which mac has its channel. */
export async function opened(options: ChannelLinkOptions = {}): Promise<ChannelLink> {
  const link = await channelLink(options);
  await link.opened();
  return link;
}

export async function until(link: ChannelLink, holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds() && turn < 5_000; turn += 1) await link.clock.settle();
  expect(holds()).toBe(true);
}
