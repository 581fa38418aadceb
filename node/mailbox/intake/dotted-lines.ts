// The octets of a mail as DATA brings them (RFC 5321 §4.5.2): lines that begin with a dot have one more, and a dot alone ends the mail. A line is
// what CRLF ends, and nothing else (§2.3.8). smtp-server, whose stream is made to read so here, takes a line feed alone for the end of a line,
// though not in the first octets of a mail: what a sender had said with a bare line feed and two dots lost one of them, and DKIM failed. It turned
// the event loop for each dot, too, so that a mail of nothing but dots kept a core busy for seconds.
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';

const [LF, CR, DOT] = [0x0a, 0x0d, 0x2e];
/** A dot and a CR, until it is known whether they end the mail. */
const HELD_BYTES_MAX = 2;

type Place = 'within a line' | 'behind CR' | 'begin of a line' | 'behind a dot' | 'behind a dot and CR';

/** One mail. After its end it is of no more use. */
export class DottedLines {
  #place: Place = 'begin of a line';

  /** `end`: where the octets behind the mail begin in the piece; absent: it goes on. */
  read(piece: Buffer): { readonly octets: Buffer; readonly end?: number } {
    const octets = Buffer.allocUnsafe(piece.length + HELD_BYTES_MAX);
    let [at, size] = [0, 0];
    while (at < piece.length) {
      const octet = piece[at];
      switch (this.#place) {
        case 'within a line': {
          const found = piece.indexOf(CR, at);
          const next = found === -1 ? piece.length : found + 1;
          size += piece.copy(octets, size, at, next);
          at = next;
          if (found !== -1) this.#place = 'behind CR';
          break;
        }
        case 'behind CR':
          if (octet !== LF && octet !== CR) this.#place = 'within a line';
          else {
            octets[size++] = octet;
            at += 1;
            if (octet === LF) this.#place = 'begin of a line';
          }
          break;
        case 'begin of a line':
          if (octet === DOT) at += 1;
          this.#place = octet === DOT ? 'behind a dot' : 'within a line';
          break;
        case 'behind a dot':
          if (octet === CR) {
            at += 1;
            this.#place = 'behind a dot and CR';
            break;
          }
          // The first of two is taken out. One alone, which no sender may say, is kept.
          octets[size++] = DOT;
          if (octet === DOT) at += 1;
          this.#place = 'within a line';
          break;
        case 'behind a dot and CR':
          if (octet === LF) return { octets: octets.subarray(0, size), end: at + 1 };
          size += octets.write('.\r', size, 'latin1');
          this.#place = 'behind CR';
      }
    }
    return { octets: octets.subarray(0, size) };
  }
}

/** By the stream of the mail. */
const lines = new WeakMap<object, DottedLines>();

/** Has smtp-server read the lines of a mail so, on connections that are there and those to come. */
export function readDottedLines(): void {
  SMTPStream.prototype._feedDataStream = function feed(piece, done) {
    const stream = this._dataStream;
    if (stream === null) throw new Error('Octets of a mail came, and no mail has begun.');
    const reader = lines.get(stream) ?? new DottedLines();
    lines.set(stream, reader);
    const { octets, end } = reader.read(piece);
    this._countDataBytes(octets.length);
    if (end !== undefined) this._endDataMode(octets, piece.subarray(end), done);
    else if (octets.length === 0 || !stream.writable || stream.write(octets)) done();
    else whenDrained(stream, done);
  };
}

/** A stream that is destroyed never drains. */
function whenDrained(stream: NodeJS.WritableStream & { readonly destroyed: boolean }, done: () => void): void {
  if (stream.destroyed) {
    done();
    return;
  }
  const resume = () => {
    stream.removeListener('drain', resume);
    stream.removeListener('close', resume);
    done();
  };
  stream.once('drain', resume);
  stream.once('close', resume);
}
