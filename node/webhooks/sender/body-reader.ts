// Counts the octets of an answer's body and drops them, so that what comes after the body is found (RFC 9112 §6, §7.1). Trailers are read over
// as well. A body that is longer than anybody needs, or whose end can't be told, is not whole, and its connection serves nobody again.
import { parseFieldLine } from './field-line.ts';

/** A chunk's size in hexadecimal, and the line around it: longer ones are somebody's game. */
const LINE_CHARACTERS_MAX = 1_024;
const NOTHING: readonly number[] = [204, 304];

export class BodyReader {
  #left: number;
  /** Where a chunked body is; absent: it is not chunked. */
  #part: 'size' | 'data' | 'end of data' | 'trailers' | undefined;
  #line = '';
  #octetsLeft: number;
  #state: 'reading' | 'whole' | 'given up';

  /** `fields`: of the answer, by lower-case names. `octetsMax`: more of the body is not read. */
  constructor(status: number, fields: ReadonlyMap<string, string>, octetsMax: number) {
    const [coding, length] = [fields.get('transfer-encoding'), fields.get('content-length')];
    this.#octetsLeft = octetsMax;
    this.#left = Number.POSITIVE_INFINITY;
    this.#state = 'reading';
    if (NOTHING.includes(status)) {
      // Such an answer has no body; if it says that it has one, nobody knows who is right.
      this.#state = coding === undefined && Number(length ?? 0) === 0 ? 'whole' : 'given up';
    } else if (coding !== undefined) {
      if (coding.toLowerCase() === 'chunked' && length === undefined) this.#part = 'size';
      else this.#state = 'given up';
    } else if (length !== undefined) {
      if (!/^\d{1,15}$/.test(length)) this.#state = 'given up';
      else this.#left = Number(length);
      if (this.#left === 0) this.#state = 'whole';
    }
    // Without a length it ends with the connection, which can't serve again then: there is nothing to wait for.
    else this.#state = 'given up';
  }

  /** Whether nothing more is to be read, be it that the body is whole or that it was given up. */
  get isOver(): boolean {
    return this.#state !== 'reading';
  }

  /** Whether the body was read to its end, and nothing came behind it. */
  get isWhole(): boolean {
    return this.#state === 'whole';
  }

  /** Takes what came next. What lies behind the body's end, or beyond `octetsMax`, makes it given up. */
  read(octets: Buffer): void {
    let at = 0;
    while (at < octets.length && this.#state === 'reading') {
      at = this.#part === undefined || this.#part === 'data' ? this.#skip(octets, at) : this.#readLine(octets, at);
    }
    this.#octetsLeft -= octets.length;
    // What comes behind the end was not asked for.
    if (at < octets.length || (this.#octetsLeft < 0 && this.#state === 'reading')) this.#state = 'given up';
  }

  #skip(octets: Buffer, at: number): number {
    const taken = Math.min(this.#left, octets.length - at);
    this.#left -= taken;
    if (this.#left > 0) return at + taken;
    if (this.#part === undefined) this.#state = 'whole';
    else this.#part = 'end of data';
    return at + taken;
  }

  #readLine(octets: Buffer, at: number): number {
    const end = octets.indexOf(0x0a, at);
    this.#line += octets.toString('latin1', at, end < 0 ? octets.length : end);
    if (this.#line.length > LINE_CHARACTERS_MAX) this.#state = 'given up';
    if (end < 0) return octets.length;
    // That the carriage return may be missing is said of the lines of a head alone (RFC 9112 §2.2).
    if (this.#line.endsWith('\r')) this.#endLine(this.#line.slice(0, -1));
    else this.#state = 'given up';
    this.#line = '';
    return end + 1;
  }

  #endLine(line: string): void {
    if (this.#part === 'trailers') {
      if (line === '') this.#state = 'whole';
      else if (parseFieldLine(line) === undefined) this.#state = 'given up';
    } else if (this.#part === 'end of data') {
      if (line === '') this.#part = 'size';
      else this.#state = 'given up';
    } else {
      const digits = /^([\da-f]{1,8})(?:[ \t]*;.*)?$/i.exec(line)?.[1];
      this.#left = Number.parseInt(digits ?? '', 16);
      if (Number.isNaN(this.#left)) this.#state = 'given up';
      this.#part = this.#left === 0 ? 'trailers' : 'data';
    }
  }
}
