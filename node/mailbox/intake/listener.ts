// Mail over SMTP (RFC 5321) and LMTP (RFC 2033). smtp-server speaks; what is decided at each step of a session is decided here. Whatever can
// be refused is refused at RCPT, before the mail is sent; 250 at its end means that it is on the disk.
// LMTP answers once for each accepted RCPT, repeats too. smtp-server merges repeats, so the recipients are counted here.
import { statfs } from 'node:fs/promises';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { MeshError } from '../../../mesh/errors.ts';
import { type Inbox, withoutTag } from '../inbox.ts';
import type { Standing, StandingQuestion } from '../recipient-question.ts';
import { isFull } from '../retention.ts';
import type { MailRates } from './mail-rates.ts';
import { MAIL_BYTES_MAX, type Received, type ReceptionParts, receive } from './reception.ts';
import { refusalOf } from './recipient-answer.ts';
import { type Reply, replies } from './replies.ts';

const RECIPIENTS_MAX = 100;
const CONNECTIONS_MAX = 200;
const CONNECTIONS_PER_IP_MAX = 10;
const SILENCE_MS_MAX = 60_000;
const SESSION_MS_MAX = 10 * 60_000;
const CLOSE_MS_MAX = 3_000;
/** Refused recipients of one session: more are somebody's guesses. */
const REFUSALS_MAX = 10;
/** Octets that stay free on the disk, for the node itself. */
const FREE_BYTES_MIN = 1024 ** 3;

export interface ListenerParts extends ReceptionParts {
  readonly protocol: 'smtp' | 'lmtp';
  /** The inbox for an address of this host, with its `+tag` or without. */
  readonly inboxFor: (address: string) => Inbox | undefined;
  /** Whether this host has inboxes in a domain. */
  readonly serves: (domain: string) => boolean;
  /** How an address stands in the mesh. */
  readonly standingOf: (question: StandingQuestion) => Promise<Standing>;
  readonly rates: MailRates;
  /** The directory of the mailbox's data. */
  readonly directory: string;
  /** PEM; absent: no STARTTLS. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Hears of what failed, with its reason. */
  readonly failed: (error: Error) => void;
}

/** Where a listener listens. */
export type ListenPlace = { readonly host: string; readonly port: number } | { readonly path: string };

export interface Listener {
  /** Port of the listener; 0 for a socket in the file system. */
  readonly port: number;
  close(): Promise<void>;
}

/** Rejects with `invalid_request` and a sentence when it can't listen there. */
export async function listen(place: ListenPlace, parts: ListenerParts): Promise<Listener> {
  const sessions = new Sessions(parts);
  const server = new SMTPServer({
    ...{ name: parts.hostId, lmtp: parts.protocol === 'lmtp', size: MAIL_BYTES_MAX, maxRecipients: RECIPIENTS_MAX },
    ...{ maxClients: CONNECTIONS_MAX, socketTimeout: SILENCE_MS_MAX, closeTimeout: CLOSE_MS_MAX },
    ...{ authOptional: true, disabledCommands: ['AUTH', ...(parts.tls === undefined ? ['STARTTLS'] : [])] },
    // The codes are those of replies.ts; smtp-server would put one of its own in front.
    ...{ hideENHANCEDSTATUSCODES: true, hideDSN: true, disableReverseLookup: true, logger: false },
    ...(parts.tls === undefined ? {} : { ...parts.tls, minVersion: 'TLSv1.2' as const }),
    onConnect: (session, callback) => callback(sessions.begin(session, () => closeSession(server, session.id))),
    onClose: (session) => sessions.end(session),
    onMailFrom: (_address, session, callback) => callback(sessions.beginMail(session)),
    onRcptTo: ({ address }, session, callback) => {
      void sessions.recipient(session, address).then(callback);
    },
    onData: (stream, session, callback) => {
      void sessions.mail(session, stream).then((answers) => callback(null, [...answers]));
    },
  });
  // What goes wrong on one connection is that client's; smtp-server tells of it here, too.
  server.on('error', () => undefined);
  await listening(server, place, parts.protocol);
  const address = server.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function listening(server: SMTPServer, place: ListenPlace, protocol: ListenerParts['protocol']): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (cause: NodeJS.ErrnoException) => reject(cannotListen(place, protocol, cause));
  server.server.once('error', fail);
  server.server.listen(place, () => {
    server.server.removeListener('error', fail);
    resolve();
  });
  return promise;
}

function cannotListen(
  place: ListenPlace,
  protocol: ListenerParts['protocol'],
  cause: NodeJS.ErrnoException,
): MeshError {
  const where = 'path' in place ? place.path : `${place.host} port ${place.port}`;
  const why = cause.code === 'EADDRINUSE' ? 'another program listens there' : cause.message;
  const message = `This node can't take mail on ${where}: ${why}. Choose another with --mailbox-${protocol} IP:PORT.`;
  return new MeshError('invalid_request', message, { cause });
}

function closeSession(server: SMTPServer, id: string): void {
  for (const connection of server.connections) if (connection.session.id === id) connection.close();
}

interface Session {
  readonly ip: string;
  readonly ended: AbortController;
  /** Accepted, in their order, repeats too. */
  recipients: { readonly address: string; readonly inboxId: string }[];
  refusals: number;
}

