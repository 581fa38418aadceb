// What waits to leave one side of a channel, and what has arrived there in part. Messages are cut into pieces, so that one in the first lane
// (claims, votes, greetings) never waits for more than one piece of another. In the second lane (look-ups, feeds) answers need credit, which
// comes back when they are taken: what lies in the sockets' buffers ahead of the first lane is bounded by it.

import { PEER_BODY_BYTES_MAX } from '../limits.ts';
import { type Frame, fault, PIECE_BYTES_MAX } from './frames.ts';
import { CREDIT_BYTES } from './limits.ts';
import { HEAD_BYTES_MAX } from './message.ts';

/** A question or an answer, its head included. */
export const MESSAGE_BYTES_MAX = PEER_BODY_BYTES_MAX + HEAD_BYTES_MAX;

export type ChannelLane = 0 | 1;

/** First octet of a frame's body. */
const KIND = { piece: 1, last: 2, cancel: 3, credit: 4, end: 5 } as const;

interface Piece {
  readonly lane: ChannelLane;
  /** Octets of this piece alone, for which credit is given back. */
  readonly bytes: number;
}

/** What a frame says. */
export type Said =
  /** The whole message, once its last piece is here. */
  | ({ readonly kind: 'message'; readonly id: number; readonly octets: Uint8Array } & Piece)
  /** A piece of a message, which goes on. */
  | ({ readonly kind: 'piece' } & Piece)
  /** The asker no longer waits for the answer; one is due all the same, and says nothing. */
  | { readonly kind: 'cancel'; readonly id: number }
  /** So many octets of answers in the second lane were taken. */
  | { readonly kind: 'credit'; readonly bytes: number }
  /** The answerer is stopping: what was asked is answered, and nothing more may be asked here. */
  | { readonly kind: 'end' };

interface Outgoing {
  readonly id: number;
  readonly octets: Uint8Array;
  at: number;
}

export class OutgoingLanes {
  readonly #lanes: readonly [Outgoing[], Outgoing[]] = [[], []];
  #notes: Frame[] = [];
  #credit: number;

  /** `credit`: octets that may leave in the second lane before some are taken. */
  constructor(credit: number = CREDIT_BYTES) {
    this.#credit = credit;
  }

  /** Throws when the message is larger than one may be: that is its maker's to see to. */
  push(lane: ChannelLane, id: number, octets: Uint8Array): void {
    if (octets.byteLength > MESSAGE_BYTES_MAX)
      throw new Error(`A message of ${octets.byteLength} octets fits no channel.`);
    this.#lanes[lane].push({ id, octets, at: 0 });
  }

  /** The question of that id is not to be answered any more. */
  cancel(id: number): void {
    this.#notes.push({ id, body: Uint8Array.of(KIND.cancel) });
  }

  /** No more may be asked here; what was asked is still answered. */
  end(): void {
    this.#notes.push({ id: 0, body: Uint8Array.of(KIND.end) });
  }

  /** Gives credit to the other side. */
  give(bytes: number): void {
    const body = Buffer.alloc(5);
    body[0] = KIND.credit;
    body.writeUInt32BE(bytes, 1);
    this.#notes.push({ id: 0, body });
  }

  /** The other side gave credit. Throws `peer_untrusted` when it is more than was ever used. */
  gain(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > CREDIT_BYTES) throw fault('more credit was given than was used');
  }

  /** The frame that leaves next, as parts of its body; `undefined` when nothing may leave. */
  next(): { readonly id: number; readonly body: readonly Uint8Array[] } | undefined {
    const note = this.#notes.shift();
    if (note !== undefined) return { id: note.id, body: [note.body] };
    if (this.#lanes[0].length > 0) return this.#piece(0);
    return this.#lanes[1].length > 0 && this.#credit > 0 ? this.#piece(1) : undefined;
  }

  #piece(lane: ChannelLane): { readonly id: number; readonly body: readonly Uint8Array[] } {
    const [message] = this.#lanes[lane] as [Outgoing];
    const octets = message.octets.subarray(message.at, message.at + PIECE_BYTES_MAX);
    message.at += octets.byteLength;
    const isLast = message.at === message.octets.byteLength;
    if (isLast) this.#lanes[lane].shift();
    if (lane === 1) this.#credit -= octets.byteLength;
    return { id: message.id, body: [Uint8Array.of(isLast ? KIND.last : KIND.piece, lane), octets] };
  }
}

interface Partial {
  readonly id: number;
  readonly pieces: Uint8Array[];
  size: number;
}

/** Puts pieces together: one message a lane at a time. */
export class IncomingLanes {
  readonly #partial: [Partial | undefined, Partial | undefined] = [undefined, undefined];

  /** Throws `peer_untrusted` for what no frame may say. */
  read({ id, body }: Frame): Said {
    const [kind] = body;
    switch (kind) {
      case KIND.cancel:
        return { kind: 'cancel', id };
      case KIND.end:
        return { kind: 'end' };
      case KIND.credit:
        if (body.byteLength !== 5) break;
        return { kind: 'credit', bytes: Buffer.from(body.buffer, body.byteOffset, body.byteLength).readUInt32BE(1) };
      case KIND.piece:
      case KIND.last: {
        const [, lane] = body;
        if (lane === 0 || lane === 1) return this.#add(lane, id, body.subarray(2), kind === KIND.last);
      }
    }
    throw fault('a frame says nothing that is known here');
  }

  #add(lane: ChannelLane, id: number, piece: Uint8Array, isLast: boolean): Said {
    const partial = this.#partial[lane];
    const bytes = piece.byteLength;
    if (partial === undefined && isLast) return { kind: 'message', id, lane, octets: piece, bytes };
    const { pieces, size }: Pick<Partial, 'pieces' | 'size'> = partial ?? { pieces: [], size: 0 };
    if (partial !== undefined && partial.id !== id) throw fault('two messages of one lane are mixed');
    if (size + bytes > MESSAGE_BYTES_MAX) throw fault('a message is larger than one may be');
    if (bytes === 0) throw fault('a piece is empty');
    pieces.push(piece);
    this.#partial[lane] = isLast ? undefined : { id, pieces, size: size + bytes };
    return isLast
      ? { kind: 'message', id, lane, octets: Buffer.concat(pieces), bytes }
      : { kind: 'piece', lane, bytes };
  }
}
