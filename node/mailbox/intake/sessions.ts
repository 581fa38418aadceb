// What is decided in a session of SMTP or LMTP, step by step: who may speak, for whom mail is taken, how it is answered. Whatever can be refused
// is refused at RCPT, before the mail is sent; 250 at its end means that it is on the disk.
// LMTP answers once for each accepted RCPT, repeats too. smtp-server merges repeats, so the recipients are counted here.
// A trusted peer says by XFORWARD whom it has a mail from. That holds for the next mail alone: Postfix says nothing for one that it made itself.
import type { SMTPServerDataStream, SMTPServerSession } from 'smtp-server';
import { isLoopback } from '../../machine/this-machine.ts';
import type { MailRates } from './mail-rates.ts';
import { type Received, type ReceptionParts, receive } from './reception.ts';
import { addressedIn, type RecipientParts, Recipients } from './recipients.ts';
import { Reply, replies } from './replies.ts';
import type { TrustedPeers } from './trusted-peers.ts';

const CONNECTIONS_PER_IP_MAX = 10;
const SESSION_MS_MAX = 10 * 60_000;
/** Refused recipients of one session: more are somebody's guesses. */
const REFUSALS_MAX = 10;

export interface SessionParts extends ReceptionParts, RecipientParts {
  readonly protocol: 'smtp' | 'lmtp';
  readonly rates: MailRates;
  /** Gateways that are believed when they say whom a mail is from. */
  readonly trusted: Pick<TrustedPeers, 'has'>;
}

/** Whom a mail is from, as far as somebody knows who is believed. */
interface Origin {
  readonly ip?: string | undefined;
  readonly helo?: string | undefined;
}

interface Session {
  /** Address of the other end; `socket` for one of the file system. */
  readonly ip: string;
  readonly isTrusted: boolean;
  /** Sender of the mail that is being taken. */
  origin: Origin;
  readonly ended: AbortController;
  /** Accepted for a mail that is not taken yet, in their order, repeats too. */
  recipients: { readonly address: string; readonly inboxId: string }[];
  refusals: number;
}

const SOCKET = 'socket';

