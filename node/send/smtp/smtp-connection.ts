// One connection to one account's server, over nodemailer's SMTPConnection: opened, secured, authenticated, then used for many
// messages. It knows one thing its library does not tell: whether the final dot may have left, which decides between "not sent"
// and "unknown".
import { isIP, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Secret } from '../../secret.ts';
import type { Account } from '../account.ts';
import { dataOf } from './pipelined-message.ts';
import { codeOf, type Sent, SmtpDialogue } from './smtp-dialogue.ts';
import type { SmtpError } from './smtp-errors.ts';

/** Parts of one attempt: the connection, the server's greeting, silence in between. */
const CONNECT_MS_MAX = 10 * 1_000;
const GREETING_MS_MAX = 10 * 1_000;
const SILENCE_MS_MAX = 20 * 1_000;
/** A server that does not hang up when told goodbye is hung up on. */
const CLOSE_MS_MAX = 1_000;
/** One reply of a server, with all its lines. */
const REPLY_BYTES_MAX = 64 * 1_024;

export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
  readonly smtputf8: boolean;
  /** Octets, when known beforehand. */
  readonly bytes: number | undefined;
}

export interface Taken {
  readonly accepted: readonly string[];
  readonly rejected: readonly SmtpError[];
  /** The server's answer to the final dot. */
  readonly response: string;
}

/** Why a message was not (surely) taken. */
export interface Failed {
  readonly error: SmtpError;
  /** Whether the final dot may have been written without an answer to it. */
  readonly isUnknown: boolean;
}

type Told = (error: SmtpError | undefined, sent?: Sent) => void;

/** Makes a socket that is not connected yet. It will connect to this name, whatever host its user asks for. */
export type SocketTo = (name: string) => Socket;

/**
 * Given to the library in place of a name. The library would resolve a name in libuv's threads, which everybody needs, but it takes an
 * address as it is.
 */
const ANY_ADDRESS = '0.0.0.0';

export class SmtpConnection {
  readonly #connection: SmtpDialogue;
  /** Fails the operation that is being waited for. It is set only while there is one. */
  #fail: ((error: SmtpError) => void) | undefined;
  #isClosed = false;
  /** Whether the final dot of the message in hand may have left. */
  #isDotOut = false;
  /** Messages it has carried. */
  carried = 0;

