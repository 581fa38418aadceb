// Hosts for the look-up benchmarks: the real route over the real index behind a real HTTP server, without the rest of a node.
// As a worker it serves the peers, so that they do not share a thread with the host that asks.

import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';
import { parseIdentityAddress } from '../../mesh/address/identity.ts';
import type { LookUps } from '../../mesh/lookup/look-ups.ts';
import type { ClaimId } from '../../mesh/names.ts';
import { parseAgentId, parseHostId } from '../../mesh/names.ts';
import { KnownAddresses } from '../../node/dns/known-addresses.ts';
import { createNameResolver } from '../../node/dns/name-resolver.ts';
import { type EmailIndexServices, emailIndexRoutes } from '../../node/http/routes/email-index.ts';
import { closeServer, createHttpServer, listenOn } from '../../node/http/server/server.ts';
import type { Fetch } from '../../node/http/shell.ts';
import { createShell } from '../../node/http/shell.ts';
import { lookUpTimes } from '../../node/metrics/times.ts';
import { createNode, type MeshNode } from '../../node/node.ts';
import { createCallOnce } from '../../node/peers/connections/call-once.ts';
import { createPeerTransport } from '../../node/peers/peer-transport.ts';
import { RosterWatch } from '../../node/peers/roster-watch.ts';
import type { AgentAddress } from '../../node/registry/agent.ts';
import { type AgentAge, compareAge } from '../../node/registry/agent-age.ts';
import { EmailIndex } from '../../node/registry/email-index.ts';
import { Secret } from '../../node/secret.ts';
import { SENDING_OFF } from '../../node/send/account.ts';
import { systemClock } from '../../node/system/clock.ts';
import { systemRandom } from '../../node/system/random.ts';
import { MemoryStore } from '../../test/support/memory-store.ts';
import { sendingOffPorts } from './sending-off.ts';

const ADDRESSES_PER_AGENT = 10;

export interface BenchHost {
  readonly id: string;
  readonly addresses: number;
  /** Milliseconds by which it answers late, as over a longer way. */
  readonly delayMs?: number;
  /** Whether the server accepts connections and says nothing. */
  readonly hangs?: boolean;
}

export interface Served {
  readonly origin: string;
  close(): Promise<void>;
}

/** Agents `agent-0`, … with `addressOfHost(id, 0)`, … ten each. */
export function fullIndex(id: string, addresses: number): EmailIndex {
  const self = { url: `http://${id}.example:23000` };
  const index = new EmailIndex({ self: () => self, random: systemRandom });
  for (let first = 0; first < addresses; first += ADDRESSES_PER_AGENT) {
    const agentId = parseAgentId(`7f9c2d1e-bench-${first}`);
    const hostId = parseHostId(id);
    if (!agentId || !hostId) throw new Error(`'${id}' is no host id.`);
    const count = Math.min(ADDRESSES_PER_AGENT, addresses - first);
    index.put({
      id: agentId,
      name: `agent-${first}`,
      label: null,
      hostId,
      emailEnabled: true,
      addresses: Array.from({ length: count }, (_, position) => storedAddress(id, first + position)),
      createdAt: '2026-01-27T12:00:00.000Z',
      updatedAt: '2026-01-27T12:00:00.000Z',
      sequence: 1,
    });
  }
  return index;
}

export function addressOfHost(id: string, number: number | '#'): string {
  return `agent${number}@${id}.23smartagents.com`;
}

/** What look-ups need of a node. */
export function indexServices(index: EmailIndex, lookUps: LookUps): EmailIndexServices {
  const own = { index, lookUps, parseAddress: parseIdentityAddress, pending: () => undefined, clock: systemClock };
  const agents = [...new Set(index.answer({}).map(({ agent }) => agent))].sort(compareAge);
  const page = (after: AgentAge | undefined, limit: number) => {
    const from = after === undefined ? 0 : agents.findIndex((agent) => compareAge(agent, after) > 0);
    return from < 0 ? [] : agents.slice(from, from + limit);
  };
  return { ...own, observer: lookUpTimes(), agents: page };
}

/** The real route and nothing else. */
export function indexApp(services: EmailIndexServices): Hono {
  const app = createShell({ info: () => {}, warn: () => {}, error: () => {} });
  emailIndexRoutes(app, services);
  return app;
}

