// A mail as its sender wishes it, checked: addresses parsed, one line where one line is meant, known headers, bodies that mail can carry.
import { MeshError } from '../../../mesh/errors.ts';
import { refuseLineBreaks } from '../../send/header-text.ts';
import { HEADER_VALUE_CHARACTERS_MAX, RECIPIENTS_MAX } from '../../send/limits.ts';
import type { Mailbox } from '../../send/message.ts';
import { parseHeaders } from '../../send/request/headers.ts';
import { type MailboxRules, mailboxKey, parseMailbox } from '../../send/request/mailboxes.ts';
import { bodyText, refuseLargePayload, TEXT_OF_PAYLOAD } from '../../send/request/request.ts';
import { MailboxError, wrongField } from '../errors.ts';
import type { SendForm } from '../http/send-forms.ts';
import type { Inbox } from '../inbox.ts';
import { partsOfShown } from '../intake/mail-addresses.ts';
import { labelFault } from '../label.ts';
import type { Addressed } from './reply.ts';

/** Characters of the name beside an address. */
const NAME_CHARACTERS_MAX = 128;

export interface WishedMail {
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly bcc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  readonly subject: string;
  readonly text: string;
  readonly html?: string | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Whether it gets headers by which its one recipient asks for no more mail. */
  readonly offersUnsubscribing: boolean;
  /** Whether it gets the picture by which it is known that it was opened. */
  readonly tracksOpens: boolean;
  readonly payload?: unknown;
  readonly labels: readonly string[];
}

/** What the sender says, with what follows from the mail that is answered where nothing is said. */
export interface Wish {
  readonly form: Omit<SendForm, 'attachments'>;
  readonly derived: Addressed;
  readonly rules: MailboxRules;
  /** Whether this host is reached by HTTP from everywhere, as what tracks a mail must be. */
  readonly hasPublicUrl: boolean;
}

/** Inboxes of this host are written to whatever their domain is, and so are those whom the send module may write to. */
export function rulesFor({ inboxId }: Pick<Inbox, 'inboxId'>, internalDomains: readonly string[]): MailboxRules {
  return { internalDomains: [...internalDomains, inboxId.slice(inboxId.lastIndexOf('@') + 1).toLowerCase()] };
}

/** Throws `validation_error`, and `unprocessable` when there is no recipient. */
export function checkedWish({ form, derived, rules, hasPublicUrl }: Wish): WishedMail {
  const { labels, subject = '', headers = {}, payload } = form;
  for (const label of labels) refuseLabel(label);
  refuseSubject(subject);
  if (payload !== undefined) refuseLargePayload(payload);
  const text = form.text === undefined ? undefined : bodyText(form.text, 'text');
  const html = form.html === undefined ? undefined : bodyText(form.html, 'html');
  if (form.track_opens) refuseUntrackable(html, hasPublicUrl);
  const isDataAlone = text === undefined && html === undefined && payload !== undefined;
  const recipients = recipientsOf({ form, derived, rules });
  return {
    ...recipients,
    replyTo: distinct(parsed(form.reply_to ?? [], 'reply_to', rules), new Set()),
    ...{ subject, text: text ?? (isDataAlone ? TEXT_OF_PAYLOAD : ''), html, payload, labels: [...new Set(labels)] },
    ...headersOf(headers, recipients),
    tracksOpens: form.track_opens === true,
  };
}

/** Throws `validation_error`. */
export function refuseSubject(subject: string): void {
  refuseLineBreaks(subject, 'subject');
  if (subject.length > HEADER_VALUE_CHARACTERS_MAX)
    throw wrongField('subject', `has ${subject.length} characters; at most ${HEADER_VALUE_CHARACTERS_MAX} are allowed`);
}

/** Whom a mail goes to, each once. Throws `unprocessable` when it is nobody, and `validation_error` when they are too many. */
export function checkedRecipients(
  fields: Pick<WishedMail, 'to' | 'cc' | 'bcc'>,
): Pick<WishedMail, 'to' | 'cc' | 'bcc'> {
  const seen = new Set<string>();
  const all = { to: distinct(fields.to, seen), cc: distinct(fields.cc, seen), bcc: distinct(fields.bcc, seen) };
  if (seen.size === 0)
    throw new MailboxError('unprocessable', "The mail has no recipient: name one in 'to', 'cc' or 'bcc'.");
  if (seen.size > RECIPIENTS_MAX)
    throw wrongField('to', `and the others are ${seen.size} recipients; at most ${RECIPIENTS_MAX} are allowed`);
  return all;
}

