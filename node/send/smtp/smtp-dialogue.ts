// nodemailer's SMTP client, kept in step with its server: each command has one reply, and no reply comes before its command. A proxy
// or a server that says a line too much is one reply behind from then on, and what it seems to say of a message is what it said of
// something else. What can't be an answer is not taken for one; after it the dialogue is in doubt, and whoever reads its outcome
// must not believe it. It does not promise to notice every line too much: one that comes late can look like the answer to the next
// command, which is found out at the next reply of its own kind, at the latest at the 354 to DATA.
import type { Socket } from 'node:net';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { SpokenSecrets } from '../../machine/spoken-secrets.ts';
import type { Secret } from '../../secret.ts';
import { printable } from '../header-text.ts';
import { PipelinedMessage, type PlainEnvelope } from './pipelined-message.ts';
import type { SmtpError } from './smtp-errors.ts';

/** Members of nodemailer's client that are used here and that its types leave out. */
interface Internals {
  /** Replies that have come and were not read yet. The last may still lack lines. */
  _responseQueue: string[];
  _supportedExtensions: readonly string[];
  /** Octets that a message may have; 0 where the server names no bound. */
  _maxAllowedSize: number;
  _socket: Socket;
  /** What is told of the end of the connection, while a message is under way. */
  _pendingSend: false | { readonly callback: (error: SmtpError) => void; readonly stream: false };
  /** The refusals of the message in hand so far. Absent before the first message. */
  _envelope?: { readonly mailError?: SmtpError; readonly rejectedErrors?: readonly SmtpError[] };
  /** Reads the first reply. */
  _processResponse(): void;
  _sendCommand(line: string, shown?: string): void;
  /** Makes every error there is, from what it is about and the reply that it quotes. */
  _formatError(what: string | Error, code: string, reply: string | false, command: string): SmtpError;
}
type Options = ConstructorParameters<typeof SMTPConnection>[0];
const Client = SMTPConnection as unknown as new (options: Options) => SMTPConnection & Internals;

/** RFC 5321 §4.3.2: the codes of success, by command. Any command may be answered 4yz or 5yz. */
const SUCCESS = {
  EHLO: /^250$/,
  HELO: /^250$/,
  STARTTLS: /^220$/,
  MAIL: /^25\d$/,
  RCPT: /^25\d$/,
  DATA: /^354$/,
  RSET: /^25\d$/,
  QUIT: /^2\d\d$/,
} as const;
/** What waits for a reply: a command, the greeting, the message after its final dot, or a line of a login. */
type Asked = keyof typeof SUCCESS | 'GREETING' | 'DOT' | 'LOGIN';

/** A message on its way by `sendAtOnce`, and whom its steps are told. */
interface UnderWay {
  readonly message: PipelinedMessage;
  /** The server wants it. */
  goes(): void;
  /** Called once: what came of it. */
  readonly done: (error: SmtpError | undefined, sent?: Sent) => void;
}

/** What the server took. */
export interface Sent {
  readonly accepted: readonly string[];
  readonly rejectedErrors?: readonly SmtpError[];
  readonly response?: string;
}

export class SmtpDialogue extends Client {
  /** What waits for a reply, the oldest first. */
  readonly #asked: Asked[] = ['GREETING'];
  /** Between 354 and the final dot: nothing but a refusal may come. */
  #isBodyDue = false;
  #doubt: string | undefined;
  readonly #secrets = new SpokenSecrets();
  #underWay: UnderWay | undefined;
  /** The last message that was said at once. */
  #last: PipelinedMessage | undefined;

  /** Why what the server says is not to be believed; a sentence. */
  get doubt(): string | undefined {
    return this.#doubt;
  }

  /** The extensions that the server offered in its answer to EHLO. */
  offers(extension: 'SMTPUTF8' | '8BITMIME'): boolean {
    return this._supportedExtensions.includes(extension);
  }

