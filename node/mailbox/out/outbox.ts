// What an inbox sends. Each mail is written down whole, handed to the send module under its own id, and then put into the inbox, and into
// those inboxes of this host that it is for. A crash at any step leaves a row that the next start takes up: none is lost, none is sent twice.
import { anyAddressKey } from '../../../mesh/address/identity.ts';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock, Random } from '../../../mesh/ports.ts';
import { newUuid } from '../../../mesh/uuid.ts';
import type { Log } from '../../log.ts';
import type { BlobStore } from '../../send/attachments/blob-store.ts';
import type { AttachmentPart, Mailbox, MessageContent } from '../../send/message.ts';
import type { Sending, Submission } from '../../send/send-service.ts';
import { MailboxError, mailboxErrorOf, noSuch } from '../errors.ts';
import type { Inbox } from '../inbox.ts';
import type { Standings } from '../org/standings.ts';
import type { BegunOutgoing, DraftAttempt, OutgoingDraft, OutgoingKey, SentIds } from '../outgoing-mail.ts';
import type { Asks, IntakeQuestions } from '../questions.ts';
import { certainly, type MailInDoubt } from './certainty.ts';
import { withOctets } from './composed-mail.ts';
import { type MailLinksParts, withLinks } from './mail-links.ts';
import { partiesOf, refuseSender } from './parties.ts';
import { refusalOf } from './refusals.ts';
import type { Named } from './reply.ts';
import type { WishedMail } from './wished-mail.ts';

/** Milliseconds that a mail may have to wait for its agent's rate or plan; what would wait longer is refused. */
const WAIT_MS_MAX = 60_000;
/** Milliseconds until mails that a crash or an outage has left are taken up again. */
const RESUME_AGAIN_MS = 30_000;

export interface OutboxParts {
  readonly intake: Asks<IntakeQuestions>;
  readonly sending: Sending;
  readonly blobs: BlobStore;
  readonly standings: Pick<Standings, 'of' | 'faultOf'>;
  /** The directory of the mailbox's data. */
  readonly directory: string;
  /** What mails carry for whoever gets them. */
  readonly links: (inboxId: string) => Promise<MailLinksParts>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Aborts when the node stops. */
  readonly stopping: AbortSignal;
}

/** A mail that can be sent as it is. */
export interface OutgoingWish {
  readonly inbox: Inbox;
  readonly mail: WishedMail;
  readonly files: readonly AttachmentPart[];
  readonly named?: Named | undefined;
  /** The thread of the mail that it answers or passes on. */
  readonly threadId?: string | undefined;
  readonly key?: OutgoingKey | undefined;
  /** The draft that it is made of, and that is erased when the mail lies in the inbox. */
  readonly ofDraft?: DraftAttempt | undefined;
}

interface Readied {
  readonly id: string;
  readonly content: MessageContent & { readonly date: string; readonly messageId: string };
  readonly localIds: readonly string[];
  readonly submission: Submission | undefined;
}

export class Outbox {
  readonly #parts: OutboxParts;
  /** Mails that are on their way from their row into their inbox, by id. */
  readonly #inHand = new Map<string, Promise<SentIds>>();

  private constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** To be awaited before files that nobody needs are swept away. */
  static async open(parts: OutboxParts): Promise<Outbox> {
    const outbox = new Outbox(parts);
    await outbox.#wantFiles();
    return outbox;
  }

  /** What a request with this key has sent before; `undefined`: nothing. Throws `conflict` when that was another request. */
  async known({ hash, fingerprint }: OutgoingKey): Promise<SentIds | undefined> {
    const known = await this.#parts.intake.ask('findOutgoing', hash);
    if (known === undefined) return undefined;
    if (known.fingerprint !== fingerprint)
      throw new MailboxError(
        'conflict',
        'The Idempotency-Key was used for another request. Use a new key for a new mail.',
      );
    if (known.sent !== undefined) return known.sent;
    const inHand = this.#inHand.get(known.id);
    if (inHand !== undefined) return await inHand;
    throw new MailboxError('service_unavailable', 'The mail of that Idempotency-Key is on its way; ask again.');
  }