function recipientsOf({ form, derived, rules }: Omit<Wish, 'hasPublicUrl'>): Pick<WishedMail, 'to' | 'cc' | 'bcc'> {
  const of = (field: 'to' | 'cc' | 'bcc', derivedOnes: readonly string[]) => {
    const said = form[field];
    return said === undefined ? answered(derivedOnes, rules) : parsed(said, field, rules);
  };
  return checkedRecipients({ to: of('to', derived.to), cc: of('cc', derived.cc), bcc: of('bcc', []) });
}

/** Addresses as people write them, and as this host shows them. Throws `validation_error`. */
export function parsed(texts: readonly string[], field: string, rules: MailboxRules): readonly Mailbox[] {
  return texts.map((text, at) => parseMailbox(namedApart(text), `${field}.${at}`, rules));
}

/** A name before an address that stands without quotes, where nothing in it could be read as another address: `Dr. Jörg <joerg@x.com>`. */
const UNQUOTED = /^\s*[^"<>()[\]:;@\\,\p{Cc}]*[^"<>()[\]:;@\\,\p{Cc}\s] <[^<>]*>\s*$/u;

/** With the name by itself: the parser of addresses knows ASCII letters alone outside of quotes, as mail did once. */
function namedApart(text: string): string | { readonly name: string; readonly address: string } {
  return UNQUOTED.test(text) ? partsOfShown(text.trim()) : text;
}

/** `reply-all` takes nobody. */
const NAMED_BY_ONESELF = "Say yourself whom it goes to, in 'to' and 'cc' of …/reply or of a draft without reply_all.";

/** Addresses that another program has written, which nobody here can mend. Throws `unprocessable`. */
export function answered(shown: readonly string[], rules: MailboxRules): readonly Mailbox[] {
  return shown.map((one) => {
    const { name, address } = partsOfShown(one);
    const words = name
      .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
      .slice(0, NAME_CHARACTERS_MAX)
      .toWellFormed();
    try {
      return parseMailbox({ name: words, address }, 'to', rules);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      const message = `The mail can't be answered at '${address.slice(0, 320)}', which is no address that mail goes to.`;
      throw new MailboxError('unprocessable', message, { fix: NAMED_BY_ONESELF });
    }
  });
}

function distinct(mailboxes: readonly Mailbox[], seen: Set<string>): readonly Mailbox[] {
  return mailboxes.filter(({ address }) => {
    const key = mailboxKey(address);
    return !seen.has(key) && seen.add(key);
  });
}

/** `List-Unsubscribe: auto` is made when the mail is, of whom it goes to. */
function headersOf(
  headers: Readonly<Record<string, string>>,
  { to, cc, bcc }: Pick<WishedMail, 'to' | 'cc' | 'bcc'>,
): Pick<WishedMail, 'headers' | 'offersUnsubscribing'> {
  const found = parseHeaders(headers);
  const isAuto = ([name, value]: readonly [string, string]) =>
    name === 'List-Unsubscribe' && value.trim().toLowerCase() === 'auto';
  if (!found.some(isAuto)) return { headers: found, offersUnsubscribing: false };
  if (found.some(([name]) => name === 'List-Unsubscribe-Post'))
    throw wrongField('headers.List-Unsubscribe-Post', "is made by 'List-Unsubscribe: auto'; leave it out");
  if (to.length + cc.length + bcc.length > 1)
    throw wrongField('headers.List-Unsubscribe', "can be 'auto' in a mail to one recipient alone; send each a mail");
  return { headers: found.filter((header) => !isAuto(header)), offersUnsubscribing: true };
}

function refuseUntrackable(html: string | undefined, hasPublicUrl: boolean): void {
  if (!hasPublicUrl)
    throw wrongField('track_opens', 'needs a host that is reached from everywhere: start it with --mailbox-public-url');
  if (html === undefined) throw wrongField('track_opens', "needs 'html', for text has no picture");
}

function refuseLabel(label: string): void {
  const fault = labelFault(label);
  if (fault !== undefined) throw wrongField('labels', `has '${label.slice(0, 100)}', which ${fault}`);
}
