// nodemailer's SMTP client, kept in step with its server: each command has one reply, and no reply comes before its command. A proxy
// or a server that says a line too much is one reply behind from then on, and what it seems to say of a message is what it said of
// something else. What can't be an answer is not taken for one; after it the dialogue is in doubt, and whoever reads its outcome
// must not believe it. It does not promise to notice every line too much: one that comes late can look like the answer to the next
// command, which is found out at the next reply of its own kind, at the latest at the 354 to DATA.
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { SpokenSecrets } from '../../machine/spoken-secrets.ts';
import type { Secret } from '../../secret.ts';
import { printable } from '../header-text.ts';
import type { SmtpError } from './reply-codes.ts';

/** Members of nodemailer's client that are used here and that its types leave out. */
interface Internals {
  /** Replies that have come and were not read yet. The last may still lack lines. */
  _responseQueue: string[];
  _supportedExtensions: readonly string[];
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

export class SmtpDialogue extends Client {
  /** What waits for a reply, the oldest first. */
  readonly #asked: Asked[] = ['GREETING'];
  /** Between 354 and the final dot: nothing but a refusal may come. */
  #isBodyDue = false;
  #doubt: string | undefined;
  readonly #secrets = new SpokenSecrets();

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
    this.#dropWhatCannotAnswer();
    this.#dropUnasked();
    const [reply] = this._responseQueue;
    const [asked] = this.#asked;
    if (reply !== undefined && isWhole(reply) && asked !== undefined) {
      this.#asked.shift();
      if (asked === 'DATA' && codeOf(reply) === 354) this.#isBodyDue = true;
    }
    super._processResponse();
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
