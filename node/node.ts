// The composition root: every part of a node made once, in plain order, from a configuration and ports. Each capability is opened by one
// function of `modules/`. Called by the command and by tests; nothing else builds.
import { parseIdentityAddress } from '../mesh/address/identity.ts';
import { NonceCache, secondOfNow } from '../mesh/signature/nonces.ts';
import { BackgroundWork } from './background-work.ts';
import { HostCopies } from './feed/host-copies.ts';
import { createApp } from './http/app.ts';
import { createGate } from './http/gate/gate.ts';
import { Sessions } from './http/gate/sessions.ts';
import { createShortLookUp, type ShortWay } from './http/lookup/short-look-up.ts';
import { createChannelAnswer } from './http/peers/channel-answer.ts';
import { acceptBehindGate, type Upgrade } from './http/peers/channel-upgrade.ts';
import type { Fetch } from './http/shell.ts';
import { Keys } from './keys/keys.ts';
import { MeshEvents } from './mesh-events.ts';
import { openMesh } from './mesh-module.ts';
import type { Measure } from './metrics/measure.ts';
import { timedClaims } from './metrics/timed-ports.ts';
import { claimTimes, type LookUpTimes, lookUpTimes } from './metrics/times.ts';
import { openAdmissionModule } from './modules/admission.ts';
import { openBackupModule } from './modules/backup.ts';
import { openChangeModule } from './modules/changes.ts';
import { openCompatModule } from './modules/compat.ts';
import { openConflictModule } from './modules/conflicts.ts';
import { openDocumentModule } from './modules/documents.ts';
import { openEmailIndex } from './modules/email-index.ts';
import { openFeedModule } from './modules/feed.ts';
import { openForwardModule } from './modules/forward.ts';
import { openKeyModule } from './modules/keys.ts';
import { openMailboxModule } from './modules/mailbox.ts';
import { openMeshModule } from './modules/mesh.ts';
import { openMetricsModule } from './modules/metrics.ts';
import type { Module, OpenModule, Parts } from './modules/module.ts';
import { openPageModule } from './modules/page.ts';
import { openRegistryModule } from './modules/registry.ts';
import { openSendModule } from './modules/send.ts';
import { openToolModule } from './modules/tools.ts';
import { openValidationModule } from './modules/validation.ts';
import { openWebhookModule } from './modules/webhooks.ts';
import type { NodeOptions, NodePorts } from './node-ports.ts';
import { ChannelServer } from './peers/channel/channel-server.ts';
import { loadAgents } from './registry/agent-records.ts';
import { indexStored } from './registry/agent-table.ts';
import { EmailIndex } from './registry/email-index.ts';
import { openRegistry, type Registry } from './registry/registry.ts';
import { RestoredClaims } from './registry/restored-claims.ts';
import type { IdentityParser } from './registry/wanted-addresses.ts';
import { ignoreFailedStore } from './store/refusals.ts';

export interface MeshNode extends AsyncDisposable {
  readonly fetch: Fetch;
  /** Every path that it serves, as its route has it, for whomever it is. */
  readonly paths: readonly string[];
  /** What needs no more than the email index is answered here, before `fetch` is asked, and as it would. */
  readonly shortLookUp: ShortWay;
  /** Takes over the connection of a peer that offers a channel; absent where there are none. */
  readonly upgrade: Upgrade | undefined;
  readonly registry: Registry;
  /**
   * Asks the peers that are not known yet who they are, once, `GREETING_MS_MAX` at most; to be awaited before others can ask this node: what it
   * tells them of who votes depends on which of them serve only the look-up.
   */
  meet(): Promise<void>;
  /** Begins what goes on in the background: speaking with peers, taking up unsettled claims, deliveries. */
  start(): void;
  /** Why no address can be claimed now, a sentence; `undefined` when one can. */
  whyNoClaims(): string | undefined;
  /** Begins nothing new in the background; requests still end. */
  quiesce(): void;
}

/** What a node can do beside holding agents; each can be left out. Opened in this order, closed in the opposite one. */
const CAPABILITIES: readonly OpenModule[] = [
  openForwardModule,
  openBackupModule,
  openKeyModule,
  openAdmissionModule,
  openDocumentModule,
  openFeedModule,
  openConflictModule,
  openWebhookModule,
  openValidationModule,
  openToolModule,
  openSendModule,
  openMailboxModule,
];

