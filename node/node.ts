// The composition root: every part of a node made once, in plain order, from a configuration and ports. Called by main and by
// tests; nothing else builds.

import { parseIdentityAddress } from '../mesh/address/identity.ts';
import type { Owner } from '../mesh/claims/claim-store.ts';
import type { ClaimEngine } from '../mesh/engine/claim-engine.ts';
import { MeshError } from '../mesh/errors.ts';
import { createLookUp } from '../mesh/lookup/fan-out.ts';
import type { AddressKey, HostId } from '../mesh/names.ts';
import type { Clock, PeerTransport, Random } from '../mesh/ports.ts';
import type { Host } from '../mesh/roster.ts';
import type { Signer } from '../mesh/signature/ed25519.ts';
import { NonceCache } from '../mesh/signature/nonces.ts';
import { openClaims } from './claims.ts';
import type { Config, ListenAddress, Secrets } from './config.ts';
import { Conflicts } from './conflicts/conflicts.ts';
import { Reconciler } from './conflicts/reconciler.ts';
import { createApp, type Fetch } from './http/app.ts';
import { BodyPlaces } from './http/body-places.ts';
import { createGate } from './http/gate.ts';
import { validate } from './http/input.ts';
import { sendBodyReader } from './http/send-body.ts';
import type { Log } from './log.ts';
import { isLoopback } from './machine/this-machine.ts';
import { FormerHosts } from './peers/host-book.ts';
import { type CallOnce, createGreeter } from './peers/greeter.ts';
import { openPeers } from './peers/open-peers.ts';
import { openPeerKeys, type PeerKeys } from './peers/peer-keys.ts';
import type { RosterWatch } from './peers/roster-watch.ts';
import { type BelieveLegacy, legacyBelief } from './peers/trusted-network.ts';
import type { Agent } from './registry/agent.ts';
import { EmailIndex, HeldAddress } from './registry/email-index.ts';
import { createRegistry, type Registry } from './registry/registry.ts';
import type { PostForm } from './send/accounts/access-tokens.ts';
import type { SendConfig } from './send/accounts/account.ts';
import type { Blobs } from './send/attachments/blobs.ts';
import type { Mailer } from './send/mailer.ts';
import type { SendingAgent } from './send/request/sending-agent.ts';
import { createSending } from './send/send-module.ts';
import type { SocketTo } from './send/smtp/smtp-connection.ts';
import type { Store } from './store/store.ts';
import type { Resolver } from './validation/deliverability.ts';
import { createSender } from './webhooks/delivery/sender.ts';
import { createGuard, type GuardOptions } from './webhooks/guard/guard.ts';
import { createWebhooks } from './webhooks/webhooks.ts';

/** The outside of a node. */
export interface NodePorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly signer: Signer;
  /** Attachments on disk. */
  readonly blobs: Blobs;
  readonly resolver: Resolver;
  /** Addresses of the names in the URLs of webhooks; rejects when there is none. */
  readonly resolveOutside: GuardOptions['resolve'];
  /** Asks for access tokens. */
  readonly post: PostForm;
  /** Sockets to mail servers. */
  readonly socketTo: SocketTo;
  /** In place of SMTP, in tests. */
  readonly mailer?: Mailer;
  /** What keeps the claims, when it is not the mesh's own voters. */
  readonly engine?: ClaimEngine | undefined;
  /** In place of the product's rule, in tests of the tests. */
  readonly believesLegacy?: BelieveLegacy;
  /** One question to a peer whose key is not known yet. */
  readonly callOnce: CallOnce;
  /** Questions to peers, once their keys are known. */
  transport(keys: PeerKeys, hostOf: (id: HostId) => Host | undefined): PeerTransport & AsyncDisposable;
}

export interface NodeOptions {
  readonly config: Pick<Config, 'allowSingleLabel' | 'allowIpLiteral' | 'webhookAllow' | 'legacy'>;
  readonly secrets: Omit<Secrets, 'smtpUrl' | 'claims'>;
  /** The accounts that mail goes out through. */
  readonly send: SendConfig;
  readonly roster: RosterWatch;
  readonly version: string;
  /** Where it listens, or is about to: no webhook is sent there. */
  readonly listening: () => ListenAddress;
}

