// The Mailer over SMTP: a few connections per account, kept while they are in use, and one outcome for every message handed in.
// Each attempt is bounded as a whole by our own clock, since the timeouts of the library are each about silence only. A shipment
// finds a free connection or opens one; the queue asks for no more at once than the account allows.
import type { Readable } from 'node:stream';
import type { Clock } from '../../../mesh/ports.ts';
import { type DeadlineEnd, startDeadline } from '../../../mesh/time/deadline.ts';
import type { Log } from '../../log.ts';
import type { Secret } from '../../secret.ts';
import type { Account, DkimFor, DkimKey } from '../account.ts';
import { printable } from '../header-text.ts';
import type { Mailer, Shipment, ShipmentOutcome } from '../mailer.ts';
import type { AttachmentPart } from '../message.ts';
import { type Composed, compose, envelopeAddress } from './composer.ts';
import { answered, connectFailed, notSent, type Recipients, sendFailed } from './shipment-outcome.ts';
import { type Failed, SmtpConnection, type SocketTo } from './smtp-connection.ts';
import type { SmtpError } from './smtp-errors.ts';

/** One attempt, everything in it. */
const SHIPMENT_MS_MAX = 28 * 1_000;
/** A server that offers PIPELINING and seems not to keep it is spoken to in steps for so long. */
export const IN_STEPS_MS = 60 * 60 * 1_000;
/** A connection that is idle for so long, or has carried so many messages, is closed. */
const IDLE_CONNECTION_MS_MAX = 10 * 1_000;
const MESSAGES_PER_CONNECTION_MAX = 100;

export interface SmtpMailerOptions {
  readonly clock: Clock;
  readonly log: Log;
  open(attachment: AttachmentPart): Readable;
  /** The password, or an access token that is valid now. Rejects with a sentence that holds no secret. */
  secretOf(account: Account): Promise<Secret>;
  /** The server refused what `secretOf` gave. */
  secretRefused(account: Account): void;
  readonly socketTo: SocketTo;
  readonly dkimFor?: DkimFor | undefined;
  /** How this host calls itself in EHLO; absent: the machine's name. */
  readonly name?: string;
}

interface Idle {
  readonly connection: SmtpConnection;
  readonly sinceMs: number;
}

export class SmtpMailer implements Mailer {
  readonly #options: SmtpMailerOptions;
  readonly #idle = new Map<string, Idle[]>();
  readonly #inUse = new Set<SmtpConnection>();
  /** Accounts whose servers seemed not to keep PIPELINING, and until when they are spoken to in steps. */
  readonly #inSteps = new Map<string, number>();
  readonly #closing = new AbortController();
  #isSweeping = false;

  constructor(options: SmtpMailerOptions) {
    this.#options = options;
  }

  async ship(shipment: Shipment, signal: AbortSignal): Promise<ShipmentOutcome> {
    const { clock, log } = this.#options;
    const startedMs = clock.monotonicMs();
    const tookMs = () => clock.monotonicMs() - startedMs;
    const attempt = new Attempt();
    using deadline = startDeadline({ clock, ms: SHIPMENT_MS_MAX, signals: [signal], silent: whyCut });
    const cut = () => attempt.cut(deadline.signal.reason as SmtpError);
    if (deadline.signal.aborted) cut();
    else deadline.signal.addEventListener('abort', cut, { once: true });
    let outcome: ShipmentOutcome;
    try {
      outcome = await this.#ship(shipment, attempt, tookMs);
    } finally {
      if (attempt.connection !== undefined) this.#inUse.delete(attempt.connection);
    }
    const { kind } = outcome;
    const said = kind === 'answered' ? { codes: outcome.answers.map(({ code }) => code) } : { reply: outcome.reply };
    const error = kind === 'not_sent' ? { error: outcome.error, class: outcome.class } : {};
    const fields = {
      account: shipment.account.id,
      messageId: shipment.content.messageId,
      outcome: kind,
      ...error,
      ...said,
    };
    log[kind === 'answered' ? 'info' : 'warn']('shipment.ended', { ...fields, tookMs: Math.round(outcome.tookMs) });
    return outcome;
  }

