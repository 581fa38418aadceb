// Mails one behind the other in one file (mbox, RFC 4155): a line `From SENDER TIME` before each, an empty one behind it. What could be taken for
// such a line has one more `>` in front (mboxrd), so that every mail is read again as it was. Lines end in LF there, and in CRLF as mail: a CR in
// front of an LF belongs to the line, but where another program wrote all of the mail's lines with CRLF.

export interface MboxMail {
  /** The line before it, without its end. */
  readonly separator: string;
  /** Lines in CRLF; empty when there were more than may be. */
  readonly octets: Buffer;
  readonly isTooLarge: boolean;
}

const LINES_APART_MAX = 10_000;
const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x3e;
const CRLF = Buffer.from('\r\n');
const FROM = Buffer.from('From ');
const SPACE = /[\s\p{Cc}]+/gu;
/** At the beginning of a line, which ends in LF alone here: a CR within it is no end. */
const BEGINS_AS_SEPARATOR = /(?<![^\n])(?=>*From )/g;

/** `sender`: an address; empty: nobody. `atMs`: when the mail came. */
export function separatorOf(sender: string, atMs: number): string {
  const [, day, date, month, year, time] =
    /^(\w+), (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(atMs).toUTCString()) ?? [];
  return `From ${sender.replace(SPACE, '') || 'MAILER-DAEMON'} ${day} ${month} ${String(Number(date)).padStart(2)} ${time} ${year}`;
}

/** The time that a separator names, in milliseconds since 1970. */
export function separatorTime(separator: string): number | undefined {
  const [, month, date, time, zone, year, other] = TIME.exec(separator) ?? [];
  const parsed = Date.parse(`${date} ${month} ${year} ${time} ${zone ?? other ?? '+0000'}`);
  return month === undefined || Number.isNaN(parsed) ? undefined : parsed;
}

const TIME =
  /\s[A-Z][a-z]{2},?\s+([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d{2}:\d{2}(?::\d{2})?)(?:\s+([+-]\d{4}|[A-Z]{1,5}))?\s+(\d{4})(?:\s+([+-]\d{4}))?\s*$/;

/** A mail as the file has it. */
export function mboxEntry({ separator, octets }: Pick<MboxMail, 'separator' | 'octets'>): Buffer {
  const text = octets.toString('latin1').replaceAll('\r\n', '\n').replaceAll(BEGINS_AS_SEPARATOR, '>');
  return Buffer.from(`${separator}\n${text}${text.endsWith('\n') ? '' : '\n'}\n`, 'latin1');
}

/** The mails of a file, in order. `bytesMax`: octets of one. What stands before the first separator is left out. */
export async function* readMbox(file: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<MboxMail> {
  let mail: OpenMail | undefined;
  let isAfterEmpty = true;
  for await (const line of linesOf(file, bytesMax)) {
    const isSeparator = isAfterEmpty && isSeparatorLine(line);
    if (isSeparator) {
      if (mail !== undefined) yield mail.close();
      mail = new OpenMail(line, bytesMax);
    } else mail?.add(line);
    isAfterEmpty = withoutEnd(line).length === 0;
  }
  if (mail !== undefined) yield mail.close();
}

class OpenMail {
  readonly #separator: Buffer;
  readonly #bytesMax: number;
  #lines: Buffer[] = [];
  #size = 0;
  /** Whether its lines end in CRLF in the file; known from its first line on, for some write no CR at the separator. */
  #hasCrlf: boolean | undefined;

  constructor(separator: Buffer, bytesMax: number) {
    this.#separator = separator;
    this.#bytesMax = bytesMax;
  }

  add(line: Buffer): void {
    this.#hasCrlf ??= [this.#separator, line].some((one) => one.subarray(-CRLF.length).equals(CRLF));
    const bare = this.#hasCrlf ? withoutEnd(line) : withoutLf(line);
    const unquoted = isQuotedFrom(bare) ? bare.subarray(1) : bare;
    this.#size += unquoted.length + CRLF.length;
    // The empty line at its end is not the mail's.
    if (this.#size > this.#bytesMax + CRLF.length) this.#lines = [];
    else this.#lines.push(unquoted, ...(line.length > bare.length ? [CRLF] : []));
    // A mail of short lines is not kept as a million of them.
    if (this.#lines.length > LINES_APART_MAX)
      this.#lines = [Buffer.concat(this.#lines.slice(0, -2)), ...this.#lines.slice(-2)];
  }

  close(): MboxMail {
    if (this.#lines.at(-1) === CRLF && this.#lines.at(-2)?.length === 0) this.#lines.length -= 2;
    const isTooLarge = this.#size > this.#bytesMax + CRLF.length;
    const separator = withoutEnd(this.#separator).toString('latin1');
    return { separator, octets: Buffer.concat(this.#lines), isTooLarge };
  }
}

/** Lines with their ends. One that is longer than a mail may be is cut into pieces. */
async function* linesOf(file: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let size = 0;
  for await (const piece of file) {
    let octets = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    for (let end = octets.indexOf(LF); end !== -1; end = octets.indexOf(LF)) {
      yield Buffer.concat([...rest, octets.subarray(0, end + 1)]);
      [rest, size, octets] = [[], 0, octets.subarray(end + 1)];
    }
    rest.push(Buffer.from(octets));
    size += octets.length;
    if (size <= bytesMax) continue;
    yield Buffer.concat(rest);
    [rest, size] = [[], 0];
  }
  if (size > 0) yield Buffer.concat(rest);
}

/** Other programs do not always quote a sentence that begins so; none ends in a time. */
function isSeparatorLine(line: Buffer): boolean {
  return line.subarray(0, FROM.length).equals(FROM) && separatorTime(withoutEnd(line).toString('latin1')) !== undefined;
}

function withoutEnd(line: Buffer): Buffer {
  const bare = withoutLf(line);
  return bare.length < line.length && bare.at(-1) === CR ? bare.subarray(0, -1) : bare;
}

function withoutLf(line: Buffer): Buffer {
  return line.at(-1) === LF ? line.subarray(0, -1) : line;
}

function isQuotedFrom(line: Buffer): boolean {
  let at = 0;
  while (line[at] === QUOTE) at += 1;
  return at > 0 && line.subarray(at, at + FROM.length).equals(FROM);
}