  /**
   * Resolves when the mail lies in the inbox, and the send module has it. Throws `forbidden`, `message_rejected`, `conflict`,
   * `rate_limit_exceeded`, `service_unavailable`.
   */
  async send(wish: OutgoingWish): Promise<SentIds> {
    let isLocal = true;
    try {
      const readied = await this.#readied(wish);
      isLocal = readied.submission === undefined;
      return await this.#inTurn(readied.id, () => this.#begin(wish, readied));
    } catch (error) {
      // The draft has its own.
      if (!isLocal && wish.ofDraft !== undefined && isRefusal(error)) await this.forgo(wish.files);
      throw error;
    } finally {
      // The mailbox has them in the mail itself; the send module does not get it.
      if (isLocal) await this.forgo(wish.files);
    }
  }

  /** Files that were put for a mail which does not need them. */
  async forgo(files: readonly { readonly blob: string }[]): Promise<void> {
    for (const { blob } of files) await this.#parts.sending.forgoBlob(blob);
  }

  /** Takes up what a crash or an outage has left, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#resume();
      await this.#parts.clock.sleep(RESUME_AGAIN_MS, signal);
    }
  }

  /** Takes back what an inbox has sent and no server has got yet: the inbox is being deleted. */
  async cancel(inboxId: string): Promise<void> {
    const { intake, sending } = this.#parts;
    for (const id of await intake.ask('openOutgoing', inboxId)) {
      await this.#inHand.get(id)?.catch(() => undefined);
      try {
        if (sending.get(id) !== undefined) await sending.cancel(id);
      } catch (error) {
        // It has gone, or is going.
        if (!(error instanceof MeshError) || error.code !== 'not_cancellable') throw error;
      }
    }
  }

  async #readied({ inbox, mail, files, named }: OutgoingWish): Promise<Readied> {
    const { random, clock } = this.#parts;
    await refuseSender(inbox, this.#parts);
    const addresses = [...mail.to, ...mail.cc, ...mail.bcc].map(({ address }) => address);
    const { localIds, remote } = await partiesOf(addresses, this.#parts);
    const id = newUuid(random);
    const { inReplyTo, references = [] } = named ?? {};
    const { to, cc, bcc, replyTo, subject, text, payload } = mail;
    const { headers, html } = await withLinks(mail, { id, inboxId: inbox.inboxId }, this.#parts.links);
    const content: Readied['content'] = {
      ...{ from: senderOf(inbox), to, cc, bcc, replyTo, subject, text, references, attachments: files },
      headers: [...headers, ['X-Mesh-Loop', inbox.inboxId]],
      messageId: `<${id}@${asciiDomainOf(inbox.inboxId)}>`,
      date: new Date(clock.wallMs()).toISOString(),
      ...(html === undefined ? {} : { html }),
      ...(payload === undefined ? {} : { payload }),
      ...(inReplyTo === undefined ? {} : { inReplyTo }),
    };
    const submission = remote.length === 0 ? undefined : { id, content, addresses: remote, waitMsMax: WAIT_MS_MAX };
    return { id, content, localIds, submission };
  }

  async #begin(wish: OutgoingWish, readied: Readied): Promise<SentIds> {
    const { id, content, localIds, submission } = readied;
    const { inbox, mail, key, threadId, ofDraft } = wish;
    const inDoubt = { messageId: content.messageId, isRepeatable: key !== undefined };
    const begun = await withOctets(content, { ...this.#parts, id }, (octets) =>
      this.#written(inDoubt, {
        ...{ id, inboxId: inbox.inboxId, key, octets, threadId, localIds, labels: mail.labels, ofDraft },
        ...{ bcc: mail.bcc.map(shown), atMs: Date.parse(content.date) },
        correspondents: [...mail.to, ...mail.cc].map(({ address }) => address.toLowerCase()),
        tracksOpens: mail.tracksOpens,
        recipients: [...mail.to, ...mail.cc, ...mail.bcc].map(({ address }) => address),
        submission: submission && JSON.stringify(submission),
      }),
    );
    if (begun.outcome === 'begun') return await this.#carry(readied, inDoubt);
    if (begun.outcome === 'known' && key !== undefined) {
      const known = await this.known(key);
      if (known !== undefined) return known;
    }
    throw refusalOf(begun, inbox.inboxId, this.#parts.clock.wallMs());
  }

  /** A mail whose writing down failed may have been written down all the same, or may be yet. */
  async #written(inDoubt: MailInDoubt, draft: OutgoingDraft): Promise<BegunOutgoing> {
    const { intake } = this.#parts;
    try {
      return await intake.ask('beginOutgoing', draft);
    } catch (error) {
      if (await certainly(() => intake.ask('outgoingWaits', draft.id), inDoubt, this.#parts))
        return { outcome: 'begun' };
      throw error;
    }
  }

  /** From its row to its inbox. What is refused is forgotten again, and nobody has seen it. */
  async #carry({ id, submission }: Readied, inDoubt: MailInDoubt): Promise<SentIds> {
    const { intake, sending, clock } = this.#parts;
    try {
      if (submission !== undefined) await sending.submit(submission);
    } catch (error) {
      await certainly(() => intake.ask('dropOutgoing', id), inDoubt, this.#parts);
      throw error;
    }
    const finished = () => intake.ask('finishOutgoing', { id, atMs: clock.wallMs() });
    const sent = await certainly(finished, inDoubt, this.#parts);
    if (sent === undefined) throw noSuch('inbox');
    return sent;
  }

  /** Keeps the files of mails that a crash has left from being swept away, however long ago that was. */
  async #wantFiles(): Promise<void> {
    const { intake, blobs } = this.#parts;
    const left = await this.#expected(() => intake.ask('leftOutgoing', null));
    for (const { submission } of left ?? []) {
      const { attachments = [] } = submission === undefined ? {} : (JSON.parse(submission) as Submission).content;
      // One that is gone is told of when the mail is taken up.
      for (const { blob } of attachments) await this.#expected(() => blobs.touch(blob));
    }
  }

  async #resume(): Promise<void> {
    const left = await this.#expected(() => this.#parts.intake.ask('leftOutgoing', null));
    for (const { id, submission } of left ?? [])
      if (!this.#inHand.has(id)) await this.#expected(() => this.#inTurn(id, () => this.#takeUp(id, submission)));
  }

  /** `undefined` where it could not be done now, which the log says. */
  async #expected<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      if (mailboxErrorOf(error) === undefined && !(error instanceof MeshError)) throw error;
      const message = `Mails that were being sent when the node stopped wait: ${(error as Error).message}`;
      this.#parts.log.warn('mailbox.unsent', { message });
      return undefined;
    }
  }

