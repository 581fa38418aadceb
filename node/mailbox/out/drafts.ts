// Drafts: written, changed, and sent by whoever may, once. While a draft is being sent nobody changes it; it is erased in the transaction
// that puts its mail into the inbox, so that a crash at any step leaves the draft or the mail, and never both.
import { hash } from 'node:crypto';
import type { Clock } from '../../../mesh/ports.ts';
import type { NewUuid } from '../../../mesh/uuid.ts';
import type { Log } from '../../log.ts';
import type { BlobStore } from '../../send/attachments/blob-store.ts';
import type { DiskRoom } from '../disk-room.ts';
import type { ChangedDraft, Draft, DraftEnd, DraftMeant, DraftToSend, NewDraftFile, SentDraft } from '../draft.ts';
import { MailboxError, mailboxErrorOf, noSuch } from '../errors.ts';
import type { DraftChangeForm, DraftForm } from '../http/draft-forms.ts';
import { refuseFullDisk } from '../http/full-disk.ts';
import { missingPermission } from '../http/gate.ts';
import type { Inbox } from '../inbox.ts';
import type { OutgoingKey, SentIds } from '../outgoing-mail.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../questions.ts';
import type { AttachedFiles } from './attached-files.ts';
import {
  changedWords,
  mailOfDraft,
  type Original,
  originalOf,
  refuseDraftLabels,
  refuseTime,
  unfit,
  wordsOf,
} from './draft-mail.ts';
import { withDraftFiles } from './draft-octets.ts';
import type { Outbox } from './outbox.ts';
import { rulesFor } from './wished-mail.ts';

export interface DraftsParts {
  readonly intake: Asks<IntakeQuestions>;
  readonly query: Asks<QueryQuestions>;
  readonly outbox: Pick<Outbox, 'send' | 'known' | 'forgo'>;
  readonly files: AttachedFiles;
  readonly blobs: Pick<BlobStore, 'read'>;
  readonly room: Pick<DiskRoom, 'isFull'>;
  /** The directory of the mailbox's data. */
  readonly directory: string;
  /** Special-use domains that are mail domains here, in lower case. */
  readonly internalDomains: readonly string[];
  /** URL of the pictures by which mail of this host tells of its opening. */
  readonly publicUrl: string | undefined;
  readonly inboxOf: (inboxId: string) => Promise<Inbox>;
  readonly newUuid: NewUuid;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly log: Log;
}

/** Who sends a draft, and what of it is said only then. */
export interface DraftSending extends DraftToSend {
  /** Whoever asks, as far as room for files is shared out. */
  readonly client: string;
  readonly key?: OutgoingKey | undefined;
  readonly addLabels: readonly string[];
  /** Wins over `addLabels`. */
  readonly removeLabels: readonly string[];
  /** Labels under which whoever asks reads nothing. */
  readonly denied?: readonly string[] | undefined;
}

/** Who writes a draft. Without `maySend`, he gives none a time, and changes none that has one; see `DraftChange`. */
export interface DraftAsker {
  /** Whoever asks, as far as room for files is shared out. */
  readonly client: string;
  readonly maySend: boolean;
  /** Whether he may read messages, one of which the draft answers or passes on. */
  readonly mayRead: boolean;
  /** Labels under which he reads nothing. */
  readonly denied: readonly string[];
}

/** How an attempt ends that has failed with `error`. */
type EndAfter = (error: Error) => DraftEnd;

interface InHand {
  readonly keyHash: string | undefined;
  readonly sent: Promise<SentIds>;
}

export class Drafts {
  readonly #parts: DraftsParts;
  readonly #inHand = new Map<string, InHand>();
  /** Called when a draft may be due earlier than any before. */
  scheduled: (atMs: number) => void = () => undefined;

  constructor(parts: DraftsParts) {
    this.#parts = parts;
  }