/** Rejects with `store_failed` when a stored record can't be read. Disposing ends what is in hand. */
export async function createNode(options: NodeOptions, ports: NodePorts): Promise<MeshNode> {
  const { config, secrets, roster: watch } = options;
  const { store, clock, random, log } = ports;
  const core = { store, clock, random, log };
  await using stack = new AsyncDisposableStack();
  const background = new BackgroundWork();
  const self = watch.current().self.id;
  const events = new MeshEvents();
  const [copies, restored] = [await HostCopies.open(store, clock), await RestoredClaims.load(store)];
  const index = new EmailIndex({ self: () => watch.current().self, random });
  // They are parsed and indexed here while the registers are read in the store's thread.
  const agents = loadAgents(store, self, (agent) => indexStored(index, agent));
  agents.catch(ignoreFailedStore);
  const mesh = stack.use(
    await openMesh({
      ...{ ...core, self, watch, index, restored, events, copies, mode: config.legacy },
      ...{ secret: secrets.meshSecret?.reveal(), stopping: background.signal, believesLegacy: ports.believesLegacy },
      ...{ callOnce: ports.callOnce, makeTransport: ports.transport, engine: ports.engine },
    }),
  );
  const times = { claims: claimTimes(), lookUps: lookUpTimes() };
  const claims = timedClaims(mesh.claims.store, times.claims, clock);
  const registry = await openRegistry({
    ...{ ...core, index, hostId: self, claims, legacy: mesh.legacyOwners, agents },
    parseAddress: addressParser(config),
  });
  const parts: Parts = {
    ...{ options, ports, mesh, events, index, copies, registry, restored },
    ...{ keys: await Keys.open(core), mailHooks: {}, stopping: background.signal },
  };
  const capabilities = await openAll(CAPABILITIES, parts, stack);
  const modules = allModules(parts, capabilities, Object.values(times));

  const { doors, channels } = openDoors(parts, modules, times.lookUps);
  stack.use(channels);
  stack.use(background);
  const owned = stack.move();
  return {
    ...doors,
    registry,
    meet: () => mesh.peers.meet(),
    start: () => {
      mesh.claims.start();
      for (const { run } of modules) if (run !== undefined) background.begin(run);
    },
    whyNoClaims: () => mesh.whyNoClaims(),
    quiesce: () => background.end(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The capabilities with what every node has. `measures`: of what is no module. */
function allModules(parts: Parts, capabilities: readonly Module[], measures: readonly Measure[]): readonly Module[] {
  const modules = [
    openCompatModule(parts),
    openMeshModule(parts, capabilities),
    openRegistryModule(parts),
    openChangeModule(parts, capabilities),
    ...capabilities,
  ];
  return [...modules, openMetricsModule(parts, modules, measures)];
}

/** Which addresses this host gives out. */
function addressParser({ allowSingleLabel, allowIpLiteral }: NodeOptions['config']): IdentityParser {
  return (text) => parseIdentityAddress(text, { allowSingleLabel, allowDomainLiteral: allowIpLiteral });
}

/** Opens one module after the other, and leaves to `stack` what is to be closed. */
async function openAll(
  openers: readonly OpenModule[],
  parts: Parts,
  stack: AsyncDisposableStack,
): Promise<readonly Module[]> {
  const modules: Module[] = [];
  for (const open of openers) {
    const module = await open(parts, modules);
    stack.defer(() => module.close?.());
    modules.push(module);
  }
  return modules;
}

/** What lets in who asks, all behind one gate: by requests, to the routes of all modules, and over the channels of peers. */
function openDoors(
  parts: Parts,
  modules: readonly Module[],
  lookUps: LookUpTimes,
): { readonly doors: Pick<MeshNode, 'fetch' | 'paths' | 'shortLookUp' | 'upgrade'>; readonly channels: ChannelServer } {
  const { options, ports, mesh } = parts;
  const { secrets, version } = options;
  const { clock, log, signer } = ports;
  const { peerKeys, mayClaim } = mesh;
  const { aliases = [], origins = [], mailbox } = options.config;
  const publicName = mailbox?.publicUrl === undefined ? [] : [new URL(mailbox.publicUrl).hostname];
  const names = { aliases: [...aliases, ...publicName], origins };
  const roster = options.roster.current;
  const secret = secrets.meshSecret?.reveal();
  const nonces = new NonceCache({ sinceSeconds: secondOfNow(clock) });
  const sessions = new Sessions({ clock, random: ports.random, hostId: roster().self.id });
  const gate = createGate({ roster, secrets, keys: parts.keys, clock, sessions, ...names });
  const emailIndex = openEmailIndex(parts, lookUps);
  const { fetch, paths } = createApp({
    ...{ log, gate, emailIndex, origins: names.origins },
    hello: { roster, signer, clock, software: `agent-email-mesh/${version}`, secret },
    peerAuth: { self: roster().self.id, signer, clock, roster, mayClaim, keys: peerKeys, nonces },
    strangerRoutes: modules.flatMap(({ strangerRoutes }) => strangerRoutes ?? []),
    peerRoutes: modules.flatMap(({ peerRoutes }) => peerRoutes ?? []),
    routes: modules.flatMap(({ routes }) => routes ?? []),
    page: options.config.page === false ? undefined : openPageModule(parts, modules, { gate, sessions }),
  });
  const channels = openChannels(parts, modules, fetch);
  parts.stopping.addEventListener('abort', () => channels.end(), { once: true });
  const taken = {
    channels: options.config.peerChannel ? channels : undefined,
    doors: modules.flatMap(({ door }) => door ?? []),
  };
  const isTaken = taken.channels !== undefined || taken.doors.length > 0;
  const upgrade = isTaken ? acceptBehindGate({ gate, ...taken, clock, log }) : undefined;
  return { doors: { fetch, paths, shortLookUp: createShortLookUp({ gate, emailIndex }), upgrade }, channels };
}

/** What peers ask over channels: the same, answered by the same. */
function openChannels({ options, ports, mesh }: Parts, modules: readonly Module[], fetch: Fetch): ChannelServer {
  const { clock, random, log, signer } = ports;
  const { peerKeys, mayClaim, start } = mesh;
  const routes = modules.flatMap(({ peerRoutes }) => peerRoutes ?? []);
  return new ChannelServer({
    ...{ self: options.roster.current().self.id, keys: peerKeys, mayClaim, start, clock, random, log, signer },
    secret: options.secrets.meshSecret?.reveal(),
    answer: createChannelAnswer({ routes, fetch, log }),
  });
}