  /** Nobody waits any more, so what would be refused now is told in the inbox. */
  async #takeUp(id: string, text: string | undefined): Promise<SentIds> {
    const { intake, sending, clock } = this.#parts;
    // Whoever asked for it may have been refused since.
    if (!(await intake.ask('outgoingWaits', id))) throw noSuch('message');
    const submission = text === undefined ? undefined : (JSON.parse(text) as Submission);
    let rejected: string | undefined;
    try {
      // It was let in before, whatever has been sent meanwhile.
      if (submission !== undefined) await sending.submit({ ...submission, waitMsMax: Number.POSITIVE_INFINITY });
    } catch (error) {
      if (!(error instanceof MeshError) || !FOR_GOOD.includes(error.code)) throw error;
      rejected = error.message;
    }
    const sent = await intake.ask('finishOutgoing', { id, rejected, atMs: clock.wallMs() });
    // Its draft is kept, and says so.
    if (sent === undefined && rejected !== undefined) throw new MailboxError('message_rejected', rejected);
    if (sent === undefined) throw noSuch('message');
    return sent;
  }

  async #inTurn(id: string, work: () => Promise<SentIds>): Promise<SentIds> {
    const turn = work();
    this.#inHand.set(id, turn);
    try {
      return await turn;
    } finally {
      this.#inHand.delete(id);
    }
  }
}

/** Whether it is certain that nothing was written down. */
function isRefusal(error: unknown): boolean {
  const expected = mailboxErrorOf(error);
  return expected !== undefined && expected.code !== 'service_unavailable';
}

/** Codes of refusals that no later try changes. */
const FOR_GOOD: readonly string[] = ['sender_not_owned', 'invalid_request', 'invalid_address'];

/** Or programs that answer could not name the mail in a header. */
function asciiDomainOf(inboxId: string): string {
  const key = anyAddressKey(inboxId) ?? inboxId;
  return key.slice(key.lastIndexOf('@') + 1);
}

function senderOf({ inboxId, displayName = '' }: Inbox): Mailbox {
  return { name: displayName.toWellFormed(), address: inboxId };
}

function shown({ name, address }: Mailbox): string {
  return name === '' ? address : `${name} <${address}>`;
}
