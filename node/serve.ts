// From settings to a node that listens: opens the data directory, builds the real ports, and undoes it all in reverse order.
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { MeshError } from '../mesh/errors.ts';
import type { HostId } from '../mesh/names.ts';
import type { Host } from '../mesh/roster.ts';
import { untilAborted } from '../mesh/time/deadline.ts';
import type { EditHosts } from './admission/host-list.ts';
import { DEFAULT_PORT } from './defaults.ts';
import { createDnsResolver } from './dns/dns-resolver.ts';
import { KnownAddresses } from './dns/known-addresses.ts';
import { createNameResolver, type ResolveName } from './dns/name-resolver.ts';
import { socketBy } from './dns/named-socket.ts';
import { openClaimEngine } from './engines/named-engine.ts';
import { closeServer, createHttpServer, listenOn } from './http/server/server.ts';
import type { Log } from './log.ts';
import { readCertificates } from './machine/certificates.ts';
import { loopbackNameFault } from './machine/loopback-name.ts';
import { readPrivateFile } from './machine/private-file.ts';
import { isLoopback, isThisMachine } from './machine/this-machine.ts';
import { processMeasures } from './metrics/process-metrics.ts';
import { timedLogDisk } from './metrics/timed-ports.ts';
import { syncTimes } from './metrics/times.ts';
import type { NodePorts } from './node-ports.ts';
import { Channels } from './peers/channel/channels.ts';
import { createCallOnce } from './peers/connections/call-once.ts';
import type { MakeTransport } from './peers/known-peers.ts';
import { createPeerTransport } from './peers/peer-transport.ts';
import { RosterWatch } from './peers/roster-watch.ts';
import type { Secret } from './secret.ts';
import type { SendConfig } from './send/account.ts';
import { readSendConfig } from './send/accounts/accounts-file.ts';
import type { ListenAddress } from './setting-values.ts';
import type { Config, Secrets } from './settings.ts';
import { systemLogDisk } from './store/commits/log-disk.ts';
import { openStore } from './store/disk-store.ts';
import type { StoreThread } from './store/store-thread.ts';
import { systemClock } from './system/clock.ts';
import { DiskBlobs } from './system/disk-blobs.ts';
import { openHostKey } from './system/host-key.ts';
import { HostsFile } from './system/hosts-file.ts';
import { createLog } from './system/json-log.ts';
import type { LineSink } from './system/line-sink.ts';
import { systemRandom } from './system/random.ts';
import { createPostForm } from './system/token-form.ts';
import { createTunnel } from './webhooks/guard/proxy-tunnel.ts';

export interface ServeOptions {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly version: string;
  /** The store's thread on its data directory, where there is a database; who began it abandons it in the end. */
  readonly begun?: StoreThread | undefined;
  /** Where the log goes. */
  readonly standardError: LineSink;
  /** Ends the start; the node itself is ended by `stop` of what comes of it. */
  readonly stop: AbortSignal;
}

export interface RunningNode {
  /** One line for people: where it listens, who it is, where its data is, who its peers are. */
  readonly ready: string;
  /** Resolves when the node can't go on. */
  readonly failed: Promise<MeshError>;
  /** Ends what is in hand, bounded, and closes everything. */
  stop(): Promise<void>;
}

/**
 * Rejects with a `MeshError` whose sentence says why this node can't start, or with the reason of `stop`. Both leave nothing behind: a
 * step that was begun is ended, and what it opened is closed.
 */
