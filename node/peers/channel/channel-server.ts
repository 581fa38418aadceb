// The channels that peers have opened to this host: one a peer, the newest, from a handshake that proves who asks. Who may ask here is who may
// sign requests here, with the same key, at every question anew. What is asked is answered as the same request would be.
import type { Socket } from 'node:net';
import { CHANNEL_PROTOCOL, type Offer, readOffer, replyTo, screenOffer } from '../../../mesh/channel/handshake.ts';
import type { ChannelAnswer, ChannelQuestion } from '../../../mesh/channel/message.ts';
import { MeshError } from '../../../mesh/errors.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { Clock, Random } from '../../../mesh/ports.ts';
import type { PublicKey, Signer } from '../../../mesh/signature/ed25519.ts';
import { orRefuse, refused } from '../../../mesh/signature/faults.ts';
import { afterMs } from '../../../mesh/time/deadline.ts';
import type { Log } from '../../log.ts';
import type { PeerKeys } from '../keys/peer-keys.ts';
import { CHANNEL_OPEN_MS_MAX } from './limits.ts';
import { ServedChannel } from './served-channel.ts';

/** Channels that hosts are opening here, all together. */
const CHANNELS_OPENING_MAX = 64;
/** When the node stops, what was asked over a channel has this long to be answered. */
const CHANNEL_END_MS_MAX = 3_000;

/** Answers one question of a proven peer; never rejects. `signal` aborts when nobody waits any more. */
export type AnswerPeer = (from: HostId, question: ChannelQuestion, signal: () => AbortSignal) => Promise<ChannelAnswer>;

export interface ChannelServerOptions {
  readonly self: HostId;
  readonly keys: Pick<PeerKeys, 'known' | 'learn' | 'confirm' | 'suspect'>;
  /** Whether a host has a say in the claims. */
  readonly mayClaim: (id: HostId) => boolean;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly secret: string | undefined;
  /** The start of this node, as text; `undefined` while nobody may be told of it. */
  readonly start: () => string | undefined;
  readonly answer: AnswerPeer;
}

export class ChannelServer implements Disposable {
  readonly #options: ChannelServerOptions;
  readonly #open = new Map<HostId, ServedChannel>();
  readonly #sockets = new Set<Socket>();
  #opening = 0;
  #isEnding = false;
  #callOffCut = () => {};

  constructor(options: ChannelServerOptions) {
    this.#options = options;
  }

  /**
   * Takes over the connection of a request for an upgrade, and answers it. Rejects, with the connection as it was, with
   * `signature_refused`, `unlisted_host`, `overloaded` or `stopping`.
   */
  async accept(field: (name: string) => string | undefined, socket: Socket, head: Uint8Array): Promise<void> {
    if (this.#isEnding) throw new MeshError('stopping', 'This node is stopping.');
    if (this.#opening >= CHANNELS_OPENING_MAX) {
      throw new MeshError('overloaded', 'More channels are being opened here than may be.', { retryAfterSeconds: 1 });
    }
    const over = this.#begin(socket);
    try {
      await this.#shakeHands(field, socket, head, over);
    } catch (error) {
      over();
      throw error;
    }
  }

  /** Asks every peer to ask nothing more; what they asked is answered, within `CHANNEL_END_MS_MAX`. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    for (const channel of this.#open.values()) channel.end();
    this.#callOffCut = afterMs(this.#options.clock, CHANNEL_END_MS_MAX, () => this.#cut());
  }

  [Symbol.dispose](): void {
    this.end();
    this.#callOffCut();
    this.#cut();
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Counts a handshake, which may take so long and no longer. What is returned is to be called when the handshake is over, well or not. */
  #begin(socket: Socket): () => void {
    this.#opening += 1;
    this.#sockets.add(socket);
    const inTime = afterMs(this.#options.clock, CHANNEL_OPEN_MS_MAX, () => socket.destroy());
    let isOver = false;
    const over = () => {
      if (isOver) return;
      isOver = true;
      this.#opening -= 1;
      inTime();
    };
    socket.once('close', () => {
      this.#sockets.delete(socket);
      over();
    });
    return over;
  }

  async #shakeHands(
    field: (name: string) => string | undefined,
    socket: Socket,
    head: Uint8Array,
    over: () => void,
  ): Promise<void> {
    const { self, signer, clock, random, secret, start } = this.#options;
    const nowSeconds = Math.floor(clock.wallMs() / 1_000);
    const offer = readOffer(field);
    if (offer === undefined)
      throw orRefuse(refused('malformed', 'The offer of a channel has no form that is known here.'));
    const screened = screenOffer(offer, self, nowSeconds);
    if (screened !== undefined) throw orRefuse(screened);
    const key = await this.#keyOf(offer);
    const started = start();
    // Its key was asked for meanwhile.
    if (socket.destroyed) throw new MeshError('peer_silent', 'The asker has left.');
    if (started === undefined || this.#isEnding) throw new MeshError('stopping', 'This node opens no channel now.');
    const own = { self, start: started, nowSeconds, signer, random, secret };
    const reply = orRefuse(replyTo(offer, key, own));
    const channel = this.#serve({ offer, key, started, reply, socket, over });
    socket.write(switched(reply.fields));
    channel.begin(head);
  }

  async #keyOf({ host }: Offer): Promise<PublicKey> {
    const { keys, mayClaim, self } = this.#options;
    if (!mayClaim(host)) throw new MeshError('unlisted_host', `Host '${self}' does not hear '${host}'.`);
    const known = keys.known(host);
    if (known !== undefined) return known;
    const learned = await keys.learn(host);
    if (learned.kind === 'known') return learned.key;
    throw orRefuse(refused('unknown_key', `No key of '${host}' is known here yet. ${learned.why}`));
  }

  #serve({ offer, key, started, reply, socket, over }: Served): ServedChannel {
    const { keys, mayClaim, clock, log, start, answer } = this.#options;
    const { host } = offer;
    const channel: ServedChannel = new ServedChannel({
      ...{ socket, reply, clock },
      opened: () => {
        over();
        keys.confirm(host);
        this.#open.get(host)?.end();
        this.#open.set(host, channel);
        if (this.#isEnding) channel.end();
      },
      isHeard: () => mayClaim(host) && keys.known(host)?.text === key.text && start() === started,
      answer: (question, signal) => answer(host, question, signal),
      ended: (why) => {
        if (this.#open.get(host) === channel) this.#open.delete(host);
        if (why === undefined) return;
        // A proof that does not fit is a signature that does not.
        if (!channel.isProven) keys.suspect(host);
        log.warn('channel.broken', { hostId: host, why: why.message });
      },
    });
    return channel;
  }
}

interface Served {
  readonly offer: Offer;
  readonly key: PublicKey;
  readonly started: string;
  readonly reply: Exclude<ReturnType<typeof replyTo>, { readonly kind: 'refused' }>;
  readonly socket: Socket;
  /** To be called when the asker has proven itself. */
  readonly over: () => void;
}

function switched(fields: Readonly<Record<string, string>>): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${CHANNEL_PROTOCOL}\r\n${lines.join('')}\r\n`;
}
