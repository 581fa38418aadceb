// A mail as its sender wishes it, checked: addresses parsed, one line where one line is meant, known headers, bodies that mail can carry.
import { MeshError } from '../../../mesh/errors.ts';
import { refuseLineBreaks } from '../../send/header-text.ts';
import { HEADER_VALUE_CHARACTERS_MAX, RECIPIENTS_MAX } from '../../send/limits.ts';
import type { Mailbox } from '../../send/message.ts';
import { parseHeaders } from '../../send/request/headers.ts';
import { type MailboxRules, mailboxKey, parseMailbox } from '../../send/request/mailboxes.ts';
import { bodyText, refuseLargePayload, TEXT_OF_PAYLOAD } from '../../send/request/request.ts';
import { MailboxError } from '../errors.ts';
import type { SendForm } from '../http/send-forms.ts';
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
  readonly payload?: unknown;
  readonly labels: readonly string[];
}

/** What the sender says, with what follows from the mail that is answered where nothing is said. */
export interface Wish {
  readonly form: Omit<SendForm, 'attachments'>;
  readonly derived: Addressed;
  readonly rules: MailboxRules;
}

/** Throws `validation_error`, and `unprocessable` when there is no recipient. */
export function checkedWish({ form, derived, rules }: Wish): WishedMail {
  const { labels, subject = '', headers = {}, payload } = form;
  for (const label of labels) refuseLabel(label);
  refuseLineBreaks(subject, 'subject');
  if (subject.length > HEADER_VALUE_CHARACTERS_MAX)
    throw invalid('subject', `has ${subject.length} characters; at most ${HEADER_VALUE_CHARACTERS_MAX} are allowed`);
  if (payload !== undefined) refuseLargePayload(payload);
  const text = form.text === undefined ? undefined : bodyText(form.text, 'text');
  const html = form.html === undefined ? undefined : bodyText(form.html, 'html');
  const isDataAlone = text === undefined && html === undefined && payload !== undefined;
  return {
    ...recipientsOf({ form, derived, rules }),
    replyTo: distinct(parsed(form.reply_to ?? [], 'reply_to', rules), new Set()),
    ...{ subject, text: text ?? (isDataAlone ? TEXT_OF_PAYLOAD : ''), html, payload, labels: [...new Set(labels)] },
    headers: headersOf(headers),
  };
}

function recipientsOf({ form, derived, rules }: Wish): Pick<WishedMail, 'to' | 'cc' | 'bcc'> {
  const seen = new Set<string>();
  const of = (field: 'to' | 'cc' | 'bcc', derivedOnes: readonly string[]) => {
    const said = form[field];
    return distinct(said === undefined ? answered(derivedOnes, rules) : parsed(said, field, rules), seen);
  };
  const all = { to: of('to', derived.to), cc: of('cc', derived.cc), bcc: of('bcc', []) };
  if (seen.size === 0)
    throw new MailboxError('unprocessable', "The mail has no recipient: name one in 'to', 'cc' or 'bcc'.");
  if (seen.size > RECIPIENTS_MAX)
    throw invalid('to', `and the others are ${seen.size} recipients; at most ${RECIPIENTS_MAX} are allowed`);
  return all;
}

function parsed(texts: readonly string[], field: string, rules: MailboxRules): readonly Mailbox[] {
  return texts.map((text, at) => parseMailbox(text, `${field}.${at}`, rules));
}

/** Addresses that another program has written, which nobody here can mend. */
function answered(shown: readonly string[], rules: MailboxRules): readonly Mailbox[] {
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
      const message = `The mail can't be answered at '${address.slice(0, 320)}', which is no address that mail goes to; name another in 'to'.`;
      throw new MailboxError('unprocessable', message);
    }
  });
}

function distinct(mailboxes: readonly Mailbox[], seen: Set<string>): readonly Mailbox[] {
  return mailboxes.filter(({ address }) => {
    const key = mailboxKey(address);
    return !seen.has(key) && seen.add(key);
  });
}

function headersOf(headers: Readonly<Record<string, string>>): WishedMail['headers'] {
  const found = parseHeaders(headers);
  const unsubscribe = found.find(
    ([name, value]) => name === 'List-Unsubscribe' && value.trim().toLowerCase() === 'auto',
  );
  if (unsubscribe !== undefined)
    throw invalid(
      'headers.List-Unsubscribe',
      "can't be 'auto' here: this host keeps no list of who has left; give an address",
    );
  return found;
}

function refuseLabel(label: string): void {
  const fault = labelFault(label);
  if (fault !== undefined) throw invalid('labels', `has '${label.slice(0, 100)}', which ${fault}`);
}

function invalid(field: string, words: string): MailboxError {
  const errors = [{ path: field.split('.'), message: words }];
  return new MailboxError('validation_error', `'${field}' ${words}.`, { errors });
}
