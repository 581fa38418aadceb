// Frames of one direction of a channel: `length ‖ id ‖ body ‖ MAC`, where the MAC is HMAC-SHA256 over `counter ‖ id ‖ body`, cut to 16
// octets. The counter is not sent: both sides count, so a frame that is repeated, left out, moved or sent back has a wrong MAC. The first
// bad frame is the last: whoever meets one ends the connection. It does not hide what it carries.
import { timingSafeEqual } from 'node:crypto';
import { MeshError } from '../errors.ts';
import { Mac } from './mac.ts';

/** What a frame carries of a message: whoever is in a hurry waits for one piece at most. */
export const PIECE_BYTES_MAX = 64 * 1_024;
/** A frame, its length not counted: an id, a piece with two octets before it, and a MAC. */
const FRAME_BYTES_MAX = 4 + 2 + PIECE_BYTES_MAX + 16;
/** Frames under one key. The next frame would end the channel; it is renewed before. */
export const FRAMES_PER_KEY_MAX = 2 ** 24;

const LENGTH_BYTES = 4;
const ID_BYTES = 4;
const COUNTER_BYTES = 8;
const MAC_BYTES = 16;

export interface Frame {
  /** Which question this is about; 0: none. */
  readonly id: number;
  readonly body: Uint8Array;
}

/** MACs of one direction, one after the other. */
class Counter {
  readonly #framesMax: number;
  readonly #mac: Mac;
  readonly #octets = Buffer.alloc(COUNTER_BYTES);
  count = 0;

  constructor(key: Uint8Array, framesMax: number) {
    this.#framesMax = framesMax;
    this.#mac = new Mac(key);
  }

  /** The MAC of the next frame. `content`: its id and body. */
  next(content: Uint8Array): Buffer {
    if (this.count >= this.#framesMax) throw fault('its key has been used for as many frames as one may be');
    this.#octets.writeUInt32BE(this.count, COUNTER_BYTES - 4);
    this.count += 1;
    return this.#mac.of(this.#octets, content);
  }
}

export class FrameSealer {
  readonly #counter: Counter;

  /** `framesMax`: fewer, in tests. */
  constructor(key: Uint8Array, framesMax = FRAMES_PER_KEY_MAX) {
    this.#counter = new Counter(key, framesMax);
  }

  /** Frames sealed so far. */
  get count(): number {
    return this.#counter.count;
  }

  /** The octets of the next frame. `body`: parts that follow each other. */
  seal(id: number, body: readonly Uint8Array[]): Buffer {
    let length = ID_BYTES + MAC_BYTES;
    for (const part of body) length += part.byteLength;
    if (length > FRAME_BYTES_MAX) throw new Error(`A frame of ${length} octets is larger than one may be.`);
    const octets = Buffer.allocUnsafe(LENGTH_BYTES + length);
    octets.writeUInt32BE(length, 0);
    octets.writeUInt32BE(id, LENGTH_BYTES);
    let at = LENGTH_BYTES + ID_BYTES;
    for (const part of body) {
      octets.set(part, at);
      at += part.byteLength;
    }
    this.#counter.next(octets.subarray(LENGTH_BYTES, at)).copy(octets, at, 0, MAC_BYTES);
    return octets;
  }
}

/** Reads octets as they come, in pieces of any size. */
export class FrameOpener {
  readonly #counter: Counter;
  #chunks: Uint8Array[] = [];
  #size = 0;

  /** `framesMax`: fewer, in tests. */
  constructor(key: Uint8Array, framesMax = FRAMES_PER_KEY_MAX) {
    this.#counter = new Counter(key, framesMax);
  }

  /** Frames opened so far. */
  get count(): number {
    return this.#counter.count;
  }

  /** The frames that are whole now. Throws `peer_untrusted` at the first that is bad; nothing may be read afterwards. */
  *push(chunk: Uint8Array): Generator<Frame, void, undefined> {
    this.#chunks.push(chunk);
    this.#size += chunk.byteLength;
    while (this.#size >= LENGTH_BYTES) {
      const length = this.#peekLength();
      if (length < ID_BYTES + MAC_BYTES || length > FRAME_BYTES_MAX)
        throw fault(`a frame says that it has ${length} octets`);
      if (this.#size < LENGTH_BYTES + length) return;
      yield this.#open(this.#cut(LENGTH_BYTES + length));
    }
  }

  #open(octets: Buffer): Frame {
    const content = octets.subarray(LENGTH_BYTES, octets.byteLength - MAC_BYTES);
    const mac = this.#counter.next(content).subarray(0, MAC_BYTES);
    if (!timingSafeEqual(mac, octets.subarray(octets.byteLength - MAC_BYTES))) throw fault('a frame has a wrong MAC');
    return { id: content.readUInt32BE(0), body: content.subarray(ID_BYTES) };
  }

  #peekLength(): number {
    const [first] = this.#chunks;
    if (first !== undefined && first.byteLength >= LENGTH_BYTES) return view(first).readUInt32BE(0);
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined.readUInt32BE(0);
  }

  #cut(size: number): Buffer {
    const [first] = this.#chunks;
    const whole = first !== undefined && first.byteLength >= size ? view(first) : Buffer.concat(this.#chunks);
    const rest = whole.subarray(size);
    const others = whole.byteLength === this.#size ? [] : this.#chunks.slice(1);
    this.#chunks = rest.byteLength > 0 ? [rest, ...others] : [...others];
    this.#size -= size;
    return whole.subarray(0, size);
  }
}

function view(octets: Uint8Array): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}

/** What ends a channel. `what`: part of a sentence. */
export function fault(what: string): MeshError {
  return new MeshError('peer_untrusted', `The channel was ended: ${what}.`, { extra: { reason: 'forged' } });
}
