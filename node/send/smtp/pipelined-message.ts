// One message whose envelope leaves in one write (RFC 2920): `MAIL FROM`, each `RCPT TO` and `DATA`, and what their replies come to. Pure:
// whoever reads from the wire hands each reply in, in turn, and has made sure that the reply can be one to that command.
import type { SmtpError } from './smtp-errors.ts';

/** Addresses of ASCII, without anything that ends a command. */
export interface PlainEnvelope {
  readonly from: string;
  readonly to: readonly string[];
  /** Octets of the message; `undefined` where the server does not want to know. */
  readonly size: number | undefined;
}

/** Makes an error of what it is about, its code, the reply that it quotes, and the command that was answered. */
export type ErrorOf = (what: string, code: string, reply: string, command: string) => SmtpError;

export type Reading =
  /** More replies must come. */
  | { readonly kind: 'waits' }
  /** The server wants the message. */
  | { readonly kind: 'goes' }
  | { readonly kind: 'failed'; readonly error: SmtpError }
  | { readonly kind: 'taken'; readonly response: string };

const WAITS: Reading = { kind: 'waits' };
/** RFC 5321 §4.2.2: "Bad sequence of commands". */
const BAD_SEQUENCE = 503;

export class PipelinedMessage {
  readonly accepted: string[] = [];
  readonly rejected: SmtpError[] = [];
  readonly #envelope: PlainEnvelope;
  readonly #errorOf: ErrorOf;
  #mailError: SmtpError | undefined;
  /** Replies that have come to the envelope's commands. */
  #answered = 0;
  #isGoing = false;
  #isOutOfStep = false;

  constructor(envelope: PlainEnvelope, errorOf: ErrorOf) {
    this.#envelope = envelope;
    this.#errorOf = errorOf;
  }

  /** The envelope's commands as they leave. */
  get commands(): string {
    const { from, to, size } = this.#envelope;
    const recipients = to.map((address) => `RCPT TO:<${address}>\r\n`).join('');
    return `MAIL FROM:<${from}>${size === undefined ? '' : ` SIZE=${size}`}\r\n${recipients}DATA\r\n`;
  }

  /** How many replies the envelope has. */
  get asked(): number {
    return this.#envelope.to.length + 2;
  }

  /** Whether the server seems not to keep what it offers: it minds that commands come together, or has answered some of them only. */
  get isPipeliningInDoubt(): boolean {
    return this.#isOutOfStep || (this.#answered > 0 && this.#answered < this.asked);
  }

  /** Why the server does not go on with the message: its sender was refused. */
  get farewell(): SmtpError | undefined {
    return this.#mailError;
  }

  /** A whole reply: to the next command, or to the message after its dot; before that one, it cuts the message short. */
  read(reply: string, isToDot: boolean): Reading {
    if (isToDot)
      return isDone(reply)
        ? { kind: 'taken', response: reply }
        : this.#failed('Message failed', 'EMESSAGE', reply, 'DATA');
    if (this.#isGoing) return this.#failed('Unexpected Response', 'EPROTOCOL', reply, 'CONN');
    this.#answered += 1;
    if (this.#answered === this.asked) return this.#readData(reply);
    if (this.#answered === 1) this.#readMail(reply);
    else if (this.#isBadSequence(reply)) return this.#outOfStep(reply);
    else this.#readRecipient(this.#envelope.to[this.#answered - 2] ?? '', reply);
    // RFC 5321 §3.8: the server closes, and answers nothing more.
    if (!reply.startsWith('421')) return WAITS;
    return this.#mailError === undefined
      ? this.#failed('Server closed the connection', 'ECONNECTION', reply, 'CONN')
      : { kind: 'failed', error: this.#mailError };
  }

  #readMail(reply: string): void {
    if (!isDone(reply)) this.#mailError = this.#errorOf('Mail command failed', 'EENVELOPE', reply, 'MAIL FROM');
  }

  #readRecipient(recipient: string, reply: string): void {
    if (isDone(reply)) this.accepted.push(recipient);
    else {
      const error = this.#errorOf('Recipient command failed', 'EENVELOPE', reply, 'RCPT TO');
      this.rejected.push(Object.assign(error, { recipient }));
    }
  }

  /** A server that says 354 for nobody gets no message: the connection ends in place of it. */
  #readData(reply: string): Reading {
    if (this.#mailError !== undefined) return { kind: 'failed', error: this.#mailError };
    if (this.accepted.length === 0) {
      const last = this.rejected.at(-1)?.response ?? reply;
      const error = this.#errorOf("Can't send mail - all recipients were rejected", 'EENVELOPE', last, 'RCPT TO');
      return { kind: 'failed', error: Object.assign(error, { rejectedErrors: this.rejected }) };
    }
    if (this.#isBadSequence(reply)) return this.#outOfStep(reply);
    if (!reply.startsWith('3')) return this.#failed('Data command failed', 'EENVELOPE', reply, 'DATA');
    this.#isGoing = true;
    return { kind: 'goes' };
  }

  /** Whether the server minds that commands came together, which it had offered: with a sender that it took the sequence is right. */
  #isBadSequence(reply: string): boolean {
    return this.#mailError === undefined && reply.startsWith(String(BAD_SEQUENCE));
  }

  /** The reply says nothing of a recipient or the message, so it is not quoted as one that does. */
  #outOfStep(reply: string): Reading {
    this.#isOutOfStep = true;
    return this.#failed(
      `The server offers PIPELINING and does not keep it: it said '${reply}'.`,
      'EPROTOCOL',
      '',
      'CONN',
    );
  }

  #failed(...about: Parameters<ErrorOf>): Reading {
    return { kind: 'failed', error: this.#errorOf(...about) };
  }
}

/** The message as it stands between `DATA` and the next command: lines of CRLF, dots stuffed, the final dot (RFC 5321 §4.5.2). */
export function dataOf(message: Buffer): string {
  const text = message.toString('latin1');
  const lines = text.replace(/\r(?!\n)|(?<!\r)\n/g, '\r\n').replace(/(^|\n)\./g, '$1..');
  return `${lines}${lines.endsWith('\r\n') ? '' : '\r\n'}.\r\n`;
}

function isDone(reply: string): boolean {
  return reply.startsWith('2');
}
