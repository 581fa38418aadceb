// One connection that carries a channel, from either side: frames go out in their order, as many in one write as are ready in one turn of
// the event loop, and as fast as the other side takes them; what comes in is told, frame by frame. The first frame is the handshake's. A bad
// frame ends the connection.
import type { Socket } from 'node:net';
import { FrameOpener, FrameSealer } from '../../../mesh/channel/frames.ts';
import { IncomingLanes, OutgoingLanes, type Said } from '../../../mesh/channel/lanes.ts';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { afterMs } from '../../../mesh/time/deadline.ts';

/** The other side of a channel is looked for by the system when nothing was heard for this long. */
const CHANNEL_KEPT_ALIVE_MS = 20_000;
/** What was written must be taken within this long. */
const CHANNEL_TAKE_MS_MAX = 20_000;

/** In one write; the rest leaves when the other side has taken it. */
const WRITE_BYTES_MAX = 128 * 1_024;

export interface ChannelSocketOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  readonly sends: Uint8Array;
  readonly receives: Uint8Array;
  /** Octets of the second lane that may leave before some are taken. */
  readonly credit: number;
  /** Told of the first frame; what it throws ends the connection. */
  readonly first: (body: Uint8Array) => void;
  /** Told of every other frame; what it throws ends the connection. */
  readonly heard: (said: Said) => void;
  /** Told once that the connection is gone; `why` when the other side broke the rules. */
  readonly ended: (why: MeshError | undefined) => void;
}

export class ChannelSocket {
  readonly out: OutgoingLanes;
  readonly #options: ChannelSocketOptions;
  readonly #sealer: FrameSealer;
  readonly #opener: FrameOpener;
  readonly #lanes = new IncomingLanes();
  #isFirst = true;
  #isDue = false;
  #isFull = false;
  /** Calls off the end of a connection that takes nothing. */
  #taken = () => {};
  #fault: MeshError | undefined;

  constructor(options: ChannelSocketOptions) {
    const { socket, sends, receives, credit, ended } = options;
    this.#options = options;
    this.#sealer = new FrameSealer(sends);
    this.#opener = new FrameOpener(receives);
    this.out = new OutgoingLanes(credit);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, CHANNEL_KEPT_ALIVE_MS);
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('drain', () => this.#drained());
    // The close that follows is told.
    socket.on('error', () => undefined);
    socket.once('end', () => socket.end());
    socket.once('close', () => {
      this.#taken();
      ended(this.#fault);
    });
  }

  /** Frames under the key that has been used more. */
  get frames(): number {
    return Math.max(this.#sealer.count, this.#opener.count);
  }

  get isGone(): boolean {
    return this.#options.socket.destroyed || !this.#options.socket.writable;
  }

  /** The handshake's own frame, before any other. */
  sendFirst(body: Uint8Array): void {
    this.#options.socket.write(this.#sealer.seal(0, [body]));
  }

  /** Octets that were read with the answer to the upgrade. */
  begin(head: Uint8Array): void {
    if (head.byteLength > 0) this.#read(head);
    this.#options.socket.resume();
  }

  /** What waits in `out` leaves at the end of this turn of the event loop. */
  flush(): void {
    if (this.#isDue || this.#isFull) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#write();
    });
  }

  /** What was written is still sent; nothing more is. */
  end(): void {
    this.#options.socket.end();
  }

  destroy(): void {
    this.#options.socket.destroy();
  }

  #write(): void {
    if (this.isGone) return;
    const frames: Buffer[] = [];
    let bytes = 0;
    try {
      for (
        let next = this.out.next();
        next !== undefined;
        next = bytes < WRITE_BYTES_MAX ? this.out.next() : undefined
      ) {
        const frame = this.#sealer.seal(next.id, next.body);
        frames.push(frame);
        bytes += frame.byteLength;
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    const [first] = frames;
    if (first === undefined) return;
    const isTaken = this.#options.socket.write(frames.length === 1 ? first : Buffer.concat(frames, bytes));
    if (!isTaken) this.#wait();
    else if (bytes >= WRITE_BYTES_MAX) this.flush();
  }

  #wait(): void {
    this.#isFull = true;
    this.#taken = afterMs(this.#options.clock, CHANNEL_TAKE_MS_MAX, () => this.destroy());
  }

  #drained(): void {
    this.#taken();
    this.#isFull = false;
    this.flush();
  }

  #read(chunk: Uint8Array): void {
    const { first, heard, socket } = this.#options;
    try {
      for (const frame of this.#opener.push(chunk)) {
        if (this.#isFirst) {
          this.#isFirst = false;
          first(frame.body);
        } else heard(this.#lanes.read(frame));
        if (socket.destroyed) return;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (!(error instanceof MeshError)) throw error;
    this.#fault = error;
    this.#options.socket.destroy();
  }
}
