// The side of a channel that asks: questions go out under numbers of their own, and each answer finds the question that waits for it. A
// question that is given up is cancelled, and its number stays taken until its answer is there, for the other side counts them too.
import type { Socket } from 'node:net';
import { FRAMES_PER_KEY_MAX, fault } from '../../../mesh/channel/frames.ts';
import type { AcceptedReply } from '../../../mesh/channel/handshake.ts';
import type { ChannelLane, Said } from '../../../mesh/channel/lanes.ts';
import { CHANNEL_QUESTIONS_MAX, CREDIT_BYTES, KEY_MS_MAX } from '../../../mesh/channel/limits.ts';
import { type ChannelAnswer, readAnswer } from '../../../mesh/channel/message.ts';
import type { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { ChannelSocket } from './channel-socket.ts';
import { CHANNEL_IDLE_MS_MAX } from './limits.ts';

/** A claim or a greeting that has waited this long, and all the while nothing came: the connection is dead. */
const CHANNEL_DEAD_MS_MIN = 400;

/** The channel is renewed before its key is used up: so many frames are left for what is still under way. */
const FRAMES_LEFT_MIN = 2 ** 20;

interface Waiting {
  readonly lane: ChannelLane;
  /** `undefined`: the channel ended. Absent once the question was given up. */
  answer: ((answer: ChannelAnswer | undefined) => void) | undefined;
}

interface Asked {
  readonly lane: ChannelLane;
  readonly atMs: number;
  /** Frames heard before. */
  readonly heardCount: number;
}

export interface AskingChannelOptions {
  readonly socket: Socket;
  /** What came behind the answer to the upgrade. */
  readonly head: Uint8Array;
  readonly accepted: AcceptedReply;
  readonly clock: Clock;
  /** The other side has taken the proof: from now on it may be asked. */
  readonly opened: () => void;
  /** The channel takes no more questions; `why` when the other side broke the rules. */
  readonly ended: (why: MeshError | undefined) => void;
}

export class AskingChannel {
  readonly #options: AskingChannelOptions;
  readonly #channel: ChannelSocket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #counts: [number, number] = [0, 0];
  readonly #openedMs: number;
  #lastId = 0;
  /** Frames heard. */
  #heardCount = 0;
  /** Octets of the second lane that came and were not given credit for yet. */
  #taken = 0;
  #isRetired = false;

  constructor(options: AskingChannelOptions) {
    const { socket, head, accepted, clock, opened, ended } = options;
    this.#options = options;
    this.#openedMs = clock.monotonicMs();
    this.#channel = new ChannelSocket({
      socket,
      clock,
      sends: accepted.keys.asker,
      receives: accepted.keys.answerer,
      credit: Number.POSITIVE_INFINITY,
      first: () => opened(),
      heard: (said) => this.#heard(said),
      ended: (why) => this.#ended(why, ended),
    });
    socket.setTimeout(CHANNEL_IDLE_MS_MAX, () => this.retire());
    this.#channel.sendFirst(accepted.proof);
    this.#channel.begin(head);
  }

  /** Whether it is time for another channel in this one's place. */
  get isWorn(): boolean {
    const isOld = this.#options.clock.monotonicMs() - this.#openedMs >= KEY_MS_MAX;
    return isOld || this.#channel.frames >= FRAMES_PER_KEY_MAX - FRAMES_LEFT_MIN;
  }

  /** Whether a question in that lane is taken now. */
  takes(lane: ChannelLane): boolean {
    return !this.#isRetired && !this.#channel.isGone && this.#counts[lane] < CHANNEL_QUESTIONS_MAX;
  }

  /**
   * Asks; `octets`: a question, written. Resolves with `undefined` when the channel ended before the answer came: the question may have
   * been heard, or not. Rejects with the reason of `signal`.
   */
  ask(lane: ChannelLane, octets: Uint8Array, signal: AbortSignal): Promise<ChannelAnswer | undefined> {
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      const asked = { lane, atMs: this.#options.clock.monotonicMs(), heardCount: this.#heardCount };
      const id = this.#lastId;
      const giveUp = () => {
        waiting.answer = undefined;
        this.#channel.out.cancel(id);
        this.#channel.flush();
        this.#doubt(asked);
        reject(signal.reason);
      };
      const waiting: Waiting = {
        lane,
        answer: (answer) => {
          signal.removeEventListener('abort', giveUp);
          resolve(answer);
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#counts[lane] += 1;
      this.#waiting.set(id, waiting);
      this.#channel.out.push(lane, id, octets);
      this.#channel.flush();
    });
  }

  /** Takes no more questions; the channel ends when all are answered. */
  retire(): void {
    this.#isRetired = true;
    if (this.#waiting.size === 0) this.#channel.end();
  }

  destroy(): void {
    this.#isRetired = true;
    this.#channel.destroy();
  }

  /** What is dead may show nothing: the other machine has lost its power, or a box on the way has forgotten the connection. */
  #doubt({ lane, atMs, heardCount }: Asked): void {
    const waitedMs = this.#options.clock.monotonicMs() - atMs;
    if (lane === 0 && waitedMs >= CHANNEL_DEAD_MS_MIN && heardCount === this.#heardCount) this.destroy();
  }

  #heard(said: Said): void {
    this.#heardCount += 1;
    switch (said.kind) {
      case 'end':
        this.retire();
        return;
      case 'cancel':
      case 'credit':
        throw fault('the side that answers said what only the other may say');
      case 'piece':
        this.#credit(said);
        return;
      case 'message':
        this.#credit(said);
        this.#answered(said.id, said.lane, said.octets);
    }
  }

  #answered(id: number, lane: ChannelLane, octets: Uint8Array): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined || waiting.lane !== lane) throw fault('an answer came to no question');
    const answer = readAnswer(octets);
    if (answer === undefined) throw fault('an answer has no form that is known here');
    this.#waiting.delete(id);
    this.#counts[lane] -= 1;
    waiting.answer?.(answer);
    if (this.#isRetired && this.#waiting.size === 0) this.#channel.end();
  }

  #credit({ lane, bytes }: { readonly lane: ChannelLane; readonly bytes: number }): void {
    if (lane === 0) return;
    this.#taken += bytes;
    if (this.#taken < CREDIT_BYTES / 4) return;
    this.#channel.out.give(this.#taken);
    this.#taken = 0;
    this.#channel.flush();
  }

  #ended(why: MeshError | undefined, told: AskingChannelOptions['ended']): void {
    this.#isRetired = true;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    told(why);
    for (const { answer } of waiting) answer?.(undefined);
  }
}