  /**
   * Why it does not go on with the message in hand: its sender was refused, or the server said that it closes. With PIPELINING
   * (RFC 2920) the commands after that are unanswered still, and may stay so.
   */
  get farewell(): SmtpError | undefined {
    if (this.#underWay !== undefined) return this.#underWay.message.farewell;
    const { mailError, rejectedErrors = [] } = this._envelope ?? {};
    return mailError ?? rejectedErrors.find(({ responseCode }) => responseCode === 421);
  }

  /** Has this secret cut out of everything that the server says, before anybody is told. */
  hide(user: string, secret: Secret): void {
    this.#secrets.hide(user, secret.reveal());
  }

  /** The server's words without the secrets that it was told. */
  scrubbed(reply: string): string {
    return this.#secrets.scrub(reply);
  }

  /**
   * Whether `sendAtOnce` can say that message: the server offers PIPELINING, and nothing of the envelope is beyond ASCII or refused by the
   * library. `bytes`: of the message.
   */
  takesAtOnce({ from, to }: Pick<PlainEnvelope, 'from' | 'to'>, bytes: number): boolean {
    const isRoomy = this._maxAllowedSize === 0 || bytes <= this._maxAllowedSize;
    // Over a connection that is being closed nothing is said: that, too, the library tells in its own way.
    return (
      this._socket.writable &&
      isRoomy &&
      this._supportedExtensions.includes('PIPELINING') &&
      [from, ...to].every(isPlain)
    );
  }

  /**
   * Says the envelope in one write. `goes` is called when the server wants the message: then `sayMessage` may say that. `done` is called
   * once, with what the server took or why it did not; it is not called when the connection ends before.
   */
  sendAtOnce(envelope: Pick<PlainEnvelope, 'from' | 'to'>, bytes: number, then: Pick<UnderWay, 'goes' | 'done'>): void {
    const size = bytes > 0 && this._supportedExtensions.includes('SIZE') ? bytes : undefined;
    const message = new PipelinedMessage({ ...envelope, size }, (...about) => this._formatError(...about));
    this.#last = message;
    this.#underWay = { message, ...then };
    // The library tells of the end of a connection in the words for one that is in use.
    this._pendingSend = { callback: () => undefined, stream: false };
    this.#asked.push('MAIL', ...envelope.to.map(() => 'RCPT' as const), 'DATA');
    this._socket.write(message.commands, 'latin1');
  }

  /** Says the message and its final dot in one write. `data`: as `dataOf` makes it. */
  sayMessage(data: string): void {
    this.dotLeaves();
    this._socket.write(data, 'latin1');
  }

  /** Whether the server seemed not to keep the PIPELINING that it offers, when the last message was said. */
  get isPipeliningInDoubt(): boolean {
    return this.#last?.isPipeliningInDoubt === true;
  }

  /** Has each command wait for the reply to the one before. */
  speakInSteps(): void {
    this._supportedExtensions = this._supportedExtensions.filter((extension) => extension !== 'PIPELINING');
  }

  override _formatError(what: string | Error, code: string, reply: string | false, command: string): SmtpError {
    const error = super._formatError(what, code, reply, command);
    const { message, response } = error;
    return Object.assign(error, {
      message: this.scrubbed(message),
      ...(response === undefined ? {} : { response: this.scrubbed(response) }),
    });
  }

  /** Notes that the final dot leaves, so that its reply is waited for from now on. */
  dotLeaves(): void {
    this.#isBodyDue = false;
    this.#asked.push('DOT');
  }

  override _sendCommand(line: string, shown?: string): void {
    // The client ends a message without recipients by its dot. In doubt it may have some, who would get an empty one.
    if (line === '.' && this.#doubt !== undefined) {
      this.close();
      return;
    }
    if (line === '.') {
      this.dotLeaves();
      super._sendCommand(line, shown);
      return;
    }
    const verb = /^[A-Z]+(?= |$)/.exec(line)?.[0] ?? '';
    this.#asked.push(verb in SUCCESS ? (verb as keyof typeof SUCCESS) : 'LOGIN');
    super._sendCommand(line, shown);
  }

  override _processResponse(): void {
    this._responseQueue = this._responseQueue.filter((reply) => reply.trim() !== '');
    let asked = this.#nextAsked();
    while (this.#underWay !== undefined) {
      const reply = this._responseQueue[0];
      if (reply === undefined || !isWhole(reply)) return;
      this._responseQueue.shift();
      this.#follow(this.#underWay, decoded(reply), asked === 'DOT');
      asked = this.#nextAsked();
    }
    super._processResponse();
  }

  /** Drops what answers nothing, and says what the first reply that is left answers, if it is whole and answers something. */
  #nextAsked(): Asked | undefined {
    this.#dropWhatCannotAnswer();
    this.#dropUnasked();
    const [reply] = this._responseQueue;
    if (reply === undefined || !isWhole(reply)) return undefined;
    const asked = this.#asked.shift();
    if (asked === 'DATA' && codeOf(reply) === 354) this.#isBodyDue = true;
    return asked;
  }

