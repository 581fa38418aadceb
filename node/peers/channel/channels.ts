// The channels to all peers, one each: opened when there is something to ask, in the background, while the question goes over HTTP; opened
// again, after a while that grows, when one could not be opened or has ended; renewed before a key is used up. That a peer has none is no
// failure: an earlier version refuses the upgrade, and so do some proxies.
import type { Socket } from 'node:net';
import { Client } from 'undici';
import {
  acceptReply,
  CHANNEL_PATH,
  CHANNEL_PROTOCOL,
  offerChannel,
  readReply,
} from '../../../mesh/channel/handshake.ts';
import type { ChannelLane } from '../../../mesh/channel/lanes.ts';
import { MeshError } from '../../../mesh/errors.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { Clock, Random } from '../../../mesh/ports.ts';
import type { Host } from '../../../mesh/roster.ts';
import type { PublicKey, Signer } from '../../../mesh/signature/ed25519.ts';
import { isRefused } from '../../../mesh/signature/faults.ts';
import type { Log } from '../../log.ts';
import { createPeerConnector, type PeerAddresses } from '../connections/peer-connector.ts';
import { clientOptions } from '../connections/peer-pools.ts';
import type { PeerKeys } from '../keys/peer-keys.ts';
import { AskingChannel } from './asking-channel.ts';
import { CHANNEL_OPEN_MS_MAX } from './limits.ts';

/** Channels that are being opened at once: a voter of a large mesh would shake hands with everybody in the moment in which it starts. */
export const CHANNELS_OPENING_MAX = 16;
/** A peer to which no channel could be opened is offered one again after this long, then after twice as long each time, … */
const CHANNEL_AGAIN_MS_MIN = 1_000;
/** … up to this: an earlier version refuses each, and so does a proxy that knows none. So long after a bad frame, too. */
const CHANNEL_AGAIN_MS_MAX = 60_000;

export interface ChannelsOptions {
  readonly self: HostId;
  readonly keys: Pick<PeerKeys, 'known' | 'confirm' | 'suspect'>;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Shared by the operators of all hosts. */
  readonly secret: string | undefined;
  /** The start of this node, as text; `undefined` while nobody may be told of it. */
  readonly start: () => string | undefined;
  readonly addresses: PeerAddresses;
  /** Told when a channel ended that this host still wanted: the peer may be gone. */
  readonly lost: (id: HostId) => void;
}

/** What is known of the channel to one peer. */
interface Towards {
  readonly host: Host;
  readonly key: PublicKey;
  readonly start: string;
  channel: AskingChannel | undefined;
  /** Set while one is being opened. */
  opening: AbortController | undefined;
  /** By the monotonic clock: none is opened before. */
  againAtMs: number;
  /** Channels that could not be opened, or soon ended, since one lasted. */
  failures: number;
  openedAtMs: number;
  /** Why there is no channel, as it was logged last: it is said once, until it changes. */
  why: string | undefined;
}

export class Channels implements AsyncDisposable {
  readonly #options: ChannelsOptions;
  readonly #peers = new Map<HostId, Towards>();
  readonly #opening = new Set<Promise<void>>();
  #isStopped = false;

  constructor(options: ChannelsOptions) {
    this.#options = options;
  }

  /** The channel that takes a question to that peer now; `undefined`: there is none, and one is being opened if it is time, unless the peer is seldom asked. */
  towards(
    host: Host,
    lane: ChannelLane,
    { isSeldom = false }: { readonly isSeldom?: boolean } = {},
  ): AskingChannel | undefined {
    const peer = this.#peerOf(host);
    if (peer === undefined) return undefined;
    const { channel } = peer;
    if (!isSeldom && (channel === undefined || channel.isWorn)) this.#openSoon(peer);
    return channel?.takes(lane) ? channel : undefined;
  }

  /** Whether a question would go over a channel. */
  has(id: HostId): boolean {
    return this.#peers.get(id)?.channel !== undefined;
  }

