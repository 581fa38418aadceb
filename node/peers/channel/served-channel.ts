// The side of a channel that answers: it believes nothing before the asker has proven itself, has so many questions in hand and no more, and
// answers each exactly once.
import type { Socket } from 'node:net';
import { fault } from '../../../mesh/channel/frames.ts';
import type { OpenReply } from '../../../mesh/channel/handshake.ts';
import type { ChannelLane, Said } from '../../../mesh/channel/lanes.ts';
import { CHANNEL_QUESTIONS_MAX, CREDIT_BYTES, KEY_MS_MAX } from '../../../mesh/channel/limits.ts';
import { type ChannelAnswer, type ChannelQuestion, readQuestion, writeAnswer } from '../../../mesh/channel/message.ts';
import type { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { ChannelSocket } from './channel-socket.ts';
import { CHANNEL_IDLE_MS_MAX } from './limits.ts';

/** Says nothing: nobody waits for it. */
const CANCELLED = writeAnswer({ status: 499, body: new Uint8Array() });
/** The asker renews a channel in time; one that does not is ended. */
const KEY_LATE_MS_MAX = 60 * 60 * 1_000;

export interface ServedChannelOptions {
  readonly socket: Socket;
  readonly reply: OpenReply;
  readonly clock: Clock;
  /** The asker has proven who it is. */
  readonly opened: () => void;
  /** Whether the asker still may be heard; asked before each question. */
  readonly isHeard: () => boolean;
  /** Answers a question; never rejects. `signal` aborts when nobody waits any more. */
  readonly answer: (question: ChannelQuestion, signal: () => AbortSignal) => Promise<ChannelAnswer>;
  readonly ended: (why: MeshError | undefined) => void;
}

interface InHand {
  readonly lane: ChannelLane;
  /** Made only for who asks for it. */
  cancel: AbortController | undefined;
  isCancelled: boolean;
}

export class ServedChannel {
  readonly #options: ServedChannelOptions;
  readonly #channel: ChannelSocket;
  readonly #inHand = new Map<number, InHand>();
  readonly #counts: [number, number] = [0, 0];
  readonly #openedMs: number;
  /** Numbers go up within a lane; the first lane may overtake the second. */
  readonly #lastIds: [number, number] = [0, 0];
  #isProven = false;

  constructor(options: ServedChannelOptions) {
    const { socket, reply, clock, ended } = options;
    this.#options = options;
    this.#openedMs = clock.monotonicMs();
    this.#channel = new ChannelSocket({
      socket,
      clock,
      sends: reply.keys.answerer,
      receives: reply.keys.asker,
      credit: CREDIT_BYTES,
      first: (proof) => this.#prove(proof),
      heard: (said) => this.#heard(said),
      ended: (why) => {
        for (const { cancel } of this.#inHand.values()) cancel?.abort();
        ended(why);
      },
    });
    socket.setTimeout(2 * CHANNEL_IDLE_MS_MAX, () => socket.destroy());
  }

  get isProven(): boolean {
    return this.#isProven;
  }

  begin(head: Uint8Array): void {
    this.#channel.begin(head);
  }

  /** What was asked is answered; the asker is told to ask nothing more. */
  end(): void {
    this.#channel.out.end();
    this.#channel.flush();
  }

  destroy(): void {
    this.#channel.destroy();
  }

  #prove(proof: Uint8Array): void {
    if (!this.#options.reply.fits(proof)) throw fault('the proof does not fit the handshake and the key known here');
    this.#isProven = true;
    this.#channel.sendFirst(new Uint8Array());
    this.#options.opened();
  }

  #heard(said: Said): void {
    switch (said.kind) {
      case 'message':
        this.#asked(said.id, said.lane, said.octets);
        return;
      case 'cancel':
        this.#cancelled(said.id);
        return;
      case 'credit':
        this.#channel.out.gain(said.bytes);
        this.#channel.flush();
        return;
      case 'end':
        throw fault('the side that asks said what only the other may say');
      case 'piece':
    }
  }

  #asked(id: number, lane: ChannelLane, octets: Uint8Array): void {
    const { clock, isHeard, answer } = this.#options;
    if (clock.monotonicMs() - this.#openedMs > KEY_MS_MAX + KEY_LATE_MS_MAX || !isHeard()) {
      this.destroy();
      return;
    }
    const question = readQuestion(octets);
    if (question === undefined) throw fault('a question has no form that is known here');
    if (id <= this.#lastIds[lane]) throw fault('a question has the number of an earlier one');
    if (this.#counts[lane] >= CHANNEL_QUESTIONS_MAX) throw fault('more is asked at once than may be');
    this.#lastIds[lane] = id;
    const inHand: InHand = { lane, cancel: undefined, isCancelled: false };
    this.#counts[lane] += 1;
    this.#inHand.set(id, inHand);
    const signal = () => {
      inHand.cancel ??= new AbortController();
      if (inHand.isCancelled) inHand.cancel.abort();
      return inHand.cancel.signal;
    };
    void answer(question, signal).then((said) => this.#answered(id, inHand, said));
  }

  #answered(id: number, { lane, isCancelled }: InHand, answer: ChannelAnswer): void {
    this.#inHand.delete(id);
    this.#counts[lane] -= 1;
    if (this.#channel.isGone) return;
    this.#channel.out.push(lane, id, isCancelled ? CANCELLED : writeAnswer(answer));
    this.#channel.flush();
  }

  #cancelled(id: number): void {
    const inHand = this.#inHand.get(id);
    // Its answer may be on the way already.
    if (inHand === undefined) return;
    inHand.isCancelled = true;
    inHand.cancel?.abort();
  }
}
