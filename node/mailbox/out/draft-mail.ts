// What a draft says, as it is written down, and the mail that it becomes when it goes.
import { ATTACHMENTS_MAX, RECIPIENTS_MAX } from '../../send/limits.ts';
import type { MailboxRules } from '../../send/request/mailboxes.ts';
import { bodyText } from '../../send/request/request.ts';
import {
  DRAFT_STATUSES,
  type Draft,
  type DraftFault,
  type DraftOrigin,
  type DraftWords,
  SEND_AHEAD_MS_MAX,
} from '../draft.ts';
import { MailboxError, wrongField } from '../errors.ts';
import type { DraftChangeForm, DraftForm } from '../http/draft-forms.ts';
import { LABELS_MAX, labelFault } from '../label.ts';
import { FILES_BYTES_MAX } from '../outgoing-mail.ts';
import type { Asks, QueryQuestions } from '../questions.ts';
import type { WholeMail } from '../stored-mail.ts';
import { textOfHtml } from '../text/from-html.ts';
import { previewOf } from '../text/preview.ts';
import { type AttachedFiles, refuseMany } from './attached-files.ts';
import { forwardedBody } from './forward.ts';
import { withoutPictures } from './mail-links.ts';
import type { OutgoingWish } from './outbox.ts';
import { type Addressed, addressedBy, forwardSubject, namedBy, replySubject } from './reply.ts';
import { answered, checkedRecipients, parsed, refuseSubject } from './wished-mail.ts';

/** Characters of HTML of which the preview is made. */
const HTML_LOOKED_AT_MAX = 16 * 1_024;

/** The message that a draft answers or passes on, with what follows from it where its writer says nothing. */
export interface Original {
  readonly origin: DraftOrigin;
  readonly derived: Addressed & Pick<DraftWords, 'subject'>;
}

export function originalOf(
  mail: WholeMail,
  { kind, isToAll }: { readonly kind: DraftOrigin['kind']; readonly isToAll: boolean },
): Original {
  const { inboxId, messageId, threadId } = mail;
  const given = { ...mail, isOwn: kind === 'reply' && mail.labels.includes('sent') };
  const { inReplyTo, references } = namedBy(given);
  const origin = { kind, messageId, threadId, references };
  if (kind === 'forward') return { origin, derived: { to: [], cc: [], subject: forwardSubject(mail.subject) } };
  const derived = { ...addressedBy(given, inboxId, isToAll), subject: replySubject(mail.subject) };
  return { origin: { ...origin, inReplyTo }, derived };
}

/** Throws `validation_error`, and `unprocessable` where nobody is named and the message can't be answered. */
export function wordsOf(form: DraftForm, original: Original | undefined, rules: MailboxRules): DraftWords {
  const { to, cc, bcc, replyTo, ...others } = changedWords(form, rules);
  const { derived } = original ?? {};
  const follows = (shown: readonly string[] = []) => answered(shown, rules);
  return {
    ...{ to: to ?? follows(derived?.to), cc: cc ?? follows(derived?.cc), bcc: bcc ?? [], replyTo: replyTo ?? [] },
    subject: others.subject ?? derived?.subject,
    ...{ text: others.text ?? undefined, html: others.html ?? undefined },
    ...{ textPreview: others.textPreview ?? undefined, htmlPreview: others.htmlPreview ?? undefined },
  };
}

type Changed = { readonly [Name in keyof DraftWords]?: DraftWords[Name] | null | undefined };
type SaidWords = Pick<DraftChangeForm, 'reply_to' | 'to' | 'cc' | 'bcc' | 'subject' | 'text' | 'html'>;

/** Absent: not said; `null`: cleared. Throws `validation_error`. */
export function changedWords(form: SaidWords, rules: MailboxRules): Changed {
  const of = (field: 'to' | 'cc' | 'bcc' | 'reply_to') => {
    const said = form[field];
    return said === undefined || said === null ? said : parsed(said, field, rules);
  };
  const { subject, text, html } = form;
  if (subject !== undefined && subject !== null) refuseSubject(subject);
  if (text !== undefined && text !== null) bodyText(text, 'text');
  if (html !== undefined && html !== null) bodyText(html, 'html');
  return {
    ...{ to: of('to'), cc: of('cc'), bcc: of('bcc'), replyTo: of('reply_to'), subject, text, html },
    textPreview: text === undefined || text === null ? text : (previewOf(text) ?? null),
    htmlPreview:
      html === undefined || html === null
        ? html
        : (previewOf(textOfHtml(html.slice(0, HTML_LOOKED_AT_MAX)).text) ?? null),
  };
}