  /** Ids of those that are being sent. */
  get inHand(): readonly string[] {
    return [...this.#inHand.keys()];
  }

  /**
   * Makes a draft; the same client id again is the same one, also when that was sent meanwhile. Throws `validation_error`, `unprocessable`, `not_found`, `message_rejected`,
   * `limit_exceeded`, `missing_permission`.
   */
  async create({ inboxId }: Pick<Inbox, 'inboxId'>, form: DraftForm, asker: DraftAsker): Promise<Draft | SentDraft> {
    const { intake, internalDomains, newUuid, clock } = this.#parts;
    const known = await this.#known(inboxId, form, asker);
    if (known !== undefined) return known;
    const rules = rulesFor({ inboxId }, internalDomains);
    const begin = async () => {
      refuseDraftLabels(form.labels, 'labels');
      refuseTime(form.send_at, clock.wallMs());
      if (form.send_at !== undefined && !asker.maySend) throw missingPermission('draft_send');
      const original = await this.#original(inboxId, form, asker);
      return { ...wordsOf(form, original, rules), origin: original?.origin };
    };
    return await this.#withFiles(form.attachments, asker.client, begin, async (words, files) => {
      const draft = { ...words, files, inboxId, draftId: newUuid(), clientId: form.client_id, labels: form.labels };
      const timed = { ...draft, sendAtMs: form.send_at, atMs: clock.wallMs() };
      const made = await intake.ask('createDraft', timed);
      if (made.outcome !== 'known' && made.outcome !== 'sent') return this.#settled(made, draft);
      const other = await this.#known(inboxId, { ...form, attachments: [] }, asker);
      if (other === undefined) throw noSuch('draft');
      return other;
    });
  }

  /** Throws `not_found`, `conflict`, `race_condition`, `forbidden`, and what `create` does. */
  async change(
    meant: DraftMeant,
    form: DraftChangeForm,
    { client, maySend }: Pick<DraftAsker, 'client' | 'maySend'>,
  ): Promise<Draft> {
    const { intake, clock, internalDomains } = this.#parts;
    const { add_labels: addLabels, remove_labels: removeLabels, send_at: sendAtMs } = form;
    const begin = async () => {
      refuseDraftLabels(addLabels, 'add_labels');
      refuseDraftLabels(removeLabels, 'remove_labels');
      refuseTime(sendAtMs ?? undefined, clock.wallMs());
      if (typeof sendAtMs === 'number' && !maySend) throw missingPermission('draft_send');
      return changedWords(form, rulesFor(meant, internalDomains));
    };
    return await this.#withFiles(form.add_attachments, client, begin, async (words, addFiles) => {
      const change = { ...meant, words, addFiles, removeFiles: form.remove_attachments, addLabels, removeLabels };
      const changed = await intake.ask('changeDraft', { ...change, sendAtMs, maySend, atMs: clock.wallMs() });
      return this.#settled(changed, meant);
    });
  }

  /** Throws `not_found`, `conflict`, `race_condition`. */
  async remove(meant: DraftMeant): Promise<void> {
    const outcome = await this.#parts.intake.ask('removeDraft', meant);
    if (outcome !== 'done') throw refusalOf(outcome);
  }

  /**
   * Sends it now; refused, it is as it was before. One that was sent is the mail that it became, as is a request with the same key. Throws what `Outbox.send` throws,
   * `not_found`, `conflict`, `race_condition`, `validation_error`, `unprocessable`.
   */
  async send(sending: DraftSending): Promise<SentIds> {
    const { key } = sending;
    refuseDraftLabels(sending.addLabels, 'add_labels');
    refuseDraftLabels(sending.removeLabels, 'remove_labels');
    const known = key && (await this.#parts.outbox.known(key));
    if (known !== undefined) return known;
    const other = this.#inHand.get(sending.draftId);
    if (key !== undefined && other?.keyHash === key.hash) return await other.sent;
    return await this.sendOnce(sending, () => ({ kind: 'as before' }));
  }

  /** Throws as `send` does. `endAfter`: what becomes of a draft that was not sent. */
  async sendOnce(sending: DraftSending, endAfter: EndAfter): Promise<SentIds> {
    const { draftId, key } = sending;
    if (this.#inHand.has(draftId)) throw refusalOf('sending');
    const sent = this.#attempt(sending, endAfter);
    this.#inHand.set(draftId, { keyHash: key?.hash, sent });
    try {
      return await sent;
    } finally {
      this.#inHand.delete(draftId);
    }
  }

  async #attempt({ addLabels, removeLabels, client, key, denied, ...meant }: DraftSending, endAfter: EndAfter) {
    const { intake, outbox, inboxOf, room } = this.#parts;
    const begun = await intake.ask('beginSendingDraft', meant);
    const before = begun.outcome === 'gone' ? await this.#sentBefore(meant, denied) : undefined;
    if (before !== undefined) return before;
    if (begun.outcome !== 'done') throw refusalOf(begun.outcome);
    const { draft, attempt } = begun;
    const { inboxId, draftId, revision } = draft;
    const labels = [...new Set([...draft.labels, ...addLabels])].filter((label) => !removeLabels.includes(label));
    try {
      await refuseFullDisk(room);
      const inbox = await inboxOf(inboxId);
      const mail = await mailOfDraft(draft, { labels, client }, this.#parts);
      const ownKey = hash('sha256', `\0draft:${draftId}:${revision}`);
      const wish = { ...mail, inbox, key: key ?? { hash: ownKey, fingerprint: ownKey } };
      return await outbox.send({ ...wish, ofDraft: { draftId, attempt } });
    } catch (error) {
      await this.#end({ draftId, attempt, end: endAfter(error as Error) });
      throw error;
    }
  }

  /** The mail that the draft became. Throws `race_condition` where it was changed before it went. */
  async #sentBefore({ inboxId, draftId, revision }: DraftMeant, denied: readonly string[] | undefined) {
    const before = await this.#parts.query.ask('sentDraft', { inboxId, draftId, denied });
    if (before !== undefined && revision !== undefined && revision !== before.revision) throw refusalOf('differs');
    return before?.sent;
  }

  /** Where nobody can write that down now, it is found later: nothing is being sent of it, and it says so. */
  async #end(ended: { readonly draftId: string; readonly attempt: number; readonly end: DraftEnd }): Promise<void> {
    const { intake, clock, log } = this.#parts;
    try {
      await intake.ask('endSendingDraft', { ...ended, atMs: clock.wallMs() });
    } catch (error) {
      const expected = mailboxErrorOf(error);
      if (expected === undefined) throw error;
      log.warn('mailbox.draft_unsettled', { draftId: ended.draftId, message: expected.message });
    }
  }

  /** Made by the request before, whose time may have passed since, and whose message may be gone; the asker may read what it answers. */
  async #known(
    inboxId: string,
    { client_id: clientId, attachments }: Pick<DraftForm, 'client_id' | 'attachments'>,
    { denied }: Pick<DraftAsker, 'denied'>,
  ): Promise<Draft | SentDraft | undefined> {
    if (clientId === undefined) return undefined;
    const { query, outbox } = this.#parts;
    const asked = { inboxId, clientId, denied };
    // In this order: what is sent in between is found as sent.
    const known = (await query.ask('draftOfClient', asked)) ?? (await query.ask('sentDraft', asked));
    if (known !== undefined) await outbox.forgo(attachments.flatMap(({ content }) => content ?? []));
    return known;
  }

  async #original(inboxId: string, form: DraftForm, asker: DraftAsker): Promise<Original | undefined> {
    const { in_reply_to: answered, forward_of: passedOn, reply_all: isToAll = false } = form;
    const messageId = answered ?? passedOn;
    if (messageId === undefined) return undefined;
    if (!asker.mayRead) throw missingPermission('message_read');
    const mail = await this.#parts.query.ask('mail', { inboxId, messageId });
    if (mail === undefined || mail.labels.some((label) => asker.denied.includes(label))) throw noSuch('message');
    return originalOf(mail, { kind: answered === undefined ? 'forward' : 'reply', isToAll });
  }

  /** The mailbox keeps them itself, and the send module has them no longer than that takes. `begin`: what is found out before any is fetched. */
  async #withFiles<Begun, Made>(
    wished: DraftForm['attachments'],
    client: string,
    begin: () => Promise<Begun>,
    use: (begun: Begun, files: readonly NewDraftFile[]) => Promise<Made>,
  ): Promise<Made> {
    const { files, outbox } = this.#parts;
    const put: { readonly blob: string }[] = wished.flatMap(({ content }) => content ?? []);
    try {
      const begun = await begin();
      const given = await files.given(wished, client);
      put.push(...given.filter((_, at) => wished[at]?.content === undefined));
      return await withDraftFiles(given, this.#parts, (kept) => use(begun, kept));
    } finally {
      await outbox.forgo(put);
    }
  }

  #settled(changed: ChangedDraft, { inboxId }: Pick<Inbox, 'inboxId'>): Draft {
    if (changed.outcome === 'done' || changed.outcome === 'known') {
      const { status, sendAtMs } = changed.draft;
      if (status === 'scheduled' && sendAtMs !== undefined) this.scheduled(sendAtMs);
      return changed.draft;
    }
    if (changed.outcome === 'unfit') throw unfit(changed.fault);
    if (changed.outcome === 'full')
      throw new MailboxError('limit_exceeded', `The inbox '${inboxId}' has no room for it.`, {
        fix: `Delete mail or drafts, or raise quota_bytes by PUT /api/mailbox/inboxes/${encodeURIComponent(inboxId)}/settings.`,
      });
    throw refusalOf(changed.outcome);
  }
}

type Refused = 'gone' | 'sending' | 'differs' | 'approved' | 'no file';

function refusalOf(outcome: Refused): MailboxError {
  switch (outcome) {
    case 'gone':
      return noSuch('draft');
    case 'no file':
      return noSuch('attachment');
    case 'sending':
      return new MailboxError('conflict', 'The draft is being sent, and nobody changes it meanwhile.');
    case 'differs':
      return new MailboxError('race_condition', 'The draft was changed since; look at it again. Nothing was done.');
    case 'approved':
      return new MailboxError(
        'forbidden',
        'The draft goes out at its time, and this key may not send: nobody changes what was approved.',
        { fix: 'Unschedule it with send_at: null, or ask with a key that has draft_send.' },
      );
  }
}