  constructor({ host, port, security, auth, ca, tlsName }: Account, socketTo: SocketTo, name: string | undefined) {
    const isAddress = isIP(host) !== 0;
    this.#connection = new SmtpDialogue({
      host: isAddress ? host : ANY_ADDRESS,
      ...(isAddress ? {} : { servername: host }),
      socket: socketTo(host),
      port,
      secure: security === 'tls',
      requireTLS: security === 'starttls',
      ignoreTLS: security === 'none',
      connectionTimeout: CONNECT_MS_MAX,
      greetingTimeout: GREETING_MS_MAX,
      socketTimeout: SILENCE_MS_MAX,
      socketCloseTimeout: CLOSE_MS_MAX,
      maxResponseSize: REPLY_BYTES_MAX,
      logger: false,
      ...(name === undefined ? {} : { name }),
      tls: {
        minVersion: 'TLSv1.2',
        rejectUnauthorized: true,
        ...(ca === undefined ? {} : { ca }),
        ...(tlsName === undefined ? {} : { servername: tlsName }),
      },
    });
    if (auth?.kind === 'password') this.#connection.hide(auth.user, auth.password);
    this.#connection.on('error', (error) => this.#ended(error as SmtpError));
    this.#connection.on('end', () => this.#ended(new Error('The server closed the connection.')));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the server spoke out of turn, so that it is no longer believed. */
  get isDoubtful(): boolean {
    return this.#connection.doubt !== undefined;
  }

  /** Whether the server seemed not to keep the PIPELINING that it offers, when the last message was said. */
  get isPipeliningInDoubt(): boolean {
    return this.#connection.isPipeliningInDoubt;
  }

  /** Resolves when the server has greeted and the connection is secured. Rejects with an `SmtpError`. */
  open(): Promise<void> {
    return this.#during((done) => this.#connection.connect((error) => done(error as SmtpError | undefined)));
  }

  /** `secret`: the password, or an access token. Rejects with an `SmtpError`, in which neither is to be read. */
  login(user: string, secret: Secret, kind: 'password' | 'xoauth2'): Promise<void> {
    this.#connection.hide(user, secret);
    const auth =
      kind === 'password'
        ? { credentials: { user, pass: secret.reveal() } }
        : { method: 'XOAUTH2', oauth2: tokenGiver(user, secret) };
    return this.#during((done) =>
      this.#connection.login(auth as never, (error) => done(error as SmtpError | undefined)),
    );
  }

  /** The extensions that the server offered in its answer to EHLO. */
  offers(extension: 'SMTPUTF8' | '8BITMIME'): boolean {
    return this.#connection.offers(extension);
  }

  /**
   * Says one message. `mayGo` resolves when the body may leave; until then only the envelope does. Resolves with what the server
   * took; rejects with `Failed`.
   */
  async send(envelope: Envelope, body: Buffer | Readable, mayGo: Promise<void>): Promise<Taken> {
    this.carried += 1;
    this.#isDotOut = false;
    let sent: Sent | undefined;
    try {
      await this.#during((done) => {
        const told: Told = (error, result) => {
          sent = result;
          done(error);
        };
        if (Buffer.isBuffer(body) && this.#connection.takesAtOnce(envelope, body.byteLength))
          this.#sayAtOnce(envelope, body, mayGo, told);
        else this.#sayByLibrary(envelope, body, mayGo, told);
      });
    } catch (cause) {
      if (!Buffer.isBuffer(body)) body.destroy();
      throw this.#failed(cause as SmtpError);
    }
    const response = this.#connection.scrubbed(sent?.response ?? '');
    const isTaken = /^25\d$/.test(String(codeOf(response)));
    if (!isTaken || this.isDoubtful)
      throw this.#failed(new Error(`The server's answer to the message was '${response}'.`));
    return { accepted: sent?.accepted ?? [], rejected: sent?.rejectedErrors ?? [], response };
  }

  /** The envelope in one write, and the message with its dot in another, once the server wants it and it may go. */
  #sayAtOnce(envelope: Envelope, body: Buffer, mayGo: Promise<void>, done: Told): void {
    const say = () => {
      if (this.#isClosed) return;
      this.#isDotOut = true;
      this.#connection.sayMessage(dataOf(body));
    };
    const goes = () => void mayGo.then(say, () => undefined);
    this.#connection.sendAtOnce(envelope, body.byteLength, { goes, done });
  }

  #sayByLibrary(envelope: Envelope, body: Buffer | Readable, mayGo: Promise<void>, done: Told): void {
    const dotLeaves = () => {
      this.#isDotOut = true;
      this.#connection.dotLeaves();
    };
    if (!Buffer.isBuffer(body)) this.#followSource(body, dotLeaves);
    const source = { pipe: (wire: NodeJS.WritableStream) => this.#pour(body, wire, mayGo, dotLeaves) };
    this.#connection.send(commandsOf(envelope) as never, source as never, (error, result) =>
      done(error as SmtpError | undefined, result as Sent | undefined),
    );
  }

  /** The dot follows the last octet of the source; should the source fail, the connection must, before the dot. */
  #followSource(source: Readable, dotLeaves: () => void): void {
    source.once('end', dotLeaves);
    source.once('error', (error) => {
      this.close(Object.assign(new Error(`The message can't be composed: ${error.message}`), { code: 'ECOMPOSE' }));
    });
  }

  /** Lets the body go to the server once it may. When it may not, the mailer closes the connection, which tells of it. */
  #pour(body: Buffer | Readable, wire: NodeJS.WritableStream, mayGo: Promise<void>, dotLeaves: () => void) {
    const go = () => {
      if (this.#isClosed) return;
      if (!Buffer.isBuffer(body)) {
        body.pipe(wire);
        return;
      }
      dotLeaves();
      wire.end(body);
    };
    mayGo.then(go, () => undefined);
    return wire;
  }

  /** Only a whole refusal, of a server that is in step, says that a message which may have left was not taken. */
  #failed(error: SmtpError): Failed {
    const { doubt } = this.#connection;
    const code = codeOf(error.response ?? '') ?? 0;
    const isRefusal = error.command === 'DATA' && code >= 400;
    if (doubt !== undefined)
      return { error: Object.assign(new Error(doubt), { code: 'EPROTOCOL' }), isUnknown: this.#isDotOut };
    return { error, isUnknown: this.#isDotOut && !isRefusal };
  }

  /** Has each command wait for the reply to the one before, whatever the server offers. */
  speakInSteps(): void {
    this.#connection.speakInSteps();
  }

  /** Says goodbye, without waiting for it. */
  quit(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.quit();
  }

  /** Ends whatever it is doing, at once. */
  close(reason?: SmtpError): void {
    this.#isClosed = true;
    // This comes before the library tells of the end in its own words.
    if (reason !== undefined) this.#lost(reason);
    this.#connection.close();
  }

  #during(begin: (done: (error: SmtpError | undefined) => void) => void): Promise<void> {
    if (this.#isClosed)
      return Promise.reject(Object.assign(new Error('The connection is closed.'), { code: 'ECONNECTION' }));
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      begin((error) => {
        this.#fail = undefined;
        if (error) reject(error);
        else resolve();
      });
    });
  }

  /** Tells of the end of the connection. What the server said before explains more, so that is told where there is any. */
  #ended(error: SmtpError): void {
    this.#lost(error.responseCode === undefined ? (this.#connection.farewell ?? error) : error);
  }

  #lost(error: SmtpError): void {
    this.#isClosed = true;
    this.#fail?.(error);
    this.#fail = undefined;
  }
}

/** The envelope as the library takes it. */
function commandsOf({ from, to, smtputf8, bytes }: Envelope) {
  return {
    from,
    to: [...to],
    ...(smtputf8 ? { use8BitMime: true } : {}),
    ...(bytes === undefined ? {} : { size: bytes }),
  };
}

/** Where nodemailer asks for a token. It gives the one token that it has; only the next attempt gets a new one. */
function tokenGiver(user: string, token: Secret) {
  return {
    getToken: (_: boolean, callback: (error: Error | null, token?: string) => void) => callback(null, token.reveal()),
    buildXOAuth2Token: (accessToken: string) =>
      Buffer.from(`user=${user}\x01auth=Bearer ${accessToken}\x01\x01`, 'utf8').toString('base64'),
  };
}