export class Sessions {
  readonly #parts: SessionParts;
  readonly #sessions = new Map<string, Session>();
  readonly #perIp = new Map<string, number>();
  readonly #recipients: Recipients;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#recipients = new Recipients(parts);
  }

  /** `close`: ends the session. What untrusted peers may not say is taken from them. */
  begin(session: SMTPServerSession, close: () => void): Reply | null {
    const { protocol, trusted, clock } = this.#parts;
    const ip = session.remoteAddress || SOCKET;
    // A socket in the file system is open to this user alone.
    const isTrusted = ip === SOCKET || trusted.has(ip);
    const ended = new AbortController();
    const count = (this.#perIp.get(ip) ?? 0) + 1;
    this.#perIp.set(ip, count);
    this.#sessions.set(session.id, { ip, isTrusted, origin: {}, ended, recipients: [], refusals: 0 });
    if (protocol === 'lmtp' && !isTrusted && !isLoopback(ip)) return replies.notForYou();
    if (protocol === 'smtp' && !isTrusted && count > CONNECTIONS_PER_IP_MAX) return replies.tooManyConnections();
    void clock.sleep(SESSION_MS_MAX, ended.signal).then(() => {
      if (!ended.signal.aborted) close();
    });
    return null;
  }

  /** Whether a peer is believed when it speaks of others. */
  isTrusted({ id }: SMTPServerSession): boolean {
    return this.#sessions.get(id)?.isTrusted ?? false;
  }

  end({ id }: SMTPServerSession): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    session.ended.abort();
    this.#forgo(session);
    this.#sessions.delete(id);
    const left = (this.#perIp.get(session.ip) ?? 1) - 1;
    if (left === 0) this.#perIp.delete(session.ip);
    else this.#perIp.set(session.ip, left);
  }

  beginMail(said: SMTPServerSession): Reply | null {
    const session = this.#sessions.get(said.id);
    if (session === undefined) return replies.failed();
    this.#forgo(session);
    session.origin = this.#originOf(said, session);
    said.xForward.clear();
    const isCounted = this.#parts.protocol === 'smtp' && !session.isTrusted;
    return isCounted && !this.#parts.rates.admitsFrom(session.ip) ? replies.tooFast() : null;
  }

  /** Who was named for a mail that did not come has not had it: else naming somebody often enough would keep his mail of the day away. */
  #forgo(session: Session): void {
    this.#parts.rates.takeBack(inboxesOf(session));
    session.recipients = [];
  }

  /** Over LMTP, and behind a gateway, the machine that speaks is not the sender's. */
  #originOf({ xForward, hostNameAppearsAs }: SMTPServerSession, { ip, isTrusted }: Session): Origin {
    const said = (key: string) => xForward.get(key) || undefined;
    if (!isTrusted) return this.#parts.protocol === 'smtp' ? { ip, helo: hostNameAppearsAs || undefined } : {};
    if (said('SOURCE') === 'LOCAL' || said('ADDR') === undefined) return {};
    return { ip: String(said('ADDR')), helo: said('HELO')?.toString() };
  }

  async recipient({ id }: SMTPServerSession, address: string): Promise<Reply | null> {
    const session = this.#sessions.get(id);
    if (session === undefined) return replies.failed();
    // A gateway asks for everybody who writes to this host, and would put off the mail of all with one session that is ended.
    const isCounted = this.#parts.protocol === 'smtp' && !session.isTrusted;
    if (isCounted && !this.#recipients.isKnown(address) && ++session.refusals > REFUSALS_MAX)
      return replies.tooManyRefusals();
    const admitted = await this.#recipients.admit(address, inboxesOf(session));
    if (admitted instanceof Reply) return admitted;
    session.recipients.push({ address, inboxId: admitted.inboxId });
    return null;
  }

  /** One answer over SMTP, over LMTP one for each accepted recipient. Never rejects. */
  async mail(session: SMTPServerSession, stream: SMTPServerDataStream): Promise<readonly (string | Reply)[]> {
    const { protocol, failed } = this.#parts;
    const known = this.#sessions.get(session.id);
    const recipients = known?.recipients ?? [];
    // Where one of several is gone, nobody has it: at the next try that one is refused at its name, and the others get the mail.
    const isOneOfSeveral = protocol === 'smtp' && known !== undefined && inboxesOf(known).length > 1;
    const whenGone = isOneOfSeveral ? replies.oneGone : replies.gone;
    const answers = (received: Received | undefined) =>
      recipients.map(({ inboxId }) => answerFor(received, inboxId) ?? whenGone());
    let received: Received | undefined;
    try {
      received = await this.#receive(session, stream);
      if (known !== undefined && received.outcome === 'taken') known.recipients = [];
    } catch (error) {
      // A client that went away in the middle of its mail sends it again.
      if ((error as NodeJS.ErrnoException).code !== 'ECONNECTION') failed(error as Error);
    }
    if (protocol === 'lmtp') return answers(received);
    const all = answers(received);
    return [all.find((answer) => typeof answer !== 'string') ?? all[0] ?? replies.failed()];
  }

  #receive(session: SMTPServerSession, stream: SMTPServerDataStream): Promise<Received> {
    const { protocol } = this.#parts;
    const { origin, isTrusted = false, recipients = [] } = this.#sessions.get(session.id) ?? {};
    const isSmtp = protocol === 'smtp';
    const { mailFrom } = session.envelope;
    return receive(
      stream,
      {
        mailFrom: mailFrom === false ? '' : mailFrom.address,
        ...addressedIn(recipients),
        ...{ ...origin, isTrusted, isAllOrNone: isSmtp },
        protocol: isSmtp ? (session.secure ? 'ESMTPS' : 'ESMTP') : 'LMTP',
      },
      this.#parts,
    );
  }
}

/** Each once. */
function inboxesOf({ recipients }: Session): readonly string[] {
  return [...new Set(recipients.map(({ inboxId }) => inboxId))];
}

/** `undefined`: the inbox is gone. */
function answerFor(received: Received | undefined, inboxId: string): string | Reply | undefined {
  if (received === undefined) return replies.failed();
  if (received.outcome !== 'taken')
    return received.outcome === 'too-large' ? replies.tooLarge() : replies.unknownSender();
  const fate = received.fates.get(inboxId)?.status;
  if (fate === 'looping') return replies.looping();
  if (fate === 'forged') return replies.forged();
  return fate === 'stored' || fate === 'duplicate' ? '2.6.0 The mail is kept.' : undefined;
}