  readyFor({ id }: Account): number {
    return (this.#idle.get(id) ?? []).filter(({ connection }) => isUsable(connection)).length;
  }

  close(): Promise<void> {
    this.#closing.abort();
    for (const list of this.#idle.values()) for (const { connection } of list) connection.quit();
    this.#idle.clear();
    for (const connection of this.#inUse) connection.close();
    return Promise.resolve();
  }

  async #ship(shipment: Shipment, attempt: Attempt, tookMs: () => number): Promise<ShipmentOutcome> {
    const { account } = shipment;
    let envelope: ReturnType<typeof envelopeOf>;
    try {
      envelope = envelopeOf(shipment);
    } catch (error) {
      return notSent('compose_failed', 'message', printable((error as Error).message), tookMs());
    }
    const { from, to } = envelope;
    const smtputf8 = from.smtputf8 || to.some((one) => one.smtputf8);
    const before = { shipment, from, to, smtputf8, attempt, tookMs };
    const kept = this.#takeIdle(account);
    if (kept !== undefined) {
      const outcome = await this.#shipOver(before, () => this.#useAgain(kept, attempt));
      // A connection that waited may have been closed by the server meanwhile, as servers do; that says nothing of the server.
      if (outcome !== 'stale') return outcome;
    }
    const outcome = await this.#shipOver(before, () => this.#connect(account, attempt));
    if (outcome !== 'stale') return outcome;
    throw new Error('A new connection is never stale.');
  }

  async #shipOver(
    { shipment, from, to, smtputf8, attempt, tookMs }: Begun,
    connect: () => Promise<{ readonly connection: SmtpConnection; readonly isKept: boolean }>,
  ): Promise<ShipmentOutcome | 'stale'> {
    const { account, content } = shipment;
    let connection: SmtpConnection;
    let isKept: boolean;
    try {
      ({ connection, isKept } = await connect());
    } catch (error) {
      return connectFailed(error, attempt.cause, tookMs());
    }
    if (smtputf8 && !connection.offers('SMTPUTF8')) {
      this.#release(account, connection);
      const reply = `The server of account '${account.id}' does not take addresses beyond ASCII before the @ (SMTPUTF8).`;
      return notSent('smtputf8_unsupported', 'message', reply, tookMs());
    }
    let composed: Composed;
    try {
      const dkim = signerOf(content.from.address, account, this.#options.dkimFor);
      composed = compose(content, { date: shipment.date, open: this.#options.open, dkim });
    } catch (error) {
      this.#release(account, connection);
      const reply = printable((error as Error).message);
      return notSent('compose_failed', 'message', `The message can't be composed: ${reply}`, tookMs());
    }
    // The envelope is said while the mark becomes durable; the message itself waits for it.
    const mark = shipment.begin();
    mark.catch((error: Error) => connection.close(Object.assign(new Error(error.message), { code: 'EINTERRUPTED' })));
    const body = 'bytes' in composed ? composed.bytes : composed.stream;
    const bytes = 'bytes' in composed ? composed.bytes.byteLength : undefined;
    try {
      const envelope = { from: from.address, to: to.map(({ address }) => address), smtputf8, bytes };
      const taken = await connection.send(envelope, body, mark);
      this.#release(account, connection);
      return answered(to, taken, tookMs());
    } catch (failure) {
      connection.close();
      const { error, isUnknown } = failure as Failed;
      if (connection.isPipeliningInDoubt && error.responseCode === undefined)
        this.#inSteps.set(account.id, this.#options.clock.monotonicMs() + IN_STEPS_MS);
      // The server closed without a word, or with 421, which it says when it has waited long enough.
      const isClosing = error.responseCode === 421 && error.command === 'MAIL FROM';
      const isGone = isClosing || (error.responseCode === undefined && error.code === 'ECONNECTION');
      const isStale = !isUnknown && (isGone || error.code === 'EPROTOCOL');
      if (isKept && isStale && attempt.cause === undefined) return 'stale';
      return sendFailed(failure as Failed, to, attempt.cause, tookMs());
    }
  }

  /** A connection that carried a message before. */
  #useAgain(connection: SmtpConnection, attempt: Attempt) {
    attempt.use(connection);
    this.#inUse.add(connection);
    return Promise.resolve({ connection, isKept: true });
  }

  async #connect(account: Account, attempt: Attempt) {
    const connection = new SmtpConnection(account, this.#options.socketTo, this.#options.name);
    attempt.use(connection);
    this.#inUse.add(connection);
    try {
      await connection.open();
      if ((this.#inSteps.get(account.id) ?? 0) > this.#options.clock.monotonicMs()) connection.speakInSteps();
      if (account.auth !== undefined) await this.#login(account, account.auth.kind, account.auth.user, connection);
    } catch (error) {
      connection.close();
      throw error;
    }
    return { connection, isKept: false };
  }

  async #login(
    account: Account,
    kind: 'password' | 'xoauth2',
    user: string,
    connection: SmtpConnection,
  ): Promise<void> {
    const secret = await this.#options.secretOf(account).catch((error: Error) => {
      throw Object.assign(new Error(error.message), { code: 'ETOKEN' });
    });
    try {
      await connection.login(user, secret, kind);
    } catch (error) {
      if (((error as SmtpError).responseCode ?? 0) >= 500) this.#options.secretRefused(account);
      throw error;
    }
  }

  #takeIdle(account: Account): SmtpConnection | undefined {
    const list = this.#idle.get(account.id) ?? [];
    for (let idle = list.pop(); idle !== undefined; idle = list.pop())
      if (isUsable(idle.connection)) return idle.connection;
    return undefined;
  }

  #release(account: Account, connection: SmtpConnection): void {
    this.#inUse.delete(connection);
    if (connection.isClosed) return;
    if (connection.carried >= MESSAGES_PER_CONNECTION_MAX || connection.isDoubtful) {
      connection.quit();
      return;
    }
    const list = this.#idle.get(account.id) ?? [];
    list.push({ connection, sinceMs: this.#options.clock.monotonicMs() });
    this.#idle.set(account.id, list);
    void this.#sweep();
  }

  /** Closes connections that nobody has used for a while, until there are none. */
  async #sweep(): Promise<void> {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    while ([...this.#idle.values()].some((list) => list.length > 0)) {
      await this.#options.clock.sleep(IDLE_CONNECTION_MS_MAX / 2, this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      const beforeMs = this.#options.clock.monotonicMs() - IDLE_CONNECTION_MS_MAX;
      for (const [account, list] of this.#idle) {
        for (const { connection, sinceMs } of list) if (sinceMs <= beforeMs) connection.quit();
        this.#idle.set(
          account,
          list.filter(({ connection }) => !connection.isClosed),
        );
      }
    }
    this.#isSweeping = false;
  }
}