/**
 * A whole node that owns the addresses of `fullIndex`: gate, routes, everything but the disk. `others`: hosts beside it in hosts.json. `token`:
 * what opens it; without one it takes no change.
 */
export async function wholeNode(
  id: string,
  addresses: number,
  others: readonly string[] = [],
  token?: string,
): Promise<MeshNode> {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const agents = new Set(
    fullIndex(id, addresses)
      .answer({})
      .map(({ agent }) => agent),
  );
  const disk = new Map([...agents].map((agent) => [`agent/${agent.id}`, JSON.stringify(agent)]));
  const store = new MemoryStore({ disk });
  const text = JSON.stringify({
    hosts: [id, ...others].map((one) => ({ id: one, url: `http://${one}.example:23000` })),
  });
  const roster = new RosterWatch(text, { id, hostName: id }, log);
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicKey = createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '';
  const signer = { publicKey, sign: (bytes: Uint8Array) => sign(null, bytes, privateKey) };
  const resolveOutside = createNameResolver({ clock: systemClock });
  const known = new KnownAddresses(resolveOutside, systemClock);
  const ports = {
    ...{ store, clock: systemClock, random: systemRandom, log, signer },
    addresses: known,
    ...{ callOnce: createCallOnce(known), resolveOutside },
    ...(await sendingOffPorts(systemClock, log)),
  };
  const config = {
    allowSingleLabel: false,
    allowIpLiteral: false,
    webhookAllow: [],
    logDays: 7,
    indexScope: 'host',
    legacy: 'detect',
  } as const;
  const secrets = {
    token: token === undefined ? undefined : new Secret(token),
    readToken: undefined,
    meshSecret: undefined,
  };
  return createNode(
    { config, secrets, send: SENDING_OFF, roster, version: '0', listening: () => ({ ip: '127.0.0.1', port: 9 }) },
    {
      ...ports,
      transport: (keys, hostOf) => createPeerTransport({ ...ports, self: roster.current().self.id, hostOf, keys }),
    },
  );
}

/** By the node's own server, with the short way of its look-ups. */
export async function serveNode({ fetch, shortLookUp }: Pick<MeshNode, 'fetch' | 'shortLookUp'>): Promise<Served> {
  const server = createHttpServer(fetch, { clock: systemClock, shortWay: shortLookUp });
  const { port } = await listenOn(server, { ip: '127.0.0.1', port: 0 });
  return { origin: `http://127.0.0.1:${port}`, close: () => closeServer(server, systemClock) };
}

/** Listens on loopback, on any free port. */
export function serveFetch(fetch: Fetch): Promise<Served> {
  return new Promise((resolve) => {
    const server = serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
      const close = () => new Promise<void>((closed) => void server.close(() => closed()));
      resolve({ origin: `http://127.0.0.1:${port}`, close });
    });
  });
}

function storedAddress(id: string, number: number): AgentAddress {
  const parsed = parseIdentityAddress(addressOfHost(id, number));
  if (!parsed.valid) throw new Error(parsed.error);
  const { address, key } = parsed;
  const claimId = `claim-${number}` as ClaimId;
  const primary = number % ADDRESSES_PER_AGENT === 0;
  return {
    address,
    key,
    claimId,
    since: '2026-01-27T12:00:00.000Z',
    primary,
    displayName: `Agent ${number}`,
    metadata: { tenant: '23blocks' },
  };
}

async function servePeer({ id, addresses, delayMs, hangs }: BenchHost): Promise<string> {
  if (hangs) return serveSilence();
  const alone = () => {
    throw new Error('A peer of the benchmark was asked a federated question.');
  };
  const lookUps = { everybody: alone, verify: alone, index: alone, known: alone, knownJson: alone };
  const app = indexApp(indexServices(fullIndex(id, addresses), lookUps));
  const late = async (request: Request) => {
    await systemClock.sleep(delayMs ?? 0);
    return app.fetch(request);
  };
  const { origin } = await serveFetch(delayMs === undefined ? (request) => app.fetch(request) : late);
  return origin;
}

function serveSilence(): Promise<string> {
  const server = createServer(() => {});
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

const asWorker = parentPort;
if (asWorker !== null) {
  const { peers } = workerData as { readonly peers: readonly BenchHost[] };
  asWorker.postMessage(await Promise.all(peers.map(servePeer)));
}