/** Labels that a draft may have of its own. Throws `validation_error`. */
export function refuseDraftLabels(labels: readonly string[], field: string): void {
  for (const label of labels) {
    const isStatus = (DRAFT_STATUSES as readonly string[]).includes(label);
    const fault = isStatus ? 'is set by the host alone' : labelFault(label);
    if (fault !== undefined) throw wrongField(field, `has '${label.slice(0, 100)}', which ${fault}`);
  }
}

/** Milliseconds by which the clock of who asks may be behind. */
const SEND_BEHIND_MS_MAX = 60_000;

/** Throws `validation_error` for a time that has passed, or lies too far ahead. */
export function refuseTime(atMs: number | undefined, nowMs: number): void {
  if (atMs === undefined) return;
  if (atMs > nowMs + SEND_AHEAD_MS_MAX)
    throw wrongField('send_at', `lies more than ${SEND_AHEAD_MS_MAX / 86_400_000} days ahead`);
  if (atMs < nowMs - SEND_BEHIND_MS_MAX) throw wrongField('send_at', 'has passed; POST …/send sends the draft now');
}

/** What the form of a draft has no words for. */
const PLAIN = { headers: [], offersUnsubscribing: false, tracksOpens: false } as const;

export interface DraftMailParts {
  readonly query: Asks<QueryQuestions>;
  readonly files: Pick<AttachedFiles, 'drafted' | 'carried'>;
  /** URL of the pictures by which mail of this host tells of its opening; they are not passed on. */
  readonly publicUrl: string | undefined;
}

/**
 * The mail of a draft, with the files of the one that it passes on. `labels`: those that the mail gets. `client`: whoever brings the files, as
 * far as room is shared out. Throws `conflict`, `validation_error`, `not_found`, and `unprocessable` for too many files.
 */
export async function mailOfDraft(
  draft: Draft,
  { labels, client }: { readonly labels: readonly string[]; readonly client: string },
  { query, files, publicUrl }: DraftMailParts,
): Promise<Pick<OutgoingWish, 'mail' | 'files' | 'named' | 'threadId'>> {
  const { inboxId, draftId, origin, replyTo, subject = '' } = draft;
  if (draft.to.length + draft.cc.length + draft.bcc.length === 0) throw unfit('nobody');
  const recipients = checkedRecipients(draft);
  const original = origin && (await query.ask('mail', { inboxId, messageId: origin.messageId }));
  if (origin?.kind === 'forward' && original === undefined)
    throw new MailboxError('conflict', 'The message that the draft passes on was deleted.', {
      fix: 'Write a new draft that says what is to be passed on.',
    });
  const passedOn = origin?.kind === 'forward' ? original : undefined;
  const html = passedOn?.html === undefined ? undefined : withoutPictures(passedOn.html, publicUrl);
  const carried = passedOn === undefined ? [] : await files.carried(passedOn, client);
  const own = await files.drafted({ inboxId, draftId }, draft.files, client);
  const all = [...own, ...carried];
  refuseMany(all);
  const named = origin && { inReplyTo: origin.inReplyTo, references: origin.references };
  return {
    mail: { ...recipients, ...bodiesOf(draft, passedOn && { ...passedOn, html }), ...PLAIN, replyTo, subject, labels },
    files: all,
    ...{ named, threadId: original?.threadId ?? origin?.threadId },
  };
}

function bodiesOf(draft: Draft, passedOn: WholeMail | undefined) {
  const { text = '', html } = passedOn === undefined ? draft : forwardedBody(draft, passedOn);
  return { text: bodyText(text, 'text'), html: html === undefined ? undefined : bodyText(html, 'html') };
}

const FAULTS: Readonly<Record<DraftFault, readonly [field: string, words: string]>> = {
  recipients: ['to', `and the others are too many recipients; at most ${RECIPIENTS_MAX} are allowed`],
  files: ['attachments', `are too many; at most ${ATTACHMENTS_MAX} are allowed`],
  octets: ['attachments', `are too large together; at most ${FILES_BYTES_MAX} octets are allowed`],
  nobody: ['to', 'and the others name nobody, and a draft goes to somebody'],
  labels: ['labels', `are too many; at most ${LABELS_MAX} are allowed`],
};

/** Why a draft can't be kept so. */
export function unfit(fault: DraftFault): MailboxError {
  return wrongField(...FAULTS[fault]);
}