  /** Takes a message that was said at once a reply further. */
  #follow({ message, goes, done }: UnderWay, reply: string, isToDot: boolean): void {
    const reading = message.read(reply, isToDot);
    if (reading.kind === 'waits') return;
    if (reading.kind === 'goes') {
      goes();
      return;
    }
    this.#underWay = undefined;
    this._pendingSend = false;
    if (reading.kind === 'failed') done(reading.error);
    else done(undefined, { accepted: message.accepted, rejectedErrors: message.rejected, response: reading.response });
  }

  #dropWhatCannotAnswer(): void {
    const queue = this._responseQueue;
    const [asked] = this.#asked;
    if (asked === undefined) return;
    for (let reply = queue[0]; reply !== undefined && isWhole(reply) && !canAnswer(asked, reply); reply = queue[0]) {
      this.#doubtOf(reply, asked === 'LOGIN' ? 'a login' : asked);
      queue.shift();
    }
  }

  /** Replies beyond those that are waited for answer nothing. With several commands under way nobody can tell yet which those are. */
  #dropUnasked(): void {
    if (this.#asked.length > 1) return;
    const queue = this._responseQueue;
    // The body may be cut short by a refusal.
    const isCut = this.#isBodyDue && isRefusal(queue[0]);
    const due = this.#asked.length + (isCut ? 1 : 0);
    // With nothing asked and nothing due the connection is idle; the client closes it.
    if (due === 0 && !this.#isBodyDue && this.#doubt === undefined) return;
    // A server may say at any time that it closes (RFC 5321 §3.8).
    const isClosing = (reply: string) => codeOf(reply) === 421;
    const unasked = queue.splice(due);
    for (const reply of unasked) if (!isClosing(reply)) this.#doubtOf(reply, 'nothing');
    queue.push(...unasked.filter(isClosing));
  }

  #doubtOf(reply: string, asked: string): void {
    this.#doubt ??= `The server spoke out of turn: it said '${printable(this.scrubbed(reply))}' in answer to ${asked}.`;
  }
}

/** The code of a whole reply; `undefined` when it is none: its lines begin with one and the same code (RFC 5321 §4.2.1). */
export function codeOf(reply: string): number | undefined {
  const codes = new Set(reply.split(/\r?\n/).map((line) => /^[2-5]\d\d(?!\d)/.exec(line)?.[0]));
  const [code] = codes;
  return codes.size === 1 && code !== undefined ? Number(code) : undefined;
}

/** Whether its last line has come: those before it have a hyphen after the code. */
function isWhole(reply: string): boolean {
  return !/^\d+-/.test(reply.slice(reply.lastIndexOf('\n') + 1));
}

/** A reply as its server meant it: in UTF-8, or else an octet a character. */
function decoded(reply: string): string {
  if (!/[\x80-\xff]/.test(reply)) return reply;
  const text = Buffer.from(reply, 'latin1').toString('utf8');
  return text.includes('\uFFFD') ? reply : text;
}

/** An address of ASCII without anything that ends a command, or its place in the command. */
function isPlain(address: string): boolean {
  return /^[\x21-\x7e]+$/.test(address) && !/[<>]/.test(address);
}

function isRefusal(reply: string | undefined): boolean {
  return reply !== undefined && (codeOf(reply) ?? 0) >= 400;
}

/** The reader decides what becomes of an odd greeting, and of an odd answer to the message. */
function canAnswer(asked: Asked, reply: string): boolean {
  if (asked === 'GREETING' || asked === 'DOT') return true;
  const code = codeOf(reply);
  if (code === undefined) return false;
  if (code >= 400) return true;
  return asked === 'LOGIN' ? code < 300 || code === 334 : SUCCESS[asked].test(String(code));
}
