// A request whose body is handed on in pieces as large as they were read. Node's parser makes one of each chunk of a chunked body, and a
// client may send each octet as a chunk of its own: whoever then waits for a quarter of a MiB, piece by piece, holds the event loop for
// seconds. It does not bound what one read of the parser costs: that is some milliseconds for each 64 KiB on the wire.
import { IncomingMessage } from 'node:http';

export class GatheredMessage extends IncomingMessage {
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  /** What the parser hands over: a chunk, or `null` at the end of the body. */
  override push(piece: Uint8Array | null): boolean {
    if (piece === null) {
      this.#handOn();
      return super.push(null);
    }
    // Node runs ticks and promises after each chunk; this, once the parser is through with what was read.
    if (this.#pieces.length === 0) setImmediate(() => this.#handOn());
    this.#pieces.push(piece);
    this.#bytes += piece.byteLength;
    return this.readableLength + this.#bytes < this.readableHighWaterMark;
  }

  #handOn(): void {
    const [first, ...others] = this.#pieces;
    if (first === undefined) return;
    this.#pieces = [];
    this.#bytes = 0;
    super.push(others.length === 0 ? first : Buffer.concat([first, ...others]));
  }
}
