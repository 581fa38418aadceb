// A whole node, put together by the composition root, on a disk and with peers in memory.

import { Socket } from 'node:net';
import type { ClaimEngine } from '../../mesh/engine/claim-engine.ts';
import { MeshError } from '../../mesh/errors.ts';
import type { LegacyMode } from '../../mesh/lookup/legacy-hosts.ts';
import type { HostId } from '../../mesh/names.ts';
import type { HostRecords } from '../../node/mailbox/domain.ts';
import { createNode, type MeshNode } from '../../node/node.ts';
import type { NodeOptions, NodePorts } from '../../node/node-ports.ts';
import { RosterWatch } from '../../node/peers/roster-watch.ts';
import { Secret } from '../../node/secret.ts';
import { SENDING_OFF, type SendConfig } from '../../node/send/account.ts';
import type { Mailer } from '../../node/send/mailer.ts';
import type { ListenAddress } from '../../node/setting-values.ts';
import type { ShownSetting } from '../../node/settings.ts';
import type { Resolver } from '../../node/validation/deliverability.ts';
import { type MemoryDisk, MemoryStore } from './memory-store.ts';
import { RecordingLog } from './recording-log.ts';
import { urlOf } from './roster-of.ts';
import { type PeerScript, ScriptedPeers } from './scripted-peers.ts';
import { seededRandom } from './seeded-random.ts';
import { resolveBySystem } from './system-names.ts';
import { testBlobs } from './test-blobs.ts';
import { testKeys } from './test-keys.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface TestNode {
  readonly node: MeshNode;
  readonly clock: VirtualClock;
  readonly store: MemoryStore;
  readonly log: RecordingLog;
  readonly roster: RosterWatch;
  readonly peers: ScriptedPeers;
  /** The channel to that peer ends. */
  loseChannel(id: HostId): void;
  /** An operator edits hosts.json. */
  edit(text: string): void;
  /** One request; `body` is sent as JSON. */
  ask(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ status: number; headers: Headers; body: never }>;
}

export interface TestNodeOptions {
  readonly meshSecret?: string;
  /** What the peers of host `mac` do; each is listed in hosts.json. */
  readonly peers?: Readonly<Record<string, PeerScript>>;
  readonly token?: string;
  readonly readToken?: string;
  readonly disk?: MemoryDisk;
  readonly send?: SendConfig;
  readonly mailer?: Mailer;
  readonly resolver?: Resolver;
  readonly legacy?: LegacyMode;
  readonly engine?: ClaimEngine;
  /** MESH_CLAIMS. */
  readonly claims?: string;
  readonly indexScope?: 'host' | 'mesh';
  readonly logDays?: number;
  readonly aliases?: readonly string[];
  readonly origins?: readonly string[];
  readonly compat?: 'maestro';
  readonly forward?: URL;
  /** Where it keeps inboxes, and their domain; absent: it keeps none. */
  readonly mailbox?: {
    readonly directory: string;
    readonly domain?: string;
    readonly smtp?: ListenAddress;
    readonly publicUrl?: string;
    readonly hostRecords?: HostRecords;
    readonly dns?: readonly string[];
  };
  /** Octets that are free on its disk; absent: as the system says. */
  readonly freeBytes?: NodePorts['freeBytes'];
  readonly page?: boolean;
  /** What the page of settings shows. */
  readonly shown?: readonly ShownSetting[];
  readonly machine?: NodePorts['machine'];
  /** Where its data would lie, if it lay on a disk: then there are routes of backups. */
  readonly copied?: NodePorts['copied'];
}

const noResolver: Resolver = {
  mx: () => Promise.resolve([]),
  a: () => Promise.resolve([]),
  aaaa: () => Promise.resolve([]),
  txt: () => Promise.resolve([]),
};

/** Where the node itself is: on loopback, or it would take no change without a token. */
export const SELF_URL = 'http://127.0.0.1:23000';

export function hostsText(self: string, ...peers: readonly string[]): string {
  const hosts = [{ id: self, url: SELF_URL }, ...peers.map((id) => ({ id, url: urlOf(id) }))];
  return JSON.stringify({ hosts });
}

