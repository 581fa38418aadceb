// The composition root: every part of a node made once, in plain order, from a configuration and ports. Each capability is opened by one
// function of its own room. Called by the command and by tests; nothing else builds.

import { parseAnyAddress, parseIdentityAddress } from '../mesh/address/identity.ts';
import type { Question } from '../mesh/lookup/index-entry.ts';
import { createLookUps } from '../mesh/lookup/look-ups.ts';
import type { HostId } from '../mesh/names.ts';
import { NonceCache } from '../mesh/signature/nonces.ts';
import { BackgroundWork } from './background-work.ts';
import type { LogHolder } from './changes/change-log.ts';
import { History } from './changes/history.ts';
import { LogCheck } from './changes/log-check.ts';
import { LogTrimmer } from './changes/log-trimmer.ts';
import { openConflicts } from './conflicts/conflicts-module.ts';
import { openFeed } from './feed/feed-module.ts';
import { HostCopies } from './feed/host-copies.ts';
import { createApp, type Fetch, type RouteGroup } from './http/app.ts';
import { createGate } from './http/gate.ts';
import { validate } from './http/input.ts';
import { addressRoutes } from './http/routes/addresses.ts';
import { agentRoutes } from './http/routes/agents.ts';
import { changeRoutes } from './http/routes/changes.ts';
import { claimRoutes } from './http/routes/claims.ts';
import { conflictRoutes } from './http/routes/conflicts.ts';
import { emailIndexHistoryRoutes } from './http/routes/email-index-history.ts';
import { feedRoutes } from './http/routes/feed.ts';
import { type Following, healthRoutes } from './http/routes/health.ts';
import { logRoutes } from './http/routes/log.ts';
import { operatorDecisionRoutes } from './http/routes/operator-decisions.ts';
import { sendRoutes } from './http/routes/send-group.ts';
import { toolRoutes } from './http/routes/tools.ts';
import { validationRoutes } from './http/routes/validation.ts';
import { webhookRoutes } from './http/routes/webhooks.ts';
import { WideIndex } from './http/wide-index.ts';
import { MeshEvents } from './mesh-events.ts';
import { type OpenMesh, openMesh } from './mesh-module.ts';
import type { NodeOptions, NodePorts } from './node-ports.ts';
import { EmailIndex } from './registry/email-index.ts';
import { snapshotSources } from './registry/index-rows.ts';
import { openRegistry, type Registry } from './registry/registry.ts';
import type { IdentityParser } from './registry/wanted-addresses.ts';
import { openSending } from './send/send-module.ts';
import type { Webhooks } from './webhooks/webhooks.ts';
import { openWebhooks } from './webhooks/webhooks-module.ts';