export async function serveNode({
  config,
  secrets,
  version,
  begun,
  standardError,
  stop,
}: ServeOptions): Promise<RunningNode> {
  await using stack = new AsyncDisposableStack();
  const background = new AbortController();
  stack.defer(() => background.abort());
  const log = createLog(config.logLevel, standardError);
  warnOfUnknown(config, log);
  const hostsFile = new HostsFile(resolve(config.hostsFile), log);
  const roster = new RosterWatch(await hostsFile.read(), { id: config.host, hostName: hostname() }, log);
  const { self } = roster.current();
  const resolveName = createNameResolver({ clock: systemClock });
  const addresses = new KnownAddresses(resolveName, systemClock);
  let listening = config.listen ?? (await listenAddressOf(self, resolveName));
  stop.throwIfAborted();
  refuseOpenDoor(listening, secrets);
  warnOfReadOnly(self, secrets, log);
  if (config.listen === undefined) void warnOfLoopbackName(roster, (name) => addresses.addressesOf(name), log);

  const directory = resolve(config.dataDirectory);
  const send = sendConfigOf(config, secrets);
  const ports = stack.use(await openPorts({ directory, config, secrets, begun, addresses, log, stop }));
  const transport = transportOver(ports, self.id, { isOn: config.peerChannel, secret: secrets.meshSecret });
  const editHosts: EditHosts = (change) => hostsFile.edit(change, (text) => roster.edited(text));
  const made = { config, secrets, send, roster, version, listening: () => listening };
  const { createNode } = await import('./node.ts');
  const node = stack.use(await createNode(made, { ...ports, transport, editHosts }));
  stop.throwIfAborted();
  stop.addEventListener('abort', () => node.quiesce(), { once: true });
  await untilAborted(stop, node.meet());
  const http = createHttpServer(node.fetch, { clock: systemClock, shortWay: node.shortLookUp, upgrade: node.upgrade });
  // The port may have been 0: any free one.
  listening = await listenOn(http, listening);
  stack.defer(() => closeServer(http, systemClock));
  stop.throwIfAborted();
  void hostsFile.watch(systemClock, background.signal, (text) => roster.edited(text));
  node.start();
  log.info('node.started', { host: self.id, listen: listening, data: directory, version });

  const owned = stack.move();
  return {
    ready: readyLine(self, listening, directory, roster.current().peers, node.whyNoClaims()),
    failed: ports.store.failed.then(stopped),
    stop: async () => {
      log.info('node.stopping', { host: self.id });
      // While the server lets requests in hand end, nothing new is begun behind it.
      node.quiesce();
      await owned.disposeAsync();
    },
  };
}

function sendConfigOf({ sendAccounts }: Config, { smtpUrl }: Secrets): SendConfig {
  return readSendConfig({ file: sendAccounts, url: smtpUrl }, { readPrivateFile, readCertificates });
}

function stopped(cause: Error): MeshError {
  return new MeshError('store_failed', `The node stopped: ${cause.message}`, { cause });
}

/** Questions to peers over channels, where they are on, and by signed requests. */
function transportOver(
  ports: Ports,
  self: HostId,
  { isOn, secret }: { readonly isOn: boolean; readonly secret: Secret | undefined },
): MakeTransport {
  return (keys, hostOf, start, channelLost) => {
    const own = { ...ports, self, keys };
    const channels = isOn ? new Channels({ ...own, start, secret: secret?.reveal(), lost: channelLost }) : undefined;
    return createPeerTransport({ ...own, hostOf, channels });
  };
}

interface PortsOptions extends Pick<ServeOptions, 'config' | 'secrets' | 'begun' | 'stop'> {
  /** The data directory. */
  readonly directory: string;
  /** The addresses of the hosts' names. */
  readonly addresses: KnownAddresses;
  readonly log: Log;
}

interface Ports extends Omit<NodePorts, 'transport' | 'editHosts'>, AsyncDisposable {
  readonly addresses: KnownAddresses;
}