class Sessions {
  readonly #parts: ListenerParts;
  readonly #sessions = new Map<string, Session>();
  readonly #perIp = new Map<string, number>();

  constructor(parts: ListenerParts) {
    this.#parts = parts;
  }

  begin({ id, remoteAddress }: SMTPServerSession, close: () => void): Reply | null {
    const ip = remoteAddress || 'socket';
    const ended = new AbortController();
    const count = (this.#perIp.get(ip) ?? 0) + 1;
    this.#perIp.set(ip, count);
    this.#sessions.set(id, { ip, ended, recipients: [], refusals: 0 });
    if (this.#parts.protocol === 'smtp' && count > CONNECTIONS_PER_IP_MAX) return replies.tooManyConnections();
    void this.#parts.clock.sleep(SESSION_MS_MAX, ended.signal).then(() => {
      if (!ended.signal.aborted) close();
    });
    return null;
  }

  end({ id }: SMTPServerSession): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    session.ended.abort();
    this.#sessions.delete(id);
    const left = (this.#perIp.get(session.ip) ?? 1) - 1;
    if (left === 0) this.#perIp.delete(session.ip);
    else this.#perIp.set(session.ip, left);
  }

  beginMail({ id }: SMTPServerSession): Reply | null {
    const session = this.#sessions.get(id);
    if (session === undefined) return replies.failed();
    session.recipients = [];
    const isCounted = this.#parts.protocol === 'smtp';
    return isCounted && !this.#parts.rates.admitsFrom(session.ip) ? replies.tooFast() : null;
  }

  async recipient({ id }: SMTPServerSession, address: string): Promise<Reply | null> {
    const session = this.#sessions.get(id);
    if (session === undefined) return replies.failed();
    const { inboxFor, rates } = this.#parts;
    const known = inboxFor(address) ?? inboxFor(address.toLowerCase());
    if (known?.state !== 'active' && ++session.refusals > REFUSALS_MAX) return replies.tooManyRefusals();
    if (known?.state === 'creating') return replies.notYet(address);
    const inbox = known?.state === 'active' ? known : undefined;
    const refusal = await this.#refusal(address, inbox);
    if (refusal !== undefined || inbox === undefined) return refusal ?? replies.noInbox(address);
    if (await this.#isFull()) return replies.diskFull();
    if (!rates.admitsFor(inbox.inboxId)) return replies.tooMuchFor(address);
    if (isFull(inbox)) return replies.mailboxFull(address);
    session.recipients.push({ address, inboxId: inbox.inboxId });
    return null;
  }

  /** Why no mail is taken for an address, by how it stands in the mesh. */
  async #refusal(address: string, inbox: Inbox | undefined): Promise<Reply | undefined> {
    const { serves, standingOf, failed } = this.#parts;
    const isServed = serves(address.slice(address.lastIndexOf('@') + 1).toLowerCase());
    const untagged = withoutTag(address);
    const spellings = [address, ...(untagged === undefined ? [] : [untagged])];
    // What an inbox stands for is its own address; mail for it with a tag is no question of the tag.
    const asked =
      inbox === undefined ? { addresses: spellings, isServed } : { addresses: [inbox.inboxId], isServed: true };
    let standing: Standing = { kind: 'unknown' };
    try {
      standing = await standingOf(asked);
    } catch (error) {
      failed(error as Error);
    }
    return refusalOf({ address, hasInbox: inbox !== undefined, isServed }, standing);
  }

  /** One answer over SMTP, over LMTP one for each accepted recipient. Never rejects. */
  async mail(session: SMTPServerSession, stream: SMTPServerDataStream): Promise<readonly (string | Reply)[]> {
    const { protocol, failed } = this.#parts;
    const known = this.#sessions.get(session.id);
    const recipients = known?.recipients ?? [];
    const answers = (received: Received | undefined) => recipients.map(({ inboxId }) => answerFor(received, inboxId));
    let received: Received | undefined;
    try {
      received = await this.#receive(session, stream);
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
    const { ip = '', recipients = [] } = this.#sessions.get(session.id) ?? {};
    const isSmtp = protocol === 'smtp';
    const { mailFrom } = session.envelope;
    return receive(
      stream,
      {
        mailFrom: mailFrom === false ? '' : mailFrom.address,
        inboxIds: [...new Set(recipients.map(({ inboxId }) => inboxId))],
        // Over LMTP it is our own mail server that speaks, and nothing it says of itself is about the sender.
        ...(isSmtp ? { ip, helo: session.hostNameAppearsAs || undefined } : {}),
        isAllOrNone: isSmtp,
        protocol: isSmtp ? (session.secure ? 'ESMTPS' : 'ESMTP') : 'LMTP',
      },
      this.#parts,
    );
  }

  async #isFull(): Promise<boolean> {
    const { bavail, bsize } = await statfs(this.#parts.directory);
    return bavail * bsize < FREE_BYTES_MIN;
  }
}

function answerFor(received: Received | undefined, inboxId: string): string | Reply {
  if (received === undefined) return replies.failed();
  if (received.outcome !== 'taken')
    return received.outcome === 'too-large' ? replies.tooLarge() : replies.unknownSender();
  const fate = received.fates.get(inboxId);
  if (fate === 'looping') return replies.looping();
  return fate === 'stored' || fate === 'duplicate' ? '2.6.0 The mail is kept.' : replies.gone();
}