export interface MeshNode extends AsyncDisposable {
  readonly fetch: Fetch;
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

const DAY_MS = 24 * 60 * 60 * 1_000;

/** What a part of the node adds to its routes, and does until the node stops. */
interface Module {
  readonly routes?: RouteGroup;
  /** For hosts alone, signed. */
  readonly peerRoutes?: RouteGroup;
  run?(signal: AbortSignal): Promise<void>;
}

/** Rejects with `store_failed` when a stored record can't be read. Disposing ends what is in hand. */
export async function createNode(options: NodeOptions, ports: NodePorts): Promise<MeshNode> {
  const { config, secrets, roster: watch } = options;
  const { store, clock, random, log } = ports;
  const core = { store, clock, random, log };
  await using stack = new AsyncDisposableStack();
  const background = new BackgroundWork();
  const roster = watch.current;
  const self = roster().self.id;
  const events = new MeshEvents();
  const copies = await HostCopies.open(store, clock);
  const index = new EmailIndex({ self: () => roster().self, random });

  const mesh = stack.use(
    await openMesh({
      ...{ ...core, self, watch, index, events, mode: config.legacy, secret: secrets.meshSecret?.reveal() },
      ...{ callOnce: ports.callOnce, makeTransport: ports.transport, stopping: background.signal },
      ...{ engine: ports.engine, believesLegacy: ports.believesLegacy },
    }),
  );
  const { peers, claims } = mesh;
  const registry = await openRegistry({
    ...{ ...core, index, hostId: self, claims: claims.store, legacy: mesh.legacyOwners },
    parseAddress: addressParser(config),
  });
  const parts: Parts = { options, ports, mesh, events, index, copies, registry };
  const feed = feedModule(parts, background.signal);
  const conflicts = await conflictModule(parts);
  const webhooks = stack.use(await webhookModule(parts));
  const sending = stack.use(await sendModule(parts));
  const modules: readonly Module[] = [
    { run: () => peers.run(claims.greet) },
    { run: (signal) => registry.check(signal) },
    trimModule(parts, [webhooks.holder]),
    feed,
    conflicts,
    webhooks,
    { routes: (app) => changeRoutes(app, { ...core, changes: registry.changes, stopping: background.signal }) },
    { routes: (app) => validationRoutes(app, ports.resolver, clock) },
    { routes: toolRoutes },
    sending,
  ];

  stack.use(background);
  const owned = stack.move();
  return {
    fetch: createFetch(parts, modules, feed.following),
    registry,
    meet: () => peers.meet(),
    start: () => {
      claims.start();
      for (const { run } of modules) if (run !== undefined) background.begin(run);
    },
    whyNoClaims: () => mesh.whyNoClaims(),
    quiesce: () => background.end(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Which addresses this host gives out. */
function addressParser({ allowSingleLabel, allowIpLiteral }: NodeOptions['config']): IdentityParser {
  return (text) => parseIdentityAddress(text, { allowSingleLabel, allowDomainLiteral: allowIpLiteral });
}

/** What the modules are made from. */
interface Parts {
  readonly options: NodeOptions;
  readonly ports: NodePorts;
  readonly mesh: OpenMesh;
  readonly events: MeshEvents;
  readonly index: EmailIndex;
  readonly copies: HostCopies;
  readonly registry: Registry;
}

/** `stopping`: whoever waits for this host's news is let go. */
function feedModule({ options, ports, mesh, copies, registry }: Parts, stopping: AbortSignal) {
  const { clock, random, log, signer } = ports;
  const { transport, keys, claims, isLegacy } = mesh;
  const roster = options.roster.current;
  const { server, followers } = openFeed({
    ...{ clock, random, log, signer, transport, roster, copies, isLegacy, hostId: roster().self.id },
    ...{ changes: registry.changes, agents: () => snapshotSources(registry.table.list()) },
    keyOf: (host) => keys.known(host),
    isMember: (host) => claims.relationTo?.(host).isConcerned === true,
    parseAddress: parseAnyAddress,
  });
  options.roster.subscribe(() => followers.edited());
  return {
    peerRoutes: (app) => feedRoutes(app, { server, stopping }),
    run: (signal) => followers.run(signal),
    following: (host: HostId) => followers.viewOf(host),
  } satisfies Module & { following: Following };
}

async function conflictModule({ options, ports, mesh, events, index, registry }: Parts): Promise<Module> {
  const { store, clock, log } = ports;
  const { transport, claims, peers, isOutside, isLegacy } = mesh;
  const { conflicts, search } = await openConflicts({
    ...{ store, clock, log, registry, index, claims: claims.store, transport, events, isOutside },
    roster: options.roster.current,
    indexOf: (peer) => peers.presence.indexOf(peer),
  });
  return {
    routes: (app) => conflictRoutes(app, { conflicts, parseAddress: parseAnyAddress, isLegacy }),
    run: (signal) => search.run(signal),
  };
}

async function webhookModule({
  options,
  ports,
  registry,
}: Parts): Promise<Module & AsyncDisposable & Pick<Webhooks, 'holder'>> {
  const { config, listening, roster } = options;
  const { store, clock, random, log } = ports;
  const webhooks = await openWebhooks({
    ...{ store, clock, random, log, listening, changes: registry.changes, hostId: roster.current().self.id },
    ...{ resolve: ports.resolveOutside, allow: config.webhookAllow, tunnel: ports.webhookTunnel },
  });
  return {
    routes: (app) => webhookRoutes(app, webhooks),
    run: (signal) => webhooks.start(signal),
    holder: webhooks.holder,
    [Symbol.asyncDispose]: () => webhooks[Symbol.asyncDispose](),
  };
}

/** `holders`: readers of the change log that hold entries back. */
function trimModule({ options, ports, registry }: Parts, holders: readonly LogHolder[]): Module {
  const { clock, log } = ports;
  const keptMsMax = options.config.logDays * DAY_MS;
  const trimmer = new LogTrimmer({ changes: registry.changes, holders, keptMsMax, clock, log });
  return { run: (signal) => trimmer.run(signal) };
}

async function sendModule({ options, ports, registry }: Parts): Promise<Module & AsyncDisposable> {
  const { blobs, clock } = ports;
  const { table, mail } = registry;
  const sending = await openSending(options.send, {
    ...{ ...ports, validate },
    tell: (event) => mail.tell(event),
    agent: (id) => table.find(id),
    holder: (address) => table.holderOfText(address),
  });
  return {
    routes: (app) => sendRoutes(app, { sending, blobs, clock }),
    run: (signal) => sending.run(signal),
    [Symbol.asyncDispose]: () => sending.close(),
  };
}

/** What answers requests: the routes of the node and of its modules, behind the gate. */
function createFetch(
  { options, ports, mesh, index, copies, registry }: Parts,
  modules: readonly Module[],
  following: Following,
): Fetch {
  const { secrets, version } = options;
  const { store, clock, log, signer } = ports;
  const { keys, transport, claims, mayClaim, isLegacy } = mesh;
  const { legacy, legacyClaims, presence } = mesh.peers;
  const roster = options.roster.current;
  const self = roster().self.id;
  const secret = secrets.meshSecret?.reveal();
  const local = (question: Question) => index.answer(question);
  const { copy } = copies;
  const known = { copy, roster, isLegacy, clock };
  const isDown = (id: HostId) => presence.of(id).status === 'offline';
  const lookUps = createLookUps({ ...known, transport, local, parseAddress: parseAnyAddress, isDown });
  const wide =
    options.config.indexScope === 'mesh'
      ? new WideIndex({ ...known, index, copyVersion: () => copy.version })
      : undefined;
  const nonces = new NonceCache({ sinceSeconds: Math.floor(clock.wallMs() / 1_000) });
  const { publicKey } = signer;
  const peer = (id: HostId) => presence.of(id);
  const obstacle = () => legacyClaims.obstacle();
  const history = new History(registry.changes, clock);
  return createApp({
    log,
    gate: createGate({ roster, secrets }),
    hello: { roster, signer, clock, software: `agent-email-mesh/${version}`, secret },
    peerAuth: { self, signer, clock, roster, mayClaim, keys, nonces },
    peerRoutes: [(app) => claimRoutes(app, claims.voter), ...modules.flatMap(({ peerRoutes }) => peerRoutes ?? [])],
    emailIndex: {
      ...{ index, lookUps, wide, clock, parseAddress: parseAnyAddress },
      pending: (key) => registry.claims.pending(key),
    },
    routes: [
      (app) => healthRoutes(app, { version, roster, publicKey, claims, peer, legacy, obstacle, following }),
      (app) => operatorDecisionRoutes(app, claims),
      (app) => agentRoutes(app, registry, clock),
      (app) => addressRoutes(app, registry),
      (app) => emailIndexHistoryRoutes(app, { history, parseAddress: parseAnyAddress }),
      (app) => logRoutes(app, new LogCheck(store, registry.changes, clock)),
      ...modules.flatMap(({ routes }) => routes ?? []),
    ],
  });
}