/** What its operator set. */
function optionsOf(asked: TestNodeOptions, roster: RosterWatch): NodeOptions {
  const { token, readToken, meshSecret, claims, mailbox } = asked;
  const secrets: NodeOptions['secrets'] = {
    token: token ? new Secret(token) : undefined,
    readToken: readToken ? new Secret(readToken) : undefined,
    meshSecret: meshSecret ? new Secret(meshSecret) : undefined,
    claims: claims ? new Secret(claims) : undefined,
  };
  const { legacy = 'detect', indexScope = 'host', logDays = 7, aliases = [], origins = [] } = asked;
  const { compat, forward, page = true, shown = [], send = SENDING_OFF } = asked;
  const config: NodeOptions['config'] = {
    ...{ allowSingleLabel: false, allowIpLiteral: false, webhookAllow: [], legacy, indexScope, logDays },
    ...{ aliases, origins, compat, forward, page, shown },
    mailbox: mailbox && {
      ...{ domain: mailbox.domain, smtp: mailbox.smtp, publicUrl: mailbox.publicUrl },
      ...{ hostRecords: mailbox.hostRecords, dns: mailbox.dns },
    },
  };
  const listening = () => ({ ip: '127.0.0.1', port: 23_000 });
  return { config, secrets, send, roster, version: '1.2.3', listening };
}

/** Ports that most tests leave out. */
function portsOf({ machine, copied, freeBytes }: TestNodeOptions): Pick<NodePorts, 'machine' | 'copied' | 'freeBytes'> {
  return {
    ...(copied === undefined ? {} : { copied }),
    ...(freeBytes === undefined ? {} : { freeBytes }),
    ...(machine === undefined ? {} : { machine }),
  };
}

export async function testNode(options: TestNodeOptions = {}): Promise<TestNode> {
  const { peers: scripts = {}, disk, mailer, resolver = noResolver, engine, mailbox } = options;
  const [clock, log, random] = [new VirtualClock(), new RecordingLog(), seededRandom(1)];
  const store = new MemoryStore(disk === undefined ? {} : { disk });
  let hosts = hostsText('mac', ...Object.keys(scripts));
  const roster = new RosterWatch(hosts, { id: 'mac', hostName: 'mac' }, log);
  const peers = new ScriptedPeers(scripts);
  const lost: ((id: HostId) => void)[] = [];
  const node = await createNode(optionsOf(options, roster), {
    ...{ store, clock, random, log },
    signer: testKeys('mac').mac.signer,
    editHosts: async (change) => {
      hosts = change(hosts);
      roster.edited(hosts);
    },
    blobs: await testBlobs({ clock, log }),
    resolver,
    resolveOutside: resolveBySystem,
    socketTo: () => new Socket(),
    post: () => Promise.reject(new Error('No token is asked for in this test.')),
    engine,
    ...portsOf(options),
    ...(mailbox === undefined ? {} : { mailboxDirectory: mailbox.directory }),
    ...(mailer === undefined ? {} : { mailer }),
    callOnce: () => Promise.reject(new MeshError('peer_silent', 'Nobody introduces himself in these tests.')),
    transport: (_keys, _hostOf, _start, channelLost) => {
      lost.push(channelLost);
      return Object.assign(peers, { [Symbol.asyncDispose]: () => Promise.resolve() });
    },
  });
  return {
    ...{ node, clock, store, log, roster, peers },
    loseChannel: (id) => {
      for (const tell of lost) tell(id);
    },
    edit: (text) => {
      hosts = text;
      roster.edited(text);
    },
    ask: async (method, path, body, headers = {}) => {
      const json = body === undefined ? {} : { body: JSON.stringify(body) };
      const asked = { host: 'localhost', 'content-type': 'application/json', ...headers };
      const response = await node.fetch(new Request(`http://localhost${path}`, { method, headers: asked, ...json }));
      const text = await response.text();
      const answered = (text === '' ? undefined : JSON.parse(text)) as never;
      return { status: response.status, headers: response.headers, body: answered };
    },
  };
}