  /** What was there is dead, or may be: the next question goes over a new connection. */
  drop(id: HostId): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    peer.opening?.abort();
    peer.channel?.destroy();
    peer.channel = undefined;
  }

  /** Peers of which something is known here. */
  hosts(): Iterable<HostId> {
    return this.#peers.keys();
  }

  /** Nobody asks the peer any more. */
  forget(id: HostId): void {
    this.drop(id);
    this.#peers.delete(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    for (const id of this.#peers.keys()) this.drop(id);
    await Promise.all(this.#opening);
  }

  /** A peer at another place, with another key, or asked by another start, is another one. */
  #peerOf(host: Host): Towards | undefined {
    const [key, start] = [this.#options.keys.known(host.id), this.#options.start()];
    const known = this.#peers.get(host.id);
    const isSame = known?.host.url === host.url && known.key.text === key?.text && known.start === start;
    if (isSame) return known;
    this.drop(host.id);
    this.#peers.delete(host.id);
    if (key === undefined || start === undefined || this.#isStopped) return undefined;
    const fresh = { channel: undefined, opening: undefined, againAtMs: 0, failures: 0, openedAtMs: 0, why: undefined };
    const peer: Towards = { host, key, start, ...fresh };
    this.#peers.set(host.id, peer);
    return peer;
  }

  #openSoon(peer: Towards): void {
    const { clock } = this.#options;
    if (peer.opening !== undefined || this.#isStopped || clock.monotonicMs() < peer.againAtMs) return;
    if (this.#opening.size >= CHANNELS_OPENING_MAX) return;
    const opening = new AbortController();
    peer.opening = opening;
    const done = new AbortController();
    void clock.sleep(CHANNEL_OPEN_MS_MAX, done.signal).then(() => opening.abort());
    const ended = this.#open(peer, opening.signal).finally(() => {
      done.abort();
      if (peer.opening === opening) peer.opening = undefined;
      this.#opening.delete(ended);
    });
    this.#opening.add(ended);
  }

  async #open(peer: Towards, signal: AbortSignal): Promise<void> {
    const { addresses } = this.#options;
    const connector = createPeerConnector(addresses);
    const client = new Client(peer.host.url, { ...clientOptions(), connect: connector.connect });
    try {
      await this.#shakeHands(peer, client, signal);
    } catch (error) {
      this.#failed(peer, error as Error & { code?: string }, signal);
    } finally {
      const destroyed = client.destroy();
      connector.dropPending();
      await destroyed;
    }
  }

  /** Resolves when the channel is open. Steps: mesh/signature/README.md. */
  async #shakeHands(peer: Towards, client: Client, signal: AbortSignal): Promise<void> {
    const { self, keys, signer, clock, random, secret } = this.#options;
    const { host, key, start } = peer;
    const nowSeconds = () => Math.floor(clock.wallMs() / 1_000);
    const open = offerChannel({ self, start, nowSeconds: nowSeconds(), random }, host.id);
    const upgraded = await client.upgrade({
      path: CHANNEL_PATH,
      protocol: CHANNEL_PROTOCOL,
      headers: open.fields,
      signal,
    });
    const socket = upgraded.socket as Socket;
    socket.on('error', () => undefined);
    const field = (name: string) => {
      const value = upgraded.headers[name];
      return typeof value === 'string' ? value : undefined;
    };
    const reply = readReply(field);
    const accepted = reply && acceptReply(open, reply, key, { signer, secret, nowSeconds: nowSeconds() });
    if (socket.destroyed) throw new HandshakeRefused('It closed the connection.');
    if (accepted === undefined || isRefused(accepted)) {
      socket.destroy();
      if (accepted?.reason === 'forged') keys.suspect(host.id);
      throw new HandshakeRefused(
        accepted?.sentence ?? 'Its answer to the offer of a channel has no form that is known here.',
      );
    }
    keys.confirm(host.id);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const channel = new AskingChannel({
      ...{ socket, accepted, clock, head: new Uint8Array() },
      opened: () => resolve(),
      ended: (why) => {
        this.#ended(peer, channel, why);
        reject(why ?? new HandshakeRefused('It ended the channel before it was open.'));
      },
    });
    const giveUp = () => channel.destroy();
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    await promise;
    signal.removeEventListener('abort', giveUp);
    this.#opened(peer, channel);
  }

  #opened(peer: Towards, channel: AskingChannel): void {
    peer.channel?.retire();
    [peer.channel, peer.openedAtMs, peer.why] = [channel, this.#options.clock.monotonicMs(), undefined];
    this.#options.log.info('channel.opened', { hostId: peer.host.id });
  }

  #ended(peer: Towards, channel: AskingChannel, why: MeshError | undefined): void {
    const { clock, log } = this.#options;
    const nowMs = clock.monotonicMs();
    if (peer.channel === channel) {
      peer.channel = undefined;
      if (nowMs - peer.openedAtMs >= CHANNEL_AGAIN_MS_MAX) peer.failures = 0;
      else this.#holdBack(peer);
      if (!this.#isStopped) this.#options.lost(peer.host.id);
    }
    if (why === undefined) return;
    log.warn('channel.broken', { hostId: peer.host.id, why: why.message });
    // Whoever can break one can break the next: signed requests go on meanwhile.
    peer.againAtMs = nowMs + CHANNEL_AGAIN_MS_MAX;
  }

  #holdBack(peer: Towards): void {
    const { clock, random } = this.#options;
    const waitMs = Math.min(CHANNEL_AGAIN_MS_MIN * 2 ** peer.failures, CHANNEL_AGAIN_MS_MAX);
    peer.failures += 1;
    // At any time from half of it on: hosts that lost each other in one instant do not knock in one instant.
    peer.againAtMs = clock.monotonicMs() + waitMs * (0.5 + random.next() / 2);
  }

  #failed(peer: Towards, error: Error & { code?: string }, signal: AbortSignal): void {
    if (this.#isStopped) return;
    if (!(error instanceof MeshError)) this.#holdBack(peer);
    const why = signal.aborted ? `It was not open within ${CHANNEL_OPEN_MS_MAX} ms.` : error.message;
    if (why === peer.why) return;
    peer.why = why;
    this.#options.log.info('channel.not_opened', { hostId: peer.host.id, why });
  }
}

class HandshakeRefused extends Error {}