export interface MeshNode extends AsyncDisposable {
  readonly fetch: Fetch;
  readonly registry: Registry;
  /**
   * Greets the peers that are not known yet, once, `GREETING_MS_MAX` at most; to be awaited before others can ask this node: what it
   * tells them of who votes depends on which of them serve only the look-up.
   */
  meet(): Promise<void>;
  /** Begins what goes on in the background: greeting peers, taking up unsettled claims, deliveries. */
  start(): void;
  /** Why no address can be claimed now, a sentence; `undefined` when one can. */
  whyNoClaims(): string | undefined;
  /** Begins nothing new in the background; requests still end. */
  quiesce(): void;
}

export async function createNode(
  { config, secrets, send, roster, version, listening }: NodeOptions,
  ports: NodePorts,
): Promise<MeshNode> {
  const { store, clock, random, log, signer } = ports;
  await using stack = new AsyncDisposableStack();
  const background = new AbortController();
  const self = roster.current().self.id;
  const parseAddress = (text: string) =>
    parseIdentityAddress(text, {
      allowSingleLabel: config.allowSingleLabel,
      allowDomainLiteral: config.allowIpLiteral,
    });

  /** What somebody in the mesh may hold: which addresses a host gives out is that host's own setting. */
  const parseAnyAddress = (text: string) =>
    parseIdentityAddress(text, { allowSingleLabel: true, allowDomainLiteral: true });

  let isConcerned = (_: HostId): boolean => false;
  const hosts = await FormerHosts.open({ store, roster: roster.current, isConcerned: (id) => isConcerned(id) });
  const hostOf = (id: HostId) => hosts.get(id);
  const secret = secrets.meshSecret?.reveal();
  const greeter = createGreeter({ self, clock, random, callOnce: ports.callOnce, secret });
  const hasSecret = secret !== undefined;
  const believesLegacy = ports.believesLegacy ?? legacyBelief(hasSecret);
  const keys = stack.use(await openPeerKeys({ hostOf, store, greeter, clock, log, hasSecret, believesLegacy }));
  const transport = stack.use(ports.transport(keys, hostOf));

  const index = new EmailIndex({ self: () => roster.current().self, random });
  const holder = (key: AddressKey): Owner | undefined => ownerOf(index, key);
  let doubt = (): void => undefined;
  let votersChanged = (): void => undefined;
  let doubled = (_key: AddressKey, _hostId: HostId): void => undefined;
  const peers = await openPeers({
    ...{ mode: config.legacy, roster: roster.current, keys, transport, store, clock, random, log },
    ...{ believesLegacy, parseAddress: parseAnyAddress, stopping: background.signal },
    index: () => index.etag,
    holds: (key) => index.holder(key) !== undefined,
    changed: () => votersChanged(),
    doubled: (key, hostId) => doubled(key, hostId),
  });
  const { legacy, legacyClaims, presence } = peers;
  const claims = stack.use(
    await openClaims({
      ...{ self, store, transport, clock, random, log },
      roster: roster.current(),
      isNoVoter: (id) => legacy.isNoVoter(id),
      engine: ports.engine,
      registry: { holder, isEmpty: () => index.size === 0, keys: () => index.keys() },
      doubted: () => doubt(),
      conversation: peers.heartbeat,
    }),
  );
  isConcerned = (id) => claims.relationTo?.(id).isConcerned === true;
  votersChanged = () => claims.edited(roster.current());
  roster.subscribe(() => {
    hosts.edited().catch(ignoreFailedStore);
    peers.edited().catch(ignoreFailedStore);
    votersChanged();
  });

  const registry = await createRegistry({
    store,
    claims: claims.store,
    legacy: {
      ownerOf: (addresses) => legacyClaims.ownerOf(addresses),
      claimed: (addresses) => peers.legacyDoubles.claimed(addresses),
    },
    index,
    parseAddress,
    clock,
    random,
    log,
    hostId: self,
  });
  const conflicts = await Conflicts.open({ store, registry, clock, log });
  const reconciler = new Reconciler({
    ...{ store, conflicts, transport, clock, log },
    keys: () => index.keys(),
    holds: (key) => index.holder(key) !== undefined,
    isReady: () => claims.store.status().ready,
    keyOf: (address) => {
      const parsed = parseAnyAddress(address);
      return parsed.valid ? parsed.key : undefined;
    },
    peers: () => roster.current().peers.map(({ id }) => id),
    isOutside: (id) => legacy.has(id) || claims.relationTo?.(id).isForeign === true,
    version: () => index.version,
    indexOf: (peer) => presence.indexOf(peer),
  });
  doubt = () => reconciler.doubt();
  doubled = (key, hostId) => conflicts.doubled(key, hostId);
  const lookUp = createLookUp({
    transport,
    roster: roster.current,
    clock,
    local: (question) => index.answer(question),
    parseAddress: parseAnyAddress,
    isLegacy: (id) => legacy.has(id),
  });
  const pending = (key: AddressKey) => {
    const claim = registry.pending(key);
    return claim && new HeldAddress(claim.agent, claim.entry, () => roster.current().self);
  };
  const guard = createGuard({
    clock,
    resolve: ports.resolveOutside,
    allow: config.webhookAllow,
    loopbackAllowed: isLoopback(listening().ip),
    listening: () => [{ address: listening().ip, port: listening().port }],
  });
  const sender = createSender({ guard, clock });
  stack.defer(() => sender.close());
  const webhooks = await createWebhooks({
    store,
    changes: registry.changes,
    clock,
    random,
    log,
    guard,
    sender,
    hostId: self,
  });

  const { blobs, resolver, post, socketTo } = ports;
  const agentOf = (found: Agent | undefined) => (found === undefined ? undefined : sendingAgentOf(found));
  const sending = await createSending(send, {
    ...{ store, clock, random, log, blobs, post, socketTo, validate },
    ...(ports.mailer === undefined ? {} : { mailer: ports.mailer }),
    tell: (telling) => registry.tell(telling),
    holder: (address) => {
      const parsed = parseAnyAddress(address);
      return parsed.valid ? agentOf(index.holder(parsed.key)?.agent) : undefined;
    },
    agent: (id) => agentOf(registry.find(id)),
  });
  stack.defer(() => sending.close());

  const places = new BodyPlaces(clock);
  const gate = createGate({ roster: roster.current, secrets });
  const nonces = new NonceCache({ sinceSeconds: Math.floor(clock.wallMs() / 1_000) });
  const fetch = createApp({
    log,
    gate,
    peerAuth: { self, signer, clock, roster: roster.current, mayClaim: (id) => hosts.mayClaim(id), keys, nonces },
    hello: { roster: roster.current, signer, clock, software: `agent-email-mesh/${version}`, secret },
    voter: claims.voter,
    conflicts: { conflicts, parseAddress: parseAnyAddress, isLegacy: (id) => legacy.has(id) },
    emailIndex: { index, pending, lookUp, parseAddress: parseAnyAddress, clock },
    registry,
    webhooks,
    email: { sending, readBody: sendBodyReader(blobs, places), places },
    resolver,
    node: {
      version,
      roster: roster.current,
      publicKey: signer.publicKey,
      claims,
      peer: (id) => presence.of(id),
      legacy: {
        has: (id) => legacy.has(id),
        remark: (id) => legacy.remark(id),
        obstacle: () => legacyClaims.obstacle(),
      },
    },
  });

  const inHand: Promise<unknown>[] = [];
  stack.defer(() => Promise.allSettled(inHand).then(() => undefined));
  stack.defer(() => background.abort());
  const owned = stack.move();
  return {
    fetch,
    registry,
    meet: () => peers.meet(),
    start: () => {
      claims.start();
      inHand.push(
        peers.run(claims.greet).catch(ignoreFailedStore),
        reconciler.run(background.signal).catch(ignoreFailedStore),
        webhooks.start(background.signal).catch(ignoreFailedStore),
        sending.run(background.signal).catch(ignoreFailedStore),
      );
    },
    whyNoClaims: () => {
      const { ready, why } = claims.store.status();
      return ready ? legacyClaims.obstacle()?.message : why;
    },
    quiesce: () => background.abort(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** An agent as the send module sees it. */
function sendingAgentOf({ id, name, emailEnabled, addresses }: Agent): SendingAgent {
  return { id, name, enabled: emailEnabled, addresses };
}

/** The store reports its own failure, and the node stops for it. Anything else is a bug and ends the process. */
function ignoreFailedStore(error: unknown): void {
  if (!(error instanceof MeshError && error.code === 'store_failed')) throw error;
}

/** How this host's registry answers a voter's question: who holds the address here. */
function ownerOf(index: EmailIndex, key: AddressKey): Owner | undefined {
  const held = index.holder(key);
  if (held === undefined) return undefined;
  const { agent, source } = held;
  return {
    hostId: agent.hostId,
    agentId: agent.id,
    agentName: agent.name,
    claimId: source.claimId,
    since: source.since,
  };
}
