// Lines to standard error or output that never keep anybody waiting: a pipe that nobody reads or a terminal that was stopped takes what
// fits, a disk that is full takes nothing; what finds no room is dropped and counted, and the count is said once there is room again.
// It does not promise that a line arrives: whoever must know that needs another way.
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { visibleLines } from '../machine/visible-text.ts';

export interface LineSink {
  /** `text` ends its lines itself. What in it would steer a terminal is made visible. */
  write(text: string): void;
}

export interface LineSinkOptions {
  /** The line that says how many are missing. */
  readonly missing: (lines: number) => string;
  /** Octets that wait for a reader; what comes while they are more is dropped. */
  readonly waitingBytesMax?: number;
  /** How soon it is looked whether there is room again. */
  readonly retryMs?: number;
}

const WAITING_BYTES_MAX = 1_024 * 1_024;
const RETRY_MS = 100;
const NEW_LINE = Buffer.from('\n');

/**
 * Writes lines to that descriptor and never waits for its reader: what finds no room within `waitingBytesMax` is dropped and counted
 * (`missing`).
 */
export function openLineSink(stream: { readonly fd: number }, options: LineSinkOptions): LineSink {
  return new DescriptorLines(withoutWaiting(stream.fd), options);
}

/** Pipes and sockets were made so by Node when it opened the stream. A terminal is opened anew, for the old way to it is everybody's. */
function withoutWaiting(fd: number): number {
  try {
    if (!fstatSync(fd).isCharacterDevice()) return fd;
    return openSync(`/dev/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return fd; // Closed, or not to be opened a second time: then it is written to as it is, and what fails is dropped.
  }
}

class DescriptorLines implements LineSink {
  readonly #fd: number;
  readonly #missing: (lines: number) => string;
  readonly #waitingBytesMax: number;
  readonly #retryMs: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  /** Part of a line was written, and its rest was not. */
  #isTorn = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(fd: number, options: LineSinkOptions) {
    this.#fd = fd;
    this.#missing = options.missing;
    this.#waitingBytesMax = options.waitingBytesMax ?? WAITING_BYTES_MAX;
    this.#retryMs = options.retryMs ?? RETRY_MS;
  }

  write(text: string): void {
    if (this.#retry === undefined) this.#drain();
    const line = Buffer.from(visibleLines(text));
    if (this.#dropped > 0 || this.#waitingBytes + line.byteLength > this.#waitingBytesMax) this.#dropped += 1;
    else this.#push(line);
    if (this.#retry === undefined) this.#drain();
  }

  #push(line: Buffer): void {
    this.#waiting.push(line);
    this.#waitingBytes += line.byteLength;
  }

  /** Writes what waits, then the count of what is missing. */
  #drain(): void {
    for (let line = this.#waiting[0]; line !== undefined; line = this.#waiting[0]) {
      const written = this.#put(line);
      if (written === 'later') {
        this.#again();
        return;
      }
      if (written === 'never') {
        this.#dropped += 1;
        this.#shift(line.byteLength);
      } else if (written === line.byteLength) {
        this.#isTorn = false;
        this.#shift(written);
      } else {
        this.#isTorn = true;
        this.#waiting[0] = line.subarray(written);
        this.#waitingBytes -= written;
      }
    }
    this.#sayMissing();
  }

  #shift(bytes: number): void {
    this.#waiting.shift();
    this.#waitingBytes -= bytes;
  }

  #sayMissing(): void {
    if (this.#dropped === 0) return;
    const line = Buffer.from(this.#missing(this.#dropped));
    const written = this.#put(this.#isTorn ? Buffer.concat([NEW_LINE, line]) : line);
    if (typeof written === 'number') {
      this.#dropped = 0;
      this.#isTorn = false;
    } else this.#again();
  }

  #put(octets: Buffer): number | 'later' | 'never' {
    try {
      return writeSync(this.#fd, octets);
    } catch (error) {
      const isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN';
      return isFull ? 'later' : 'never';
    }
  }

  /** The process does not stay for it. */
  #again(): void {
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#drain();
    }, this.#retryMs).unref();
  }
}