/** The key of the domain that the mail is from, which receivers look for first (RFC 7489 §3.1.1), or else that of the account. */
export function signerOf(
  from: string,
  { dkim }: Pick<Account, 'dkim'>,
  dkimFor: DkimFor | undefined,
): DkimKey | undefined {
  const { address } = envelopeAddress(from);
  return dkimFor?.(address.slice(address.lastIndexOf('@') + 1).toLowerCase()) ?? dkim;
}

function isUsable({ isClosed, isDoubtful }: SmtpConnection): boolean {
  return !isClosed && !isDoubtful;
}

function whyCut(end: DeadlineEnd): SmtpError {
  return end === 'late'
    ? Object.assign(new Error(`The server took longer than ${SHIPMENT_MS_MAX / 1_000} s.`), { code: 'ETIMEDOUT' })
    : Object.assign(new Error('The node is stopping.'), { code: 'EINTERRUPTED' });
}

function envelopeOf({ content, recipients }: Shipment) {
  const to = recipients.map((address) => ({ asked: address, ...envelopeAddress(address) }));
  return { from: envelopeAddress(content.from.address), to };
}

/** A shipment with its envelope, before it has a connection. */
interface Begun {
  readonly shipment: Shipment;
  readonly from: { readonly address: string };
  readonly to: Recipients;
  readonly smtputf8: boolean;
  readonly attempt: Attempt;
  readonly tookMs: () => number;
}

/** The connection that the shipment uses now, which its deadline and a stop act on. */
class Attempt {
  connection: SmtpConnection | undefined;
  cause: SmtpError | undefined;

  use(connection: SmtpConnection): void {
    if (this.cause !== undefined) throw this.cause;
    this.connection = connection;
  }

  cut(why: SmtpError): void {
    this.cause ??= why;
    this.connection?.close(why);
  }
}
