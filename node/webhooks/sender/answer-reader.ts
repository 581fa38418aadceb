// Reads the answer to one POST from a stranger (RFC 9112), as far as a delivery needs it: the status, `Retry-After`, and whether and for how
// long the connection can serve again. The body is counted and dropped. Nobody else shares the connection, so the worst that a receiver can
// gain by an answer that others read differently is to lie about its own status. What is in doubt costs the connection.
import { RESPONSE_HEADERS_BYTES_MAX } from '../limits.ts';
import type { SendError } from '../schedule/outcome.ts';
import { BodyReader } from './body-reader.ts';
import { parseFieldLine } from './field-line.ts';

/** An answer's body. */
const RESPONSE_BYTES_MAX = 64 * 1_024;
/** Interim answers (1xx) before the one that counts: sent without end they would keep the node busy until the attempt is over. */
const INTERIM_ANSWERS_MAX = 16;

/** What came is no answer. The message is a sentence for the operator. */
export class AnswerError extends Error {
  readonly sendError: SendError;

  constructor(sendError: SendError, message: string) {
    super(message);
    this.sendError = sendError;
  }
}

interface Head {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: .*)?$/;
/** No list (RFC 9110 §10.2.3): of several the first counts, as it does for Node's own client. */
const RETRY_AFTER = 'retry-after';
const START = 'HTTP/1.';

export class AnswerReader {
  #text = '';
  #interim = 0;
  #head: Head | undefined;
  #body: BodyReader | undefined;
  #isKept = false;
  #keptMs = Number.POSITIVE_INFINITY;

  /** The final answer's status line and fields, once all of them have come. */
  get head(): Head | undefined {
    return this.#head;
  }

  /** Nothing more of it will come, or nothing more of it is read. */
  get isOver(): boolean {
    return this.#body?.isOver ?? false;
  }

  /** For how long, in milliseconds, the connection can serve again after the answer: 0 when it can't. */
  get keptMs(): number {
    return this.#isKept && this.#body?.isWhole === true ? this.#keptMs : 0;
  }

  /** Takes what came. Throws `AnswerError` when it is no answer. */
  read(octets: Buffer): void {
    if (this.#body === undefined) this.#takeHead(octets);
    else this.#body.read(octets);
  }

  #takeHead(octets: Buffer): void {
    // Some servers send an empty line too many behind the answer before.
    this.#text = (this.#text + octets.toString('latin1')).replace(/^[\r\n]+/, '');
    while (this.#head === undefined) {
      const end = /\r?\n\r?\n/.exec(this.#text);
      if ((end?.index ?? this.#text.length) > RESPONSE_HEADERS_BYTES_MAX) throw tooLarge();
      if (end === null) {
        expectBeginning(this.#text);
        return;
      }
      const head = this.#text.slice(0, end.index + end[0].length);
      this.#text = this.#text.slice(end.index + end[0].length);
      this.#readHead(head);
    }
    this.#body?.read(Buffer.from(this.#text, 'latin1'));
    this.#text = '';
  }

  #readHead(text: string): void {
    const [statusLine = '', ...fieldLines] = text.trimEnd().split(/\r?\n/);
    const [, minor, digits] = STATUS_LINE.exec(statusLine) ?? [];
    if (digits === undefined) throw notHttp();
    const status = Number(digits);
    const fields = fieldsOf(fieldLines);
    if (status === 101) throw new AnswerError('connection_lost', 'The receiver switched protocols unasked (101).');
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > INTERIM_ANSWERS_MAX) throw tooManyInterim();
      return;
    }
    const connection = (fields.get('connection') ?? '').toLowerCase();
    this.#head = { status, retryAfter: fields.get(RETRY_AFTER) };
    // A line may end without its carriage return (RFC 9112 §2.2), and so the answer counts. Not all read it so: it is in doubt.
    const isInDoubt = /(?<!\r)\n/.test(text);
    this.#isKept = !isInDoubt && (minor === '1' ? !hasToken(connection, 'close') : hasToken(connection, 'keep-alive'));
    const seconds = /(?:^|[,\s])timeout=(\d{1,6})/i.exec(fields.get('keep-alive') ?? '')?.[1];
    if (seconds !== undefined) this.#keptMs = Math.max(0, Number(seconds) - 1) * 1_000;
    this.#body = new BodyReader(status, fields, RESPONSE_BYTES_MAX);
  }
}

/** Not yet a whole head, but the beginning of one; whoever speaks something else is not waited for. */
function expectBeginning(text: string): void {
  if (!START.startsWith(text.slice(0, START.length))) throw notHttp();
}

/** By lower-case names; the values of a repeated name stand one after the other (RFC 9110 §5.3). */
function fieldsOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const field = parseFieldLine(line);
    if (field === undefined) throw notHttp();
    const [name, value] = field;
    const before = fields.get(name);
    if (before === undefined) fields.set(name, value);
    else if (name !== RETRY_AFTER) fields.set(name, `${before}, ${value}`);
  }
  return fields;
}

function hasToken(list: string, token: string): boolean {
  return list.split(',').some((one) => one.trim() === token);
}

function notHttp(): AnswerError {
  return new AnswerError('not_http', 'What the receiver answered is not HTTP/1.1.');
}

function tooLarge(): AnswerError {
  const message = `The receiver's answer has more than ${RESPONSE_HEADERS_BYTES_MAX / 1_024} KiB of headers.`;
  return new AnswerError('headers_too_large', message);
}

function tooManyInterim(): AnswerError {
  const message = `The receiver sent more than ${INTERIM_ANSWERS_MAX} interim answers (1xx) and no other.`;
  return new AnswerError('connection_lost', message);
}