/** The ports' real side. What may be refused of the settings comes first: a wrong one leaves no data directory behind. */
async function openPorts({ directory, config, secrets, begun, addresses, log, stop }: PortsOptions): Promise<Ports> {
  await using stack = new AsyncDisposableStack();
  const clock = systemClock;
  const proxyUrl = secrets.webhookProxy?.reveal();
  const webhookTunnel = proxyUrl === undefined ? undefined : createTunnel(proxyUrl, addresses.lookup);
  const engine = await openClaimEngine(secrets.claims, { clock: systemClock, lookup: addresses.lookup });
  const syncs = syncTimes();
  const opening = openStore({ directory, log, disk: timedLogDisk(systemLogDisk, syncs, clock), begun });
  // Half of the modules are the node's alone. They are loaded while the store's thread looks its database over.
  const [store] = await Promise.all([opening, import('./node.ts')]);
  stack.defer(() => store.close());
  stop.throwIfAborted();
  const blobs = await DiskBlobs.open({ directory: join(directory, 'blobs'), clock, log });
  const post = stack.use(createPostForm(addresses.lookup, clock));
  const resolver = createDnsResolver(clock);
  const signer = await openHostKey({ directory, store, acceptNewKey: config.acceptNewKey });
  const owned = stack.move();
  return {
    copied: { store, directory },
    mailboxDirectory: join(directory, 'mailbox'),
    ...{ store, clock, random: systemRandom, log, signer, addresses, blobs, post, resolver, engine },
    callOnce: createCallOnce(addresses),
    // Strangers choose these names, so they are resolved apart from all others and can delay none.
    resolveOutside: createNameResolver({ clock }),
    webhookTunnel,
    machine: processMeasures(directory, [syncs]),
    socketTo: (name) => socketBy(addresses.lookup, name),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Where a host listens by default: at its own URL; on loopback when a proxy that speaks TLS stands before that URL. */
async function listenAddressOf({ url, id }: Host, resolveName: ResolveName): Promise<ListenAddress> {
  const { protocol, hostname: name, port } = new URL(url);
  if (protocol === 'https:') return { ip: '127.0.0.1', port: DEFAULT_PORT };
  const listenPort = port === '' ? 80 : Number(port);
  if (name === 'localhost') return { ip: '127.0.0.1', port: listenPort };
  try {
    const [first] = await resolveName(name.replace(/^\[|\]$/g, ''));
    if (first !== undefined) return { ip: first.address, port: listenPort };
    throw new Error(`'${name}' has no address.`);
  } catch (cause) {
    const message = `The URL of host '${id}' in hosts.json, ${url}, has a name that does not resolve here, so this node can't tell where to listen. Say it with --listen IP:PORT.`;
    throw new MeshError('invalid_request', message, { cause });
  }
}

function refuseOpenDoor({ ip, port }: ListenAddress, { token }: Secrets): void {
  if (isLoopback(ip) || token !== undefined) return;
  const message = `This node would listen on ${ip} port ${port}, where others can reach it, and anybody could change its agents. Set MESH_TOKEN (16 characters or more), which clients then show as "Authorization: Bearer …", or listen on loopback with --listen 127.0.0.1:${port}.`;
  throw new MeshError('invalid_request', message);
}

/** Unknown variables are not refused: an orchestrator sets variables of its own, named after its services. */
function warnOfUnknown({ unknownVariables }: Config, log: Log): void {
  for (const name of unknownVariables)
    log.warn('settings.unknown_variable', {
      message: `${name} is no setting of this program and has no effect. 'npx mesh start --help' lists them.`,
    });
}

/** Warns when this node listens on loopback though its URL says that other machines reach it (through a proxy). The gate goes by the URL too. */
function warnOfReadOnly({ url }: Host, { token }: Secrets, log: Log): void {
  if (token !== undefined || isThisMachine(new URL(url).hostname)) return;
  const message = `hosts.json says that this host is reached at ${url}, from other machines too, and there is no MESH_TOKEN: nobody can change its agents. Set MESH_TOKEN (16 characters or more), which clients then show as "Authorization: Bearer …".`;
  log.warn('node.read_only', { message });
}

/** Nothing waits for this check, for the names of peers may take long to resolve. */
async function warnOfLoopbackName(roster: RosterWatch, resolve: ResolveName, log: Log): Promise<void> {
  const { self, peers } = roster.current();
  const message = await loopbackNameFault(self, peers, resolve);
  if (message !== undefined) log.warn('node.on_loopback', { message });
}

/** `why`: nothing can be claimed now. */
function readyLine(
  self: Host,
  { ip, port }: ListenAddress,
  directory: string,
  peers: readonly Host[],
  why: string | undefined,
): string {
  const url = `http://${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
  const others =
    peers.length === 0 ? 'no peers' : `peers: ${peers.map(({ id, url: at }) => `${id} (${at})`).join(', ')}`;
  const claims = why === undefined ? '' : `; no address can be claimed yet: ${why}`;
  return `mesh: host '${self.id}' is ready at ${url}, data in ${directory}, ${others}${claims}`;
}
